/**
 * The simulated Sora's HTTP API: every operation is a `POST /`, and what else a client may try is refused.
 */

import type { FastifyInstance } from "fastify";
import fastify from "fastify";
import type { Address } from "./listen.ts";
import { listenOn } from "./listen.ts";
import { markAsSora } from "./mark.ts";
import type { Answer } from "./operations/answer.ts";
import { answer } from "./operations/answer.ts";
import { addScenarios } from "./scenario-routes.ts";
import type { ScenarioChange } from "./scenarios.ts";
import type { World, WorldOptions } from "./world.ts";
import { createWorld } from "./world.ts";

/** Room for a list of many thousand items. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Where to listen and what to serve. The address is node 0's. */
export interface SimulatorOptions extends Address {
  /** Of the nodes 1, 2, ..., as far as they can be asked. */
  otherNodes?: readonly Address[];
  world: WorldOptions;
  /** What is on from the start; by default `normal`. */
  scenario?: ScenarioChange;
  /** The clock, in milliseconds since the epoch; `Date.now` by default. */
  nowMs?: () => number;
  /** How the answers of `api-slow` are held up; by default they take that long. */
  wait?: (ms: number) => Promise<unknown>;
}

/** A simulator that listens. */
export interface Simulator {
  /** Where node 0 is, with the port that was taken: `http://127.0.0.1:3000`. */
  url: string;
  /** Of every node that can be asked, by its index; the first is `url`. */
  urls: readonly string[];
  world: World;
  /** Stops listening and ends the connections that are open. */
  close(): Promise<void>;
}

/**
 * Starts the simulator. Every request brings the world up to the clock's time before it is answered.
 *
 * @throws ListenError if an address cannot be had; RangeError for the world's options or more addresses than nodes;
 *   ScenarioError for a scenario that makes no sense in the world
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host, port, otherNodes = [], scenario, nowMs = Date.now, wait } = options;
  const { nodes, startMs } = options.world;
  if (otherNodes.length >= nodes) throw new RangeError(`more addresses than nodes: ${otherNodes.length + 1}`);
  const world = createWorld(options.world);
  if (scenario !== undefined) world.setScenario(scenario, startMs);
  const addresses = [{ host, port }, ...otherNodes];
  const servers = addresses.map((_, node) => {
    const server = createServer(world, nowMs, node);
    addScenarios(server, { world, node, nowMs, wait });
    return server;
  });
  const { urls, close } = await listenOn(servers, addresses);
  return { url: urls[0]!, urls, world, close };
}

/**
 * The API of one node, not listening yet; more routes may be added.
 *
 * @param nowMs the clock, in milliseconds since the epoch
 * @param node index of the node that is asked: the local one of `local: true`
 */
export function createServer(world: World, nowMs: () => number, node: number): FastifyInstance {
  return createApi((target, body) => {
    world.advanceTo(nowMs());
    return answer(target, body, { world, node });
  });
}

/**
 * An API in the manner of Sora's, not listening yet.
 *
 * @param call answers a call from its header `x-sora-target`, if there was one, and its body, empty if there was none
 */
export function createApi(
  call: (target: unknown, body: string) => Answer | Promise<Answer>,
): FastifyInstance {
  const server = fastify({ forceCloseConnections: true, bodyLimit: MAX_BODY_BYTES });
  markAsSora(server.server);
  // Sora reads JSON whatever the content type says, and takes an empty body for the defaults. What is no content type
  // at all ("json") would be refused before any parser is asked.
  server.addHook("onRequest", (request, _reply, done) => {
    delete request.raw.headers["content-type"];
    done();
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));

  server.post("/", async (request, reply) => {
    const text = typeof request.body === "string" ? request.body : "";
    const { status, body } = await call(request.headers["x-sora-target"], text);
    return reply.code(status).type("application/json").send(body);
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

function refusal(errorType: string): { error_type: string } {
  return { error_type: errorType };
}
