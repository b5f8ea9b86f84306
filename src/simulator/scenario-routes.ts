/**
 * Scenarios over HTTP: `GET` and `POST /-/scenario`, which answer whatever the scenario is; and what a scenario does
 * to the calls of the API before they are answered.
 */

import { setTimeout } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { parseDuration } from "../config/units.ts";
import { isObject } from "../sora/json.ts";
import type { ScenarioChange } from "./scenarios.ts";
import { isScenarioName, ScenarioError, SCENARIOS } from "./scenarios.ts";
import type { World } from "./world.ts";

/** What the routes of one node need. */
export interface ScenarioContext {
  world: World;
  /** Index of the node whose server it is. */
  node: number;
  /** The clock, in milliseconds since the epoch. */
  nowMs: () => number;
  /** How a slow answer is held up; by default it takes that long. */
  wait?: ((ms: number) => Promise<unknown>) | undefined;
}

const PATH = "/-/scenario";
const KEYS = ["scenario", "channel_id", "for", "delay", "license_file"];

/** Adds the routes, and the hook that makes calls slow, refused or reset. To be called before the server listens. */
export function addScenarios(server: FastifyInstance, context: ScenarioContext): void {
  const { world, node, nowMs, wait = holdUp } = context;

  server.addHook("onRequest", async (request, reply) => {
    if (request.url.startsWith("/-/")) return;
    world.advanceTo(nowMs());
    const { name, delayMs } = world.scenario();
    if (!world.reachable(node)) {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
    } else if (delayMs !== undefined) {
      await wait(delayMs);
    } else if (name === "api-refusing") {
      await reply.code(400).send({ error_type: "NOT-CLUSTER-MAJORITY" });
    }
  });

  server.get(PATH, (_request, reply) => {
    world.advanceTo(nowMs());
    return reply.send(describe(world));
  });
  server.post(PATH, (request, reply) => {
    try {
      world.setScenario(readChange(request.body), nowMs());
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      return reply.code(400).send({ error: error.message, scenarios: Object.keys(SCENARIOS) });
    }
    return reply.send(describe(world));
  });
}

/** Does not keep a process alive that has been told to stop. */
function holdUp(ms: number): Promise<unknown> {
  return setTimeout(ms, undefined, { ref: false });
}

/** The scenario that is on, and those that can be had. */
function describe(world: World): object {
  const { name, sinceMs, untilMs, channel, delayMs, licenseFile } = world.scenario();
  return {
    scenario: name,
    since: new Date(sinceMs).toISOString(),
    ...(untilMs === Infinity ? {} : { until: new Date(untilMs).toISOString(), then: "calm" }),
    ...(channel === undefined ? {} : { channel_id: world.channels()[channel]!.channelId }),
    ...(delayMs === undefined ? {} : { delay: `${delayMs}ms` }),
    ...(licenseFile === undefined ? {} : { license_file: licenseFile }),
    scenarios: Object.entries(SCENARIOS).map(([scenario, description]) => ({ scenario, description })),
  };
}

/** @throws ScenarioError */
function readChange(text: unknown): ScenarioChange {
  let body: unknown;
  try {
    body = JSON.parse(String(text));
  } catch {
    throw new ScenarioError("the body must be JSON");
  }
  if (!isObject(body)) {
    throw new ScenarioError("the body must be a JSON object");
  }
  const unknown = Object.keys(body).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new ScenarioError(`unknown key ${JSON.stringify(unknown)}: known are ${KEYS.join(", ")}`);
  }
  const {
    scenario,
    channel_id: channelId,
    for: length,
    delay,
    license_file: licenseFile,
  } = body as Record<string, unknown>;
  if (!isScenarioName(scenario)) {
    throw new ScenarioError(
      `scenario must be one of ${Object.keys(SCENARIOS).join(", ")}, not ${JSON.stringify(scenario)}`,
    );
  }
  if (channelId !== undefined && typeof channelId !== "string") {
    throw new ScenarioError("channel_id must be a string");
  }
  if (licenseFile !== undefined && licenseFile !== "good" && licenseFile !== "broken") {
    throw new ScenarioError(`license_file must be good or broken, not ${JSON.stringify(licenseFile)}`);
  }
  return {
    scenario,
    ...(channelId === undefined ? {} : { channelId }),
    ...(length === undefined ? {} : { forMs: readDuration("for", length) }),
    ...(delay === undefined ? {} : { delayMs: readDuration("delay", delay) }),
    ...(licenseFile === undefined ? {} : { licenseFile }),
  };
}

function readDuration(key: string, value: unknown): number {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined || ms < 1 || ms > LONGEST_MS) {
    throw new ScenarioError(
      `${key} must be a duration from 1ms to 1d, such as "60s" or "1m30s", not ${JSON.stringify(value)}`,
    );
  }
  return ms;
}

const LONGEST_MS = 86_400_000;
