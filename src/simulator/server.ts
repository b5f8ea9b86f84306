/**
 * The simulated Sora's HTTP API: one call, `GetStatsAllConnections`, and the refusals that a client has to expect.
 */

import type { FastifyInstance } from "fastify";
import fastify from "fastify";
import type { World, WorldOptions } from "./world.ts";
import { createWorld } from "./world.ts";

/** Where to listen and what to serve. */
export interface SimulatorOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  world: WorldOptions;
  /** The clock, in milliseconds since the epoch; `Date.now` by default. */
  nowMs?: () => number;
}

/** A simulator that listens. */
export interface Simulator {
  /** Where, with the port that was taken: `http://127.0.0.1:3000`. */
  url: string;
  world: World;
  /** Stops listening and ends the connections that are open. */
  close(): Promise<void>;
}

const TARGET = "Sora_20171101.GetStatsAllConnections";

/**
 * Starts the simulator. Every good request brings the world up to the clock's time before it is answered.
 *
 * @throws the error of `listen`, with its `code`, if the address cannot be had; RangeError for the world's options
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host, port, nowMs = Date.now } = options;
  const world = createWorld(options.world);
  const server = createServer(world, nowMs);
  const url = await server.listen({ host, port });
  return { url, world, close: () => server.close() };
}

function createServer(world: World, nowMs: () => number): FastifyInstance {
  const server = fastify({ forceCloseConnections: true, bodyLimit: 65_536 });
  // Sora reads JSON whatever the content type says, and takes an empty body for the defaults.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));

  server.post("/", (request, reply) => {
    if (request.headers["x-sora-target"] !== TARGET) return reply.code(400).send(refusal("INVALID-TARGET"));
    const scope = readScope(typeof request.body === "string" ? request.body : "");
    if (typeof scope === "string") return reply.code(400).send(refusal(scope));
    world.advanceTo(nowMs());
    return reply.type("application/json").send(encode(world.connections(scope)));
  });
  server.route({
    method: server.supportedMethods.filter((method) => method !== "POST"),
    url: "/",
    handler: (_request, reply) => reply.code(405).header("allow", "POST").send(refusal("METHOD-NOT-ALLOWED")),
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send(refusal("NOT-FOUND")));
  server.setErrorHandler<{ statusCode?: number }>((error, _request, reply) =>
    reply.code(error.statusCode ?? 500).send(refusal("INVALID-REQUEST")),
  );
  return server;
}

/** @returns what was asked for, or the `error_type` of the refusal */
function readScope(body: string): { local: boolean } | string {
  if (body === "") return { local: true };
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return "INVALID-JSON-FORMAT";
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "INVALID-JSON-FORMAT";
  const { local = true } = json as { local?: unknown };
  return typeof local === "boolean" ? { local } : "INVALID-LOCAL";
}

function refusal(errorType: string): { error_type: string } {
  return { error_type: errorType };
}

/** A JSON array, made piece by piece: one string for ten thousand connections would take twice the time. */
function encode(connections: readonly object[]): Buffer {
  const pieces = connections.map((connection, at) =>
    Buffer.from((at === 0 ? "[" : ",") + JSON.stringify(connection)),
  );
  pieces.push(Buffer.from(connections.length === 0 ? "[]" : "]"));
  return Buffer.concat(pieces);
}
