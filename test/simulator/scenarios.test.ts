import fc from "fast-check";
import { expect, test } from "vitest";
import type { ScenarioChange, ScenarioName } from "../../src/simulator/scenarios.ts";
import { ScenarioError, SCENARIOS } from "../../src/simulator/scenarios.ts";
import type { World } from "../../src/simulator/world.ts";
import { createWorld } from "../../src/simulator/world.ts";
import type { Answer } from "./reading.ts";
import { answers, byId, options, read, START_MS } from "./reading.ts";

const NAMES = Object.keys(SCENARIOS) as ScenarioName[];

/** A time of the tests, by seconds since the start of the world. */
const at = (seconds: number): number => START_MS + seconds * 1_000;

function look(world: World, seconds: number, scope: { local: boolean; node?: number } = { local: false }) {
  world.advanceTo(at(seconds));
  return answers(world.connections(scope));
}

function worldWith(
  change: ScenarioChange,
  seconds: number,
  changes: Parameters<typeof options>[0] = {},
): World {
  const world = createWorld(options(changes));
  world.setScenario(change, at(seconds));
  return world;
}

function sum(connections: readonly Answer[], path: string): number {
  return connections.reduce((total, connection) => total + read(connection, path), 0);
}

/** By how much a counter has grown in the connections that are in both answers. */
function growth(before: readonly Answer[], after: readonly Answer[], path: string): number {
  const earlier = byId(before);
  const both = after.filter(({ connection_id }) => earlier.has(connection_id));
  return (
    sum(both, path) - both.reduce((total, { connection_id: id }) => total + read(earlier.get(id)!, path), 0)
  );
}

const LEVEL = "network_status unstable_level";
const CHECKS_LOST = "ice_connection_state total_connected_to_checking";
const levels = (connections: readonly Answer[]): Set<number> =>
  new Set(connections.map((connection) => read(connection, LEVEL)));

test("what comes of scenarios depends on when they began, not on when anybody looked", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.nat(1_500_000), fc.boolean()), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.nat(1_000), steps, (seed, changes) => {
      const [walked, leapt] = [0, 0].map(() => createWorld(options({ seed, connections: 12, nodes: 2 })));
      let nowMs = START_MS;
      for (const [scenario, passedMs, ends] of changes) {
        const change = { scenario, ...(ends ? { forMs: 45_000 } : {}) };
        walked!.setScenario(change, nowMs);
        leapt!.setScenario(change, nowMs);
        for (let ms = 7_300; ms < passedMs; ms += 7_300) walked!.advanceTo(nowMs + ms);
        nowMs += passedMs;
      }
      walked!.advanceTo(nowMs);
      leapt!.advanceTo(nowMs);
      expect(walked!.connections({ local: false })).toEqual(leapt!.connections({ local: false }));
      expect(walked!.scenario()).toEqual(leapt!.scenario());
    }),
    { numRuns: 20 },
  );
});

test("a world is normal until it is told otherwise, and to tell it so changes nothing", () => {
  const untold = createWorld(options());
  expect(untold.scenario()).toEqual({ name: "normal", sinceMs: START_MS, untilMs: Infinity });
  const told = worldWith({ scenario: "normal" }, 0);
  expect(look(told, 300)).toEqual(look(untold, 300));
});

test("a scenario with an end is followed by calm", () => {
  const world = worldWith({ scenario: "turn-storm", forMs: 60_000 }, 10);
  expect(world.scenario()).toEqual({ name: "turn-storm", sinceMs: at(10), untilMs: at(70) });
  world.advanceTo(at(70) - 1);
  expect(world.scenario().name).toBe("turn-storm");
  world.advanceTo(at(70));
  expect(world.scenario()).toEqual({ name: "calm", sinceMs: at(70), untilMs: Infinity });
});

test("a scenario begins no earlier than the time that the world has reached", () => {
  const world = createWorld(options());
  world.advanceTo(at(100));
  world.setScenario({ scenario: "calm" }, at(50));
  expect(world.scenario().sinceMs).toBe(at(100));
});

test.each([1, 2, 3])("calm: nobody is unstable and no check is lost (seed %i)", (seed) => {
  const world = worldWith({ scenario: "calm" }, 0, { seed });
  for (let second = 20; second <= 1_200; second += 20) {
    const connections = look(world, second);
    expect(connections.length).toBeGreaterThan(30);
    expect(levels(connections)).toEqual(new Set([0]));
    expect(sum(connections, CHECKS_LOST)).toBe(0);
  }
});

test("calm ends the trouble that there was", () => {
  const world = createWorld(options({ channels: 1 }));
  let second = 30;
  while (Math.max(...levels(look(world, second))) < 3) second++;
  world.setScenario({ scenario: "calm" }, at(second));
  expect(levels(look(world, second + 1))).toEqual(new Set([0]));
});

test("lossy-channel: one channel is at its worst as long as it lasts, the others are calm", () => {
  const world = createWorld(options());
  const calm = world.channels().find(({ lossy, connections }) => !lossy && connections > 5)!.channelId;
  world.setScenario({ scenario: "lossy-channel", channelId: calm, forMs: 300_000 }, at(200));
  const parts = (connections: readonly Answer[]): [Answer[], Answer[]] => [
    connections.filter(({ channel_id }) => channel_id === calm),
    connections.filter(({ channel_id }) => channel_id !== calm),
  ];
  // Until it is as bad as it gets.
  look(world, 215);
  for (let second = 216; second <= 500; second++) {
    const [here, others] = parts(look(world, second));
    expect(Math.max(...levels(here)), `after ${second} s`).toBe(3);
    expect(levels(others)).toEqual(new Set([0]));
  }
  const end = parts(look(world, 500));
  for (const path of [CHECKS_LOST, "rtcp total_generic_nack_cache_miss", "rtcp total_pli_trigger"]) {
    expect(sum(end[0], path), path).toBeGreaterThan(10);
  }
  expect(sum(end[0], "rtcp total_sent_rtcp_rtpfb_generic_nack")).toBeGreaterThan(100);

  const after = look(world, 502);
  expect(levels(after)).toEqual(new Set([0]));
  expect(growth(after, look(world, 600), CHECKS_LOST)).toBe(0);
});

test("lossy-channel without a channel takes the first with people in it", () => {
  const world = worldWith({ scenario: "lossy-channel" }, 60);
  const unstable = look(world, 90).filter((connection) => read(connection, LEVEL) > 0);
  expect(new Set(unstable.map(({ channel_id }) => channel_id))).toEqual(new Set(["sora"]));
  expect(() => worldWith({ scenario: "lossy-channel" }, 60, { connections: 0 })).not.toThrow();
});

test("what is to be left out is left out of every answer, and nothing else is", () => {
  const whole = look(createWorld(options()), 60);
  const without = ["network_status.unstable_level", "rtp.total_received"];
  const world = createWorld(options({ without }));
  for (const connection of whole as unknown as Record<string, Record<string, unknown>>[]) {
    delete connection["network_status"]!["unstable_level"];
    delete connection["rtp"]!["total_received"];
  }
  expect(look(world, 60)).toEqual(whole);
  expect(answers([world.show(world.members()[0]!)])).toEqual([whole[0]]);
});

test("node-lost: the other nodes miss the connections of the last, which live on unseen", () => {
  const world = createWorld(options({ nodes: 3 }));
  const before = look(world, 100);
  const lost = byId(look(world, 100, { local: true, node: 2 }));
  expect(lost.size).toBeGreaterThan(10);
  world.setScenario({ scenario: "node-lost", forMs: 60_000 }, at(100));
  expect([0, 1, 2].map((node) => world.reachable(node))).toEqual([true, true, false]);
  expect(look(world, 100)).toEqual(before.filter(({ connection_id }) => !lost.has(connection_id)));
  expect(look(world, 159).some(({ connection_id }) => lost.has(connection_id))).toBe(false);
  expect(look(world, 159, { local: true, node: 1 }).length).toBeGreaterThan(10);

  const after = look(world, 160);
  const back = after.filter(({ connection_id }) => lost.has(connection_id));
  expect(world.reachable(2)).toBe(true);
  expect(back.length).toBeGreaterThan(5);
  for (const connection of back) {
    const checks = "ice_connection_state total_connected_req";
    const grown = read(connection, checks) - read(lost.get(connection.connection_id)!, checks);
    expect(grown).toBeGreaterThanOrEqual(23);
  }
});

test("mass-reconnect: all leave at once, and as many others are back within 20 seconds", () => {
  const world = createWorld(options());
  const before = look(world, 300);
  world.setScenario({ scenario: "mass-reconnect" }, at(300));
  expect(look(world, 300)).toEqual([]);
  const counts = [5, 10, 15].map((seconds) => look(world, 300 + seconds).length);
  expect(counts.every((count, i) => count > (counts[i - 1] ?? 0))).toBe(true);
  expect(counts[2]).toBeLessThan(before.length);
  const after = look(world, 320);
  expect(after.length).toBeGreaterThanOrEqual(before.length * 0.9);
  expect(after.filter(({ connection_id }) => byId(before).has(connection_id))).toEqual([]);
  expect(world.scenario().name).toBe("calm");
});

test("mass-reconnect takes as long as it is told, and nobody of earlier ones comes back", () => {
  const world = createWorld(options());
  const seen = new Set<string>();
  for (const second of [100, 200, 300]) {
    const before = look(world, second);
    expect(before.length).toBeGreaterThan(40);
    expect(before.filter(({ connection_id }) => seen.has(connection_id))).toEqual([]);
    for (const { connection_id } of before) seen.add(connection_id);
    world.setScenario({ scenario: "mass-reconnect", forMs: 5_000 }, at(second));
    expect(look(world, second + 5).length).toBeGreaterThanOrEqual(before.length * 0.85);
  }
});

test("lossy-everywhere: nine in ten are unstable, in every channel, some at the worst level", () => {
  const world = worldWith({ scenario: "lossy-everywhere", forMs: 120_000 }, 100);
  const connections = look(world, 150);
  const unstable = connections.filter((connection) => read(connection, LEVEL) > 0);
  expect(unstable.length).toBeGreaterThan(connections.length * 0.9);
  const channels = new Set(connections.map(({ channel_id }) => channel_id));
  expect(new Set(unstable.map(({ channel_id }) => channel_id))).toEqual(channels);
  expect(levels(connections)).toContain(3);
  expect(levels(look(world, 221))).toEqual(new Set([0]));
});

test("ice-failures: who fails goes through all states, is seen as failed for a poll, and is gone", () => {
  const world = worldWith({ scenario: "ice-failures" }, 100, { nodes: 2 });
  const before = byId(look(world, 100));
  const failed = new Set<string>();
  const seen = new Map<string, Answer>();
  for (let second = 110; second <= 200; second += 10) {
    for (const connection of look(world, second)) {
      seen.set(connection.connection_id, connection);
      if (read(connection, "ice_connection_state total_disconnected_to_failed") === 0) continue;
      failed.add(connection.connection_id);
      expect(read(connection, LEVEL)).toBe(3);
    }
  }
  expect(failed.size).toBeGreaterThan(15);
  for (const id of failed) {
    const ice = (name: string) => read(seen.get(id)!, `ice_connection_state total_${name}`);
    expect(ice("connected_to_checking")).toBeGreaterThan(0);
    expect(ice("checking_to_disconnected")).toBeGreaterThan(0);
    expect(ice("disconnected_req") - ice("disconnected_ack")).toBeGreaterThan(190);
  }
  const there = byId(look(world, 200));
  expect([...failed].filter((id) => there.has(id) && before.has(id))).toEqual([]);

  // What had begun to fail does so, nobody else does.
  world.setScenario({ scenario: "calm" }, at(200));
  for (const { connection_id: id } of look(world, 260)) {
    expect(read(byId(look(world, 260)).get(id)!, "ice_connection_state total_disconnected_to_failed")).toBe(
      0,
    );
  }
});

test("ice-failures: what has left by failing is counted in full", () => {
  const world = worldWith({ scenario: "ice-failures" }, 10);
  const ends: number[] = [];
  for (let second = 11; second <= 400; second++) {
    look(world, second);
    ends.push(world.produced().receivedSrtp);
  }
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
});

test("data-channel-abandon: messages are given up, while nobody is unstable", () => {
  const world = worldWith({ scenario: "data-channel-abandon", forMs: 60_000 }, 100);
  const abandoned = (second: number) =>
    look(world, second)
      .flatMap(({ data_channel }) => Object.values(data_channel))
      .reduce((sum, channel) => sum + Number(channel["total_data_channel_abandon_message"]), 0);
  const before = abandoned(100);
  expect(abandoned(160) - before).toBeGreaterThan(1_000);
  expect(levels(look(world, 160))).toEqual(new Set([0]));
  expect(abandoned(180)).toBeLessThanOrEqual(abandoned(160));
});

test("connections-dropped: most leave at once, stay away for as long as it is told, and others come", () => {
  const world = createWorld(options());
  const before = look(world, 300);
  world.setScenario({ scenario: "connections-dropped", forMs: 300_000 }, at(300));
  for (const second of [300, 400, 500, 599]) {
    const there = look(world, second).length;
    expect(there, `after ${second} s`).toBeLessThan(before.length * 0.35);
    expect(there, `after ${second} s`).toBeGreaterThan(0);
  }
  const left = new Set(byId(before).keys());
  for (const { connection_id } of look(world, 300)) left.delete(connection_id);
  const after = look(world, 620);
  expect(after.length).toBeGreaterThanOrEqual(before.length * 0.85);
  expect(after.filter(({ connection_id }) => left.has(connection_id))).toEqual([]);
  expect(world.scenario().name).toBe("calm");
  expect(worldWith({ scenario: "connections-dropped" }, 0).scenario().untilMs).toBe(at(600));
});

test("turn-storm: TURN refuses by the thousand, as long as it lasts", () => {
  const world = worldWith({ scenario: "turn-storm", forMs: 60_000 }, 100);
  const before = look(world, 100);
  const during = look(world, 160);
  for (const request of ["allocate", "refresh", "channel_bind", "create_permission"]) {
    const errors = growth(before, during, `turn total_sent_${request}_error`);
    expect(errors, request).toBeGreaterThan(10_000);
    expect(growth(before, during, `turn total_received_${request}_request`)).toBeGreaterThanOrEqual(errors);
  }
  const odd = ["unknown_channel_number", "expired_channel_number", "turn_invalid_stun", "stun_invalid"];
  for (const what of odd) {
    expect(growth(before, during, `turn total_received_${what}`), what).toBeGreaterThan(10_000);
  }
  const after = look(world, 200);
  expect(growth(during, after, "turn total_sent_refresh_error")).toBe(0);
  expect(growth(during, after, "turn total_sent_refresh_success")).toBeGreaterThan(5);
});

test("sfu-restart: no node can be reached, then all counters and connections are new", () => {
  const world = createWorld(options({ nodes: 2 }));
  const before = look(world, 300);
  const created = world.ledger(0).created;
  expect(created).toBeGreaterThan(before.length / 2);
  world.setScenario({ scenario: "sfu-restart" }, at(300));
  expect([world.reachable(0), world.reachable(1)]).toEqual([false, false]);
  expect(look(world, 304)).toEqual([]);

  expect(look(world, 305)).toEqual([]);
  expect([world.reachable(0), world.reachable(1)]).toEqual([true, true]);
  expect(world.ledger(0).created).toBe(0);
  expect(world.scenario().name).toBe("calm");
  const after = look(world, 325);
  expect(after.length).toBeGreaterThanOrEqual(before.length * 0.85);
  expect(after.filter(({ connection_id }) => byId(before).has(connection_id))).toEqual([]);
  const checks = after.map((connection) => read(connection, "ice_connection_state total_connected_req"));
  expect(Math.max(...checks)).toBeLessThanOrEqual(8);
  expect(world.ledger(0).created).toBeLessThan(created);
});

test("sfu-restart takes as long as it is told", () => {
  const world = worldWith({ scenario: "sfu-restart", forMs: 60_000 }, 100);
  world.advanceTo(at(159.999));
  expect(world.reachable(0)).toBe(false);
  expect(look(world, 160)).toEqual([]);
  expect(world.reachable(0)).toBe(true);
  expect(look(world, 180).length).toBeGreaterThan(40);
});

test("license-nearly-used-up: hardly a connection is left, and it ends with the month; then it is as before", () => {
  const world = createWorld(options());
  const { license } = world;
  world.setScenario({ scenario: "license-nearly-used-up", forMs: 60_000 }, at(100));
  const serial_code = "SIM000-SRA-E000-202406-50";
  expect(world.license).toEqual({ ...license, max_connections: 50, expired_at: "2024-06", serial_code });
  expect(look(world, 130).length).toBeGreaterThanOrEqual(45);
  world.advanceTo(at(160));
  expect(world.license).toEqual(license);
});

test("license-nearly-used-up: a new licence is in use while the scenario lasts and after it", () => {
  const world = worldWith({ scenario: "license-nearly-used-up", forMs: 60_000 }, 100);
  world.updateLicense();
  const { license } = world;
  expect(license).toMatchObject({ max_connections: 100, expired_at: "2026-06" });
  expect(license.serial_code).toBe("SIM000-SRA-E002-202606-100");
  for (const second of [130, 160, 5_000]) {
    world.advanceTo(at(second));
    expect(world.license).toEqual(license);
  }
  // The next time it is nearly used up as well.
  world.setScenario({ scenario: "license-nearly-used-up" }, at(5_000));
  expect(world.license).toMatchObject({ max_connections: 50, expired_at: "2024-06" });
});

test.each([
  [
    { scenario: "calm", licenseFile: "good" },
    "license_file is for license-nearly-used-up alone, not for calm",
  ],
  [{ scenario: "node-lost" }, "node-lost needs several nodes, and there is one (--nodes=2 or more)"],
  [{ scenario: "lossy-channel", channelId: "no\nbody" }, 'no channel "no\\nbody"'],
  [{ scenario: "calm", channelId: "sora" }, "channel_id is for lossy-channel alone, not for calm"],
  [{ scenario: "calm", delayMs: 1 }, "delay is for api-slow alone, not for calm"],
] satisfies [ScenarioChange, string][])("%j is refused, and changes nothing", (change, message) => {
  const world = createWorld(options());
  expect(() => world.setScenario(change, at(10))).toThrow(new ScenarioError(message));
  expect(world.scenario().name).toBe("normal");
});
