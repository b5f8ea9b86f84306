/** Requests over gRPC, to a server that counts what is open. */

import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { expect, test } from "vitest";
import { loadExporter } from "../../src/otlp/exporters.ts";
import { createToFailure } from "../../src/otlp/failure.ts";
import { send } from "../../src/otlp/send.ts";

/** A message without anything in it. */
const EMPTY = Buffer.alloc(5);

test("share a connection, are ended when their time is up, and read headers each time", async () => {
  const counts = { connections: 0, requests: 0, ended: 0 };
  const seen: unknown[] = [];
  let answers = true;
  const server = createServer();
  server.on("session", () => counts.connections++);
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    counts.requests++;
    seen.push(headers["x-a"]);
    stream.on("error", () => {}).on("aborted", () => counts.ended++);
    stream.resume().on("end", () => {
      if (!answers) return;
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(EMPTY);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const create = await loadExporter({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    protocol: "grpc",
    compression: "none",
    headers: () => ({ "x-a": String(counts.requests) }),
    tls: { ca: undefined, cert: undefined, key: undefined },
  });
  const signal = new AbortController().signal;
  const edges = { create, signal, toFailure: createToFailure("grpc", (text) => text) };
  const request = (withinMs: number) =>
    send({ resource: resourceFromAttributes({}), scopeMetrics: [] }, withinMs, edges);
  try {
    for (let i = 0; i < 3; i++) expect(await request(20_000)).toBeUndefined();
    expect(counts).toEqual({ connections: 1, requests: 3, ended: 0 });
    expect(seen).toEqual(["0", "1", "2"]);
    answers = false;
    expect(await request(500)).toMatchObject({ reason: "timeout", mayBeTaken: true });
    await expect.poll(() => counts, { timeout: 10_000 }).toEqual({ connections: 1, requests: 4, ended: 1 });
    answers = true;
    // What does not answer may be dead.
    expect(await request(20_000)).toBeUndefined();
    expect(counts).toEqual({ connections: 2, requests: 5, ended: 1 });
  } finally {
    server.close();
  }
});
