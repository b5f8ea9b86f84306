/** Ten minutes of a world in which everything that can happen to connections does, pushed every 15 seconds. */

import { expect, test } from "vitest";
import { answer } from "../../src/simulator/operations/answer.ts";
import type { ScenarioName } from "../../src/simulator/scenarios.ts";
import { createWorld } from "../../src/simulator/world.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { ALL_CALLS, createTestTarget } from "../support/target.ts";
import { producerOf, push, type PushedPoint } from "./support.ts";

const START_MS = 1_700_000_000_000;
/** Seconds of the world, and what begins then. */
const TROUBLE: ReadonlyMap<number, ScenarioName> = new Map([
  [100, "mass-reconnect"],
  [180, "normal"],
  [240, "node-lost"],
  [300, "normal"],
  [400, "sfu-restart"],
  [450, "normal"],
]);

test(
  "no series of who has left, no start that moves, no sum that falls; deltas come to the same",
  { timeout: 60_000 },
  async () => {
    const world = createWorld({
      seed: 5,
      channels: 4,
      connections: 30,
      nodes: 2,
      form: "2024",
      startMs: START_MS - 60_000,
    });
    let down = false;
    const { target, clock, poll } = createTestTarget(
      (operation) => {
        world.advanceTo(clock.now());
        if (down) throw new Error("down");
        return answer(OPERATIONS[operation], '{"local":false}', { world, node: 0 }).body;
      },
      { calls: ALL_CALLS },
    );
    const cumulative = producerOf([target], () => clock.now());
    const delta = producerOf([target], () => clock.now(), { delta: true });
    const known = new Map<string, PushedPoint>();
    const added = new Map<string, number>();
    const everybody = new Set<string>();
    let pushes = 0;
    let moved = 0;
    let lastPushMs = 0;
    const wrong: string[] = [];

    for (let second = 0; second < 600; second += 5) {
      const trouble = TROUBLE.get(second);
      if (trouble !== undefined) world.setScenario({ scenario: trouble }, clock.now());
      await clock.advance(START_MS + second * 1000 - clock.now());
      down = second % 100 === 50;
      await poll();
      if (second % 15 !== 0) continue;
      const points = await push(cumulative);
      const deltas = await push(delta);
      // What the poll that goes out has seen, not what is there by now.
      const rows = new Set(target.snapshot()!.rows.map(({ connectionId }) => connectionId));
      if (points.length > 0) pushes++;
      for (const { attributes } of points) {
        const id = attributes["connection_id"] as string | undefined;
        if (id === undefined) continue;
        everybody.add(id);
        if (!rows.has(id)) wrong.push(`${id} has left`);
      }
      expect(new Set(points.map(({ endMs }) => endMs)).size).toBeLessThanOrEqual(1);
      for (const point of points.filter(({ monotonic }) => monotonic)) {
        const last = known.get(point.series);
        known.set(point.series, point);
        if (point.startMs > point.endMs) wrong.push(`${point.series} ends before it starts`);
        if (last === undefined) continue;
        if (point.endMs <= last.endMs) wrong.push(`${point.series} goes back in time`);
        const fell = (point.value as number) < (last.value as number);
        if (point.startMs === last.startMs) {
          if (fell) wrong.push(`${point.series} falls`);
          continue;
        }
        // Only what Sora itself counts starts anew: as it has fallen, or was not there for a while.
        moved++;
        if (/^sora_(target|channel|connection)_/.test(point.series))
          wrong.push(`${point.series} starts anew`);
        if (point.startMs < last.endMs) wrong.push(`${point.series} starts before it has ended`);
        if (!fell && last.endMs === lastPushMs) wrong.push(`${point.series} starts anew for nothing`);
      }
      for (const { series, value, monotonic } of deltas) {
        if (!monotonic) continue;
        if ((value as number) < 0) wrong.push(`${series} adds less than nothing`);
        added.set(series, (added.get(series) ?? 0) + (value as number));
      }
      lastPushMs = points[0]?.endMs ?? lastPushMs;
      expect(wrong).toEqual([]);
    }

    expect(pushes).toBeGreaterThan(30);
    expect(everybody.size).toBeGreaterThan(60);
    // Sora's report has begun anew with it.
    expect(moved).toBeGreaterThan(0);
    const sums = [...known.values()].filter(({ series }) => /^sora_(target|channel)_/.test(series));
    expect(sums.length).toBeGreaterThan(1000);
    for (const { series, value } of sums)
      expect([series, added.get(series)]).toEqual([series, expect.closeTo(value as number, 3)]);
  },
);
