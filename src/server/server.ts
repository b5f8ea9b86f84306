/** The exporter's HTTP server. A scrape reads what is there and asks Sora nothing. */

import { pipeline, Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { encode } from "../exposition/encode.ts";
import { negotiate } from "../exposition/negotiate.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import type { Target } from "../poller/target.ts";
import { selectLevels } from "../snapshot/snapshot.ts";
import { indexPage } from "./index-page.ts";
import { readSelection, type Selection } from "./selection.ts";

export interface ServerOptions {
  readonly telemetryPath: string;
  /** How many scrapes may be answered at a time; 0 for no limit. */
  readonly maxRequests: number;
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

  let scrapes = 0;

  /** Answers with what is selected: all targets and their own metrics, or what a probe asks for. */
  async function scrape(request: FastifyRequest, reply: FastifyReply, probe?: Probe): Promise<FastifyReply> {
    const { maxRequests } = options;
    if (maxRequests > 0 && scrapes >= maxRequests)
      return sendText(
        reply.code(503),
        `Limit of ${maxRequests} scrapes at a time reached, try again later.\n`,
      );
    scrapes++;
    reply.raw.once("close", () => scrapes--);
    const own = await metrics.collect(probe?.target.name);
    const snapshots =
      probe === undefined
        ? targets.flatMap((target) => target.snapshots())
        : selectLevels(probe.target.snapshots(probe.groups), probe.levels);
    const { format, contentType, gzip } = negotiate(request.headers);
    void reply.header("content-type", contentType).header("vary", "accept, accept-encoding");
    const chunks = Readable.from(encode(own, snapshots, format), { objectMode: false });
    chunks.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that goes away is no error.
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE")
        log.error({ stack: error.stack }, "exposition was cut short");
    });
    return send(reply, chunks, gzip);
  }

  server.get(options.telemetryPath, (request, reply) => scrape(request, reply));

  server.get<{ Querystring: Record<string, string | string[]> }>("/probe", (request, reply) => {
    const selection = readSelection(request.query);
    if ("problem" in selection) return sendText(reply.code(400), `${selection.problem}\n`);
    const target = targets.find(({ name }) => name === selection.target);
    // Only what is configured: an address from a request is never asked.
    if (target === undefined) return sendText(reply.code(404), "No configured target has this name.\n");
    return scrape(request, reply, { ...selection, target });
  });

  server.get("/-/healthy", (_, reply) => sendText(reply, "Healthy.\n"));

  server.get("/-/ready", (_, reply) => {
    const waiting = targets.filter(({ attempted }) => !attempted).map(({ name }) => name);
    return waiting.length === 0
      ? sendText(reply, "Ready.\n")
      : sendText(reply.code(503), `Not ready: no poll yet of ${waiting.join(", ")}\n`);
  });

  server.get("/", (_, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(indexPage(options)),
  );

  server.setErrorHandler<Error>((error, request, reply) => {
    log.error({ stack: error.stack, path: request.url }, "request failed");
    return sendText(reply.code(500), "Internal error; the log tells more.\n");
  });

  return server;
}

interface Probe extends Omit<Selection, "target"> {
  readonly target: Target;
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type("text/plain; charset=utf-8").send(text);
}

/** Streams the chunks, compressed if asked for; a reader that goes away ends the encoding. */
function send(reply: FastifyReply, chunks: Readable, gzip: boolean): FastifyReply {
  if (!gzip) return reply.send(chunks);
  const compressed = pipeline(chunks, createGzip({ level: constants.Z_BEST_SPEED }), () => {
    // Errors are logged where they arise.
  });
  return reply.header("content-encoding", "gzip").send(compressed);
}
