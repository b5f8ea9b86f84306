/** The exporter's HTTP server. A scrape reads what is there and asks Sora nothing. */

import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Engine } from "../engine/engine.ts";
import type { Wanted } from "../engine/messages.ts";
import { compose } from "../exposition/compose.ts";
import { gzip } from "../exposition/gzip.ts";
import { negotiate } from "../exposition/negotiate.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import { createCompare } from "../web-config/compare.ts";
import type { LiveWebConfig } from "../web-config/live.ts";
import { guard } from "./guard.ts";
import { addHeaders, refuseUnparsed, sendText } from "./headers.ts";
import { createListener, LIMITS, type Listener, type ListenerLimits } from "./listener.ts";
import { refuseUnknown, takeUnreadable } from "./not-found.ts";
import { createRefused } from "./refusals.ts";
import { readSelection } from "./selection.ts";
import { addStatusRoutes } from "./status-routes.ts";

export interface ServerOptions {
  readonly telemetryPath: string;
  /** How many scrapes may be answered at a time; 0 for no limit. */
  readonly maxRequests: number;
  readonly version: string;
  /** Whether the health endpoints are for everyone, whatever the web configuration asks of others. */
  readonly healthWithoutAuth: boolean;
}

export interface ServerEdges {
  readonly engine: Pick<Engine, "targets" | "render" | "status" | "problem">;
  readonly metrics: OwnMetrics;
  readonly log: Logger;
  /** Undefined for plain HTTP for everyone. */
  readonly web?: LiveWebConfig | undefined;
  readonly patience?: Patience;
  readonly limits?: ListenerLimits;
}

/** No route has a schema, and what would compile one need not be loaded. */
const NO_SCHEMAS = { buildValidator: refuseSchema, buildSerializer: refuseSchema };

function refuseSchema(): never {
  throw new Error("no route may have a schema");
}

/** For how long a reader, which holds what was rendered for it, is waited for. */
export interface Patience {
  /** While it takes nothing, in milliseconds. */
  readonly stalledMs: number;
  /** Until it has taken an answer to its end, in milliseconds. */
  readonly totalMs: number;
}

const PATIENCE: Patience = { stalledMs: 30_000, totalMs: 300_000 };

/** Makes the server; it does not listen yet. */
export function createServer(
  options: ServerOptions,
  { engine, metrics, log, web, patience = PATIENCE, limits = LIMITS }: ServerEdges,
): FastifyInstance {
  const refused = createRefused(log, metrics);
  let listener: Listener | undefined;
  // Without fastify's own log: it has a line a request, and what matters is logged here.
  const server: FastifyInstance = fastify({
    forceCloseConnections: "idle",
    schemaController: { compilersFactory: NO_SCHEMAS },
    // What still comes while it closes passes the guard, too.
    return503OnClosing: false,
    frameworkErrors: (_, request, reply) => takeUnreadable(server, request.raw, reply.raw),
    clientErrorHandler: (error, socket) => refuseUnparsed(error, socket, web),
    serverFactory: (handler) => {
      const admitUnverified = options.healthWithoutAuth;
      listener = createListener({ handler, web, admitUnverified, refused, limits });
      return listener.server;
    },
  });

  addHeaders(server, web);
  if (web !== undefined) {
    const { compare, close } = createCompare();
    const { healthWithoutAuth } = options;
    guard(server, { web, healthWithoutAuth, listener: listener!, compare, refused });
    // Later than fastify's own hook would be: until then there may be passwords to check.
    server.server.once("close", () => void close());
  }
  // After the guard's, which lets in or not.
  server.addHook("onRequest", (request, reply, done) => {
    listener!.hold(request.raw, reply.raw);
    done();
  });
  refuseUnknown(server);

  let scrapes = 0;

  /** Answers with what is wanted: all targets and their own metrics, or what a probe asks for. */
  async function scrape(request: FastifyRequest, reply: FastifyReply, wanted: Wanted): Promise<FastifyReply> {
    const { maxRequests } = options;
    if (maxRequests > 0 && scrapes >= maxRequests) {
      refused("scrapes", request.ip);
      return sendText(
        reply.code(503),
        `Limit of ${maxRequests} scrapes at a time reached, try again later.\n`,
      );
    }
    scrapes++;
    limitReading(reply.raw, patience);
    const { format, contentType, gzip: asGzip } = negotiate(request.headers);
    const rendering = engine.render(wanted, format);
    reply.raw.once("close", () => {
      scrapes--;
      rendering.then(
        (taken) => taken.release(),
        () => {
          // Thrown below.
        },
      );
    });
    const { series, families } = await rendering;
    const own = await metrics.collect(series, wanted.target);
    void reply.header("content-type", contentType).header("vary", "accept, accept-encoding");
    return send(reply, Readable.from(gzip(compose(own, families, format)), { objectMode: false }), asGzip);
  }

  server.get(options.telemetryPath, (request, reply) => scrape(request, reply, {}));

  server.get<{ Querystring: Record<string, string | string[]> }>("/probe", (request, reply) => {
    const selection = readSelection(request.query);
    if ("problem" in selection) return sendText(reply.code(400), `${selection.problem}\n`);
    // Only what is configured: an address from a request is never asked.
    if (!engine.targets.some(({ name }) => name === selection.target))
      return sendText(reply.code(404), "No configured target has this name.\n");
    return scrape(request, reply, selection);
  });

  server.get("/-/healthy", (_, reply) => {
    const problem = engine.problem();
    return problem === undefined
      ? sendText(reply, "Healthy.\n")
      : sendText(reply.code(503), `Not healthy: ${problem}.\n`);
  });

  server.get("/-/ready", (_, reply) => {
    const waiting = engine.targets.filter(({ attempted }) => !attempted).map(({ name }) => name);
    return waiting.length === 0
      ? sendText(reply, "Ready.\n")
      : sendText(reply.code(503), `Not ready: no poll yet of ${waiting.join(", ")}\n`);
  });

  addStatusRoutes(server, options, engine);

  server.setErrorHandler<Error>((error, request, reply) => {
    log.error({ stack: error.stack, path: request.url }, "request failed");
    return sendText(reply.code(500), "Internal error; the log tells more.\n");
  });

  return server;
}

/** Streams what is compressed, uncompressed for those who want that; a reader that goes away ends it. */
function send(reply: FastifyReply, compressed: Readable, asGzip: boolean): FastifyReply {
  if (asGzip) return reply.header("content-encoding", "gzip").send(compressed);
  return reply.send(
    pipeline(compressed, createGunzip(), () => {
      // Errors are logged where they arise.
    }),
  );
}

function limitReading(response: ServerResponse, { stalledMs, totalMs }: Patience): void {
  response.setTimeout(stalledMs, () => response.destroy());
  const limit = setTimeout(() => response.destroy(), totalMs);
  response.once("close", () => clearTimeout(limit));
}
