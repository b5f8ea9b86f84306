import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorld } from "../../src/simulator/world.ts";
import type { Answer } from "./reading.ts";
import { answers, byId, options, read, START_MS } from "./reading.ts";

function stateAt(seconds: number, changes: Parameters<typeof options>[0] = {}): Answer[] {
  const world = createWorld(options(changes));
  world.advanceTo(START_MS + seconds * 1_000);
  return answers(world.connections({ local: false }));
}

test("the state at a time does not depend on the steps that led there", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000),
      fc.array(fc.integer({ min: 1, max: 120_000 }), { minLength: 1, maxLength: 8 }),
      (seed, steps) => {
        const stepped = createWorld(options({ seed, connections: 20, nodes: 2 }));
        let nowMs = START_MS;
        for (const step of steps) {
          nowMs += step;
          stepped.advanceTo(nowMs);
          stepped.connections({ local: true });
        }
        const once = createWorld(options({ seed, connections: 20, nodes: 2 }));
        once.advanceTo(nowMs);
        expect(stepped.connections({ local: false })).toEqual(once.connections({ local: false }));
      },
    ),
    { numRuns: 25 },
  );
});

test("a leap over hours ends where single seconds would have", () => {
  const walked = createWorld(options({ connections: 30 }));
  for (let second = 1; second <= 7_200; second++) walked.advanceTo(START_MS + second * 1_000);
  expect(walked.connections({ local: false })).toEqual(
    (() => {
      const leapt = createWorld(options({ connections: 30 }));
      leapt.advanceTo(START_MS + 7_200_000);
      return leapt.connections({ local: false });
    })(),
  );
});

test("a leap over years is no more work than one over an hour", () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 20 * 365 * 86_400_000);
  expect(world.connections({ local: false }).length).toBeGreaterThan(40);
});

test("another seed is another world", () => {
  const ids = new Set(stateAt(60, { seed: 1 }).map((connection) => connection.connection_id));
  const others = stateAt(60, { seed: 2 }).map((connection) => connection.connection_id);
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter((id) => ids.has(id))).toEqual([]);
});

test("going back in time changes nothing", () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 90_000);
  const before = answers(world.connections({ local: false }));
  world.advanceTo(START_MS + 30_000);
  expect(answers(world.connections({ local: false }))).toEqual(before);
});

test("an answer is a copy that later seconds leave alone", () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 30_000);
  const live = world.connections({ local: false });
  const then = answers(live);
  world.advanceTo(START_MS + 60_000);
  expect(answers(live)).toEqual(then);
  expect(answers(world.connections({ local: false }))).not.toEqual(then);
});

test("the timestamp is the time that the world was brought to", () => {
  const world = createWorld(options());
  world.advanceTo(Date.parse("2024-06-01T00:01:02.345Z"));
  const stamps = new Set(answers(world.connections({ local: false })).map(({ timestamp }) => timestamp));
  expect([...stamps]).toEqual(["2024-06-01T00:01:02.345000Z"]);
});

test("local is the asked node's part of all connections", () => {
  const world = createWorld(options({ nodes: 3 }));
  world.advanceTo(START_MS + 60_000);
  const all = answers(world.connections({ local: false }));
  const local = answers(world.connections({ local: true }));
  expect(local.length).toBeGreaterThan(0);
  expect(local.length).toBeLessThan(all.length / 2);
  for (const connection of local) expect(all).toContainEqual(connection);
});

test("with one node, local is everything", () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 60_000);
  expect(world.connections({ local: true })).toEqual(world.connections({ local: false }));
});

test("connections join and leave, and about the asked number stays", () => {
  const world = createWorld(options({ connections: 100 }));
  const everSeen = new Set<string>();
  let previous = new Set<string>();
  let joined = 0;
  let left = 0;
  for (let second = 10; second <= 1_800; second += 10) {
    world.advanceTo(START_MS + second * 1_000);
    const ids = new Set(
      answers(world.connections({ local: false })).map((connection) => connection.connection_id),
    );
    expect(ids.size).toBeGreaterThanOrEqual(85);
    expect(ids.size).toBeLessThanOrEqual(100);
    if (previous.size > 0) {
      joined += [...ids].filter((id) => !previous.has(id)).length;
      left += [...previous].filter((id) => !ids.has(id)).length;
    }
    for (const id of ids) {
      expect(everSeen.has(id) && !previous.has(id), "no id comes back").toBe(false);
      everSeen.add(id);
    }
    previous = ids;
  }
  // A mean life of some minutes: 100 places for half an hour.
  expect(joined).toBeGreaterThan(300);
  expect(joined).toBeLessThan(2_000);
  expect(left).toBeGreaterThan(300);
});

test("connections are spread over the asked channels, unevenly", () => {
  const world = createWorld(options({ channels: 4, connections: 80 }));
  world.advanceTo(START_MS + 100_000);
  const counts = new Map<string, number>();
  for (const { channel_id } of answers(world.connections({ local: false }))) {
    counts.set(channel_id, (counts.get(channel_id) ?? 0) + 1);
  }
  expect(counts.size).toBe(4);
  expect(Math.max(...counts.values())).toBeGreaterThan(2 * Math.min(...counts.values()));
  expect(Object.fromEntries(counts)).toEqual(
    Object.fromEntries(world.channels().map(({ channelId, connections }) => [channelId, connections])),
  );
});

test("identities look like Sora's, and some client ids are chosen or shared", () => {
  const connections = stateAt(60, { connections: 200 });
  for (const { connection_id, bundle_id } of connections) {
    expect(connection_id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(bundle_id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  }
  const own = connections.filter(({ client_id, connection_id }) => client_id === connection_id);
  expect(own.length).toBeGreaterThan(0);
  expect(own.length).toBeLessThan(connections.length);
  const clients = connections.map(({ channel_id, client_id }) => JSON.stringify([channel_id, client_id]));
  expect(new Set(clients).size).toBeLessThan(clients.length);
  const bundles = connections.map(({ bundle_id }) => bundle_id);
  expect(new Set(bundles).size).toBeLessThan(bundles.length);
});

test("one channel of three has a name that must be escaped", () => {
  const names = createWorld(options({ channels: 3 }))
    .channels()
    .map(({ channelId }) => channelId);
  const hostile = names.find((name) => name.includes("<img src=x onerror=alert(1)>")) ?? "";
  for (const character of ['"', "\\", "\n", "室"]) expect(hostile).toContain(character);
});

test("channel names are all different", () => {
  const names = createWorld(options({ channels: 3_000, connections: 0 }))
    .channels()
    .map(({ channelId }) => channelId);
  expect(new Set(names).size).toBe(3_000);
});

test("a receiver is sent what the other senders of its channel send", () => {
  const world = createWorld(options({ channels: 2, connections: 12, seed: 3 }));
  const calm = world.channels().find(({ lossy }) => !lossy)?.channelId;
  const audio = (direction: string): string => `rtp_hdr_ext total_${direction}_rtp_hdr_ext_audio_level`;
  let compared = 0;
  let before: Map<string, Answer> | undefined;
  for (let second = 20; second <= 600; second += 20) {
    world.advanceTo(START_MS + second * 1_000);
    const now = byId(
      answers(world.connections({ local: false })).filter(({ channel_id }) => channel_id === calm),
    );
    const same = before?.size === now.size && [...now.keys()].every((id) => before?.has(id));
    if (same && before !== undefined) {
      const grown = (id: string, path: string): number =>
        read(now.get(id)!, path) - read(before!.get(id)!, path);
      const offered = [...now.keys()].reduce((sum, id) => sum + grown(id, audio("received")), 0);
      for (const id of now.keys()) {
        const sent = grown(id, audio("sent"));
        if (sent === 0) continue;
        const others = offered - grown(id, audio("received"));
        expect(Math.abs(sent - others)).toBeLessThan(others * 0.02 + 10);
        compared += 1;
      }
    }
    before = now;
  }
  expect(compared).toBeGreaterThan(20);
});

test("what was produced is what all connections had in their last second, through restarts too", () => {
  const world = createWorld(options({ connections: 30, nodes: 2 }));
  const path = "rtp total_received_rtp_byte_size";
  const last = new Map<string, number>();
  for (let second = 1; second <= 900; second++) {
    world.advanceTo(START_MS + second * 1_000);
    for (const [id, connection] of byId(world.members().map((one) => world.show(one) as Answer)))
      last.set(id, read(connection, path));
    if (second === 300) world.setScenario({ scenario: "sfu-restart" }, world.nowMs);
    if (second === 500) world.disconnect(world.members()[0]!);
  }
  expect(last.size).toBeGreaterThan(90);
  expect(world.produced().receivedSrtpBytes).toBe([...last.values()].reduce((a, b) => a + b, 0));
});

test("impossible options are refused", () => {
  expect(() => createWorld(options({ channels: 0 }))).toThrow(
    new RangeError("channels must be an integer of at least 1, not 0"),
  );
  expect(() => createWorld(options({ connections: 1.5 }))).toThrow(RangeError);
  expect(() => createWorld(options({ nodes: 0 }))).toThrow(RangeError);
});
