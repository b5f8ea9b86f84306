/** A server that stands where Sora does and answers whatever a test wants, well formed or not. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { markAsSora } from "../../src/simulator/mark.ts";
import { countRecorded } from "./read-only.ts";

/** How a request is answered; `operation` is what it asks for, such as `GetStatsAllConnections`. */
export type Answer = (response: ServerResponse, operation: string) => void;

export interface FakeSora {
  readonly url: string;
  /** Requests so far, oldest first. */
  readonly requests: {
    method: string;
    path: string;
    headers: IncomingHttpHeaders;
    body: string;
    operation: string;
  }[];
  /** TCP connections so far. */
  connections(): number;
  answer: Answer;
  close(): Promise<void>;
}

/** Answers with a status and a body; objects become JSON. */
export function reply(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const bytes = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, headers).end(bytes);
}

/** Answers some operations, and refuses the others as a Sora does that does not know them. */
export function offer(answers: Readonly<Record<string, Answer>>): Answer {
  const refuse = reply({ error_type: "INVALID-TARGET" }, 400);
  return (response, operation) => (answers[operation] ?? refuse)(response, operation);
}

/** Answers GetStatsAllConnections as told, and the other calls as a Sora does where nothing goes on. */
export function calm(statistics: Answer): Answer {
  const nothing = {
    ListConnections: [],
    GetStatsReport: {},
    ListClusterNodes: [],
    GetLicense: {},
    ListStartedRecording: [],
    ListArchiving: [],
  };
  const answers = Object.entries(nothing).map(([operation, answer]) => [operation, reply(answer)] as const);
  return offer({ ...Object.fromEntries(answers), GetStatsAllConnections: statistics });
}

/** Never answers. */
export const hang: Answer = () => undefined;

/**
 * Starts it on the loopback interface, on a free port or the given one.
 *
 * @param isSora whether all that comes has to be for a Sora (read-only.ts)
 */
export async function startFakeSora(
  answer: Answer,
  tls?: TlsOptions,
  listenPort = 0,
  isSora = true,
): Promise<FakeSora> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = tls ? createTlsServer(tls) : createServer();
  if (isSora) markAsSora(server);
  let received = 0;
  // No hint to the client how long a connection is kept; Sora sends none.
  server.keepAliveTimeout = 0;
  const fake: FakeSora = {
    url: "",
    requests: [],
    connections: () => connections,
    answer,
    close: () =>
      new Promise((resolve, reject) => {
        server.close(() => {
          const recorded = countRecorded(server);
          if (recorded >= received || !isSora) resolve();
          else
            reject(
              new Error(`a Sora of the tests has received ${received} requests, and recorded ${recorded}`),
            );
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.on("request", (request, response) => {
    received++;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const operation = String(request.headers["x-sora-target"]).split(".")[1] ?? "";
      fake.requests.push({
        method: request.method!,
        path: request.url!,
        headers: request.headers,
        body,
        operation,
      });
      fake.answer(response, operation);
    });
  });
  await new Promise<void>((resolve) => server.listen(listenPort, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, { url: `${tls ? "https" : "http"}://127.0.0.1:${port}/` });
}
