/** Servers that repeat what they were sent wherever an answer can: a Sora or a receiver of OTLP over HTTP, and one over gRPC. */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { connection } from "./build.ts";
import { type Answer, calm, reply, startFakeSora } from "./fake-sora.ts";

export interface Echoing {
  readonly url: string;
  /** Requests so far. */
  count(): number;
  /** Their headers, in JSON. */
  sent(): string;
  /** Repeats headers from now on, with a status of HTTP; undefined for good answers. */
  echo(status: number | undefined): void;
  close(): Promise<void>;
}

/** Secrets come first: what is told of an answer may be cut. */
function saidOf({ authorization, ...others }: IncomingHttpHeaders): string {
  const values = Object.entries(others).sort(
    ([a], [b]) => Number(b.startsWith("x-")) - Number(a.startsWith("x-")),
  );
  return [authorization, ...values.map(([, value]) => value)]
    .filter((value) => value !== undefined)
    .join(" | ")
    .replaceAll("\n", "");
}

/** Over HTTP/1.1. Says them in headers of its own, in a list of errors, and in what Sora calls the type of an error. */
export async function startEchoing(stand: "sora" | "receiver"): Promise<Echoing> {
  const ofSora = calm(reply([connection({ rtp: { total_sent: 1 } }, { client_id: "somebody" })]));
  const good: Answer = (response, operation) => (operation === "" ? reply("") : ofSora)(response, operation);
  const sora = await startFakeSora(good, undefined, 0, stand === "sora");
  const echo =
    (status: number): Answer =>
    (response) => {
      const sent = sora.requests.at(-1)!.headers;
      const said = saidOf(sent);
      response.writeHead(status, { location: `/?${encodeURIComponent(said)}`, "x-sent": said });
      response.end(JSON.stringify({ error_type: said, message: said, sent }));
    };
  return {
    url: sora.url,
    count: () => sora.requests.length,
    sent: () => sora.requests.map(({ headers }) => JSON.stringify(headers)).join(""),
    echo: (status) => (sora.answer = status === undefined ? good : echo(status)),
    close: () => sora.close(),
  };
}

/** Over gRPC. Every other time it says them in a message of gRPC's, else in an answer of HTTP's. */
export async function startEchoingGrpc(): Promise<Echoing> {
  let status: number | undefined;
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    seen.push(headers);
    const said = saidOf(headers);
    stream.on("error", () => undefined);
    stream.resume().on("end", () => {
      if (status !== undefined && seen.length % 2 === 0) {
        stream.respond({ ":status": status, "x-sent": said });
        stream.end(said);
        return;
      }
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () =>
        stream.sendTrailers(
          status === undefined
            ? { "grpc-status": "0" }
            : { "grpc-status": "16", "grpc-message": encodeURI(said), "x-sent": said },
        ),
      );
      if (status === undefined) stream.end(Buffer.alloc(5));
      else stream.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    count: () => seen.length,
    sent: () => seen.map((headers) => JSON.stringify(headers)).join(""),
    echo: (next) => (status = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}
