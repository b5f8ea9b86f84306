/** The exporter's HTTP server. A scrape reads what is there and asks Sora nothing. */

import { pipeline, Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Logger } from "pino";
import { encode } from "../exposition/encode.ts";
import { negotiate } from "../exposition/negotiate.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import type { Target } from "../poller/target.ts";
import { indexPage } from "./index-page.ts";

export interface ServerOptions {
  readonly telemetryPath: string;
  readonly version: string;
}

export interface ServerEdges {
  readonly targets: readonly Target[];
  readonly metrics: OwnMetrics;
  readonly log: Logger;
}

/** For a request to come in whole; an answer may take longer. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Makes the server; it does not listen yet. */
export function createServer(
  options: ServerOptions,
  { targets, metrics, log }: ServerEdges,
): FastifyInstance {
  // Without fastify's own log: it has a line a request, and what matters is logged here.
  const server = fastify({ forceCloseConnections: "idle", requestTimeout: REQUEST_TIMEOUT_MS });

  server.get(options.telemetryPath, async (request, reply) => {
    const own = await metrics.collect();
    const snapshots = targets.map((target) => target.snapshot()).filter((snapshot) => snapshot !== undefined);
    const { format, contentType, gzip } = negotiate(request.headers);
    void reply.header("content-type", contentType).header("vary", "accept, accept-encoding");
    const chunks = Readable.from(encode(own, snapshots, format), { objectMode: false });
    chunks.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that goes away is no error.
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE")
        log.error({ stack: error.stack }, "exposition was cut short");
    });
    return send(reply, chunks, gzip);
  });

  server.get("/-/healthy", (_, reply) => reply.type("text/plain; charset=utf-8").send("Healthy.\n"));

  server.get("/-/ready", (_, reply) => {
    const waiting = targets.filter(({ attempted }) => !attempted).map(({ name }) => name);
    void reply.type("text/plain; charset=utf-8");
    return waiting.length === 0
      ? reply.send("Ready.\n")
      : reply.code(503).send(`Not ready: no poll yet of ${waiting.join(", ")}\n`);
  });

  server.get("/", (_, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(indexPage(options)),
  );

  server.setErrorHandler<Error>((error, request, reply) => {
    log.error({ stack: error.stack, path: request.url }, "request failed");
    return reply.code(500).type("text/plain; charset=utf-8").send("Internal error; the log tells more.\n");
  });

  return server;
}

/** Streams the chunks, compressed if asked for; a reader that goes away ends the encoding. */
function send(reply: FastifyReply, chunks: Readable, gzip: boolean): FastifyReply {
  if (!gzip) return reply.send(chunks);
  const compressed = pipeline(chunks, createGzip({ level: constants.Z_BEST_SPEED }), () => {
    // Errors are logged where they arise.
  });
  return reply.header("content-encoding", "gzip").send(compressed);
}
