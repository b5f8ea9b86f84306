/** Answers of GetStatsAllConnections, from the simulator's world: the form of 2024, compact JSON. */

import { createWorld, type World } from "../src/simulator/world.ts";

/** So that counters are what they are in calls that go on, not all zero. */
const WORLD_SECONDS = 120;
/** World time from one answer to the next. */
const STEP_MS = 5000;
const START_MS = Date.UTC(2026, 0, 1);

/** A world that has run for a while, with ten connections in each channel. */
export function createOldWorld(connections: number): World {
  const channels = Math.ceil(connections / 10);
  const world = createWorld({
    ...{ seed: 1, channels, connections, nodes: 1, form: "2024" },
    startMs: START_MS,
  });
  world.advanceTo(START_MS + WORLD_SECONDS * 1000);
  return world;
}

/** One answer after the other, five seconds apart: counters grow, connections come and go. */
export function* answersOf(world: World): Generator<Buffer, never, void> {
  for (;;) {
    const pieces = world
      .connections({ local: false })
      .map((connection, i) => Buffer.from((i === 0 ? "[" : ",") + JSON.stringify(connection)));
    yield Buffer.concat([...pieces, Buffer.from("]")]);
    world.advanceTo(world.nowMs + STEP_MS);
  }
}

/** How many numbers there are in a JSON value, and how many of them are not zero. */
export function countNumbers(value: unknown): { numbers: number; nonZero: number } {
  if (typeof value === "number") return { numbers: 1, nonZero: value === 0 ? 0 : 1 };
  const total = { numbers: 0, nonZero: 0 };
  if (typeof value !== "object" || value === null) return total;
  for (const item of Object.values(value)) {
    const { numbers, nonZero } = countNumbers(item);
    total.numbers += numbers;
    total.nonZero += nonZero;
  }
  return total;
}
