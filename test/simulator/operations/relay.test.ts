/** What the nodes of a cluster report of each other: their places in it, and what they relay. */

import { expect, test } from "vitest";
import { answer } from "../../../src/simulator/operations/answer.ts";
import { createWorld } from "../../../src/simulator/world.ts";
import type { World } from "../../../src/simulator/world.ts";
import { leaves, options, read, START_MS } from "../reading.ts";

function reportOf(world: World, node = 0): object {
  return JSON.parse(answer("Sora_20171010.GetStatsReport", "", { world, node }).body.toString()) as object;
}

test("a node alone has no cluster to report; among others, what one sends the other receives", () => {
  const alone = createWorld(options());
  expect(reportOf(alone)).not.toHaveProperty("cluster");
  expect(reportOf(alone)).not.toHaveProperty("cluster_relay");
  const world = createWorld(options({ nodes: 3 }));
  world.advanceTo(START_MS + 200_000);
  const reports = [0, 1, 2].map((node) => reportOf(world, node));
  const states = reports.map(
    (report) => (report as unknown as { cluster: { raft_state: string } }).cluster.raft_state,
  );
  expect(states).toEqual(["leader", "follower", "follower"]);
  const relay = (node: number, other: number): object =>
    (reports[node] as unknown as { cluster_relay: { node_name: string }[] }).cluster_relay.find(
      ({ node_name }) => node_name === `sora${other + 1}@192.0.2.${other + 11}`,
    )!;
  expect(read(relay(0, 2), "total_sent")).toBeGreaterThan(0);
  expect(read(relay(0, 2), "total_sent")).toBe(read(relay(2, 0), "total_received"));
  expect(read(relay(1, 2), "total_received_byte_size")).toBe(read(relay(2, 1), "total_sent_byte_size"));
});

test("while a node is lost nothing is relayed to it or from it, and then it goes on from there", () => {
  const world = createWorld(options({ nodes: 3 }));
  let nowMs = START_MS;
  const relays = (): Map<string, number>[] => {
    world.advanceTo(nowMs);
    return [0, 1].map((node) => {
      const { cluster_relay: relay } = reportOf(world, node) as unknown as { cluster_relay: object[] };
      const numbers = [...leaves(relay)].filter(([, value]) => typeof value === "number");
      return new Map(numbers as [string, number][]);
    });
  };
  const withLost = (path: string): boolean => path.startsWith("1 ");
  const grown = (before: Map<string, number>[], after: Map<string, number>[]): [string, number][] =>
    after.flatMap((numbers, node) =>
      [...numbers].map(([path, value]): [string, number] => [path, value - before[node]!.get(path)!]),
    );
  nowMs += 100_500;
  // Two times: by an end of its own, and by another scenario.
  for (const forMs of [100_700, undefined]) {
    const before = relays();
    world.setScenario({ scenario: "node-lost", ...(forMs === undefined ? {} : { forMs }) }, nowMs);
    const totals = world.relayed(0, 1).packets;
    for (let second = 0; second < 100; second += 7) {
      nowMs += 7_000;
      if (nowMs >= world.scenario().untilMs) break;
      for (const [path, growth] of grown(before, relays()))
        if (withLost(path)) expect([path, growth]).toEqual([path, 0]);
      expect(world.relayed(0, 1).packets).toBeGreaterThan(totals);
    }
    nowMs = START_MS + Math.ceil((nowMs - START_MS) / 1_000) * 1_000;
    if (forMs === undefined) world.setScenario({ scenario: "calm" }, nowMs);
    else nowMs = START_MS + 202_000;
    const back = relays();
    nowMs += 100_000;
    const shares = grown(back, relays()).map(([path, growth]) => {
      expect(growth, path).toBeGreaterThanOrEqual(0);
      return [path, growth] as const;
    });
    // It goes on as fast as between the others, and does not catch up with what it missed.
    for (const [path, growth] of grown(before, back)) {
      if (withLost(path) && / total_(sent|received)$/.test(path)) {
        const later = shares.find(([other]) => other === path)![1];
        expect(later, path).toBeGreaterThan(1_000);
        expect(growth, path).toBeLessThan(later * 0.1);
      }
    }
  }
});

test("a node that is lost for as long as a leap takes has been lost for no longer", () => {
  const world = createWorld(options({ nodes: 2 }));
  world.advanceTo(START_MS + 60_000);
  const rounds = (): number => world.relayed(0, 1).forMs;
  const before = rounds();
  world.setScenario({ scenario: "node-lost", forMs: 30_000 }, START_MS + 60_000);
  world.advanceTo(START_MS + 10_000_000);
  expect(rounds() - before).toBe(10_000_000 - 90_000);
});
