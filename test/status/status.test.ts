import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { InfoConfig } from "../../src/config/config.ts";
import type { Status, StatusQuery } from "../../src/engine/status.ts";
import { SoraFailure } from "../../src/sora/failure.ts";
import { createFilter } from "../../src/status/filter.ts";
import { statusOf } from "../../src/status/status.ts";
import { Watch } from "../../src/status/watch.ts";
import { buildOnce, connection } from "../support/build.ts";
import { ALL_INFO, DEFAULT_LIMITS, NO_CALLS } from "../support/exporter.ts";
import { ALL_CALLS, createTestTarget, type TestTarget } from "../support/target.ts";

const EVERYTHING: StatusQuery = { text: "", channels: 100, connections: 100 };

function statusOfOne(one: TestTarget, query: Partial<StatusQuery> = {}): Status {
  return statusOf([one.target.watched()], { ...EVERYTHING, ...query }, one.clock.now());
}

interface Given {
  readonly channel?: string;
  readonly level?: number;
  readonly client?: string;
  /** Per second. */
  readonly lost?: number;
  readonly pli?: number;
  readonly misses?: number;
  readonly hits?: number;
  readonly bytes?: number;
}

/** A target that has answered twice, ten seconds apart; connections by id. */
async function polledTwice(
  connections: Readonly<Record<string, Given>>,
  { listed = [], info = ALL_INFO }: { listed?: readonly object[]; info?: InfoConfig } = {},
): Promise<TestTarget> {
  let seconds = 0;
  const answer = () =>
    Object.entries(connections).map(([connection_id, given]) =>
      connection(
        {
          ...(given.level !== undefined && { network_status: { unstable_level: given.level } }),
          rtp: { total_received_byte_size: seconds * (given.bytes ?? 0) },
          rtcp: {
            total_generic_nack_cache_miss: seconds * (given.misses ?? 0),
            total_generic_nack_cache_hit: seconds * (given.hits ?? 0),
            total_received_rtcp_psfb_pli: seconds * (given.pli ?? 0),
          },
          ice_connection_state: {
            total_connected_req: seconds * (given.lost ?? 0),
            total_connected_ack: 0,
          },
        },
        { connection_id, channel_id: given.channel ?? "ch", client_id: given.client ?? "" },
      ),
    );
  const one = createTestTarget((operation) => (operation === "GetStatsAllConnections" ? answer() : listed), {
    calls: { ...ALL_CALLS },
    limits: { ...DEFAULT_LIMITS, labelValueLength: 1000 },
    info,
  });
  await one.poll();
  await one.clock.advance(10_000 - (one.clock.monotonic() % 10_000));
  seconds = 10;
  await one.poll();
  return one;
}

const ids = ({ connections }: Status) => connections.shown.map(({ connectionId }) => connectionId);
const channels = (status: Status) => status.channels.shown.map(({ channelId }) => channelId);

describe("the order of connections is", () => {
  test.each<[string, Record<string, Given>]>([
    ["by level before all", { W: { level: 3 }, X: { level: 2, lost: 20, misses: 999 }, Y: { level: 0 } }],
    ["by lost checks, which count 10", { W: { level: 1, lost: 1 }, X: { level: 1, misses: 9 } }],
    ["by PLI, which count 5", { W: { pli: 1 }, X: { misses: 4 } }],
    ["by misses, which count more than hits", { W: { misses: 2 }, X: { hits: 19 }, Y: { misses: 1 } }],
    ["by bit rate where there is no trouble", { W: { bytes: 2000 }, X: { bytes: 1000 }, Y: {} }],
    ["by name where all is the same", { A: {}, B: {}, C: {} }],
    ["by trouble where no level is sent", { W: { lost: 1 }, X: { pli: 1 }, Y: { misses: 1 } }],
  ])("%s", async (_, connections) => {
    const reversed = Object.fromEntries(Object.entries(connections).reverse());
    expect(ids(statusOfOne(await polledTwice(reversed)))).toEqual(Object.keys(connections));
  });
});

test("the order of channels is by worst level, then by how many are at it, then by trouble", async () => {
  const one = await polledTwice({
    A: { channel: "calm", level: 0, lost: 5 },
    B: { channel: "one of two", level: 2 },
    C: { channel: "one of two", level: 1, lost: 20 },
    D: { channel: "both", level: 2 },
    E: { channel: "both", level: 2 },
    F: { channel: "worst", level: 3 },
    G: { channel: "noisy", level: 0, lost: 6 },
  });
  expect(channels(statusOfOne(one))).toEqual(["worst", "both", "one of two", "noisy", "calm"]);
});

test.each([
  ["without levels", undefined],
  ["at level 0", 0],
] as const)("a channel in trouble stands above a larger one without any, %s", async (_, level) => {
  const at = level === undefined ? {} : { level };
  const one = await polledTwice({
    A: { channel: "large", ...at },
    B: { channel: "large", ...at },
    C: { channel: "large", ...at },
    D: { channel: "in trouble", ...at, misses: 1 },
  });
  expect(channels(statusOfOne(one))).toEqual(["in trouble", "large"]);
});

test("a channel's numbers are those of its connections together", async () => {
  const one = await polledTwice({
    A: { channel: "x", level: 3, bytes: 1000, misses: 1 },
    B: { channel: "x", level: 0, bytes: 500, misses: 2 },
  });
  expect(statusOfOne(one).channels.shown).toMatchObject([
    {
      target: "t",
      channelId: "x",
      connections: 2,
      levels: [
        { level: 0, connections: 1 },
        { level: 1, connections: 0 },
        { level: 2, connections: 0 },
        { level: 3, connections: 1 },
      ],
      rates: { receivedBits: 12_000, nackMisses: 3, sentBits: undefined },
    },
  ]);
});

test("where Sora sends no level there is none, neither of a connection nor counted", async () => {
  const status = statusOfOne(await polledTwice({ A: {} }));
  expect(status.connections.shown[0]).toMatchObject({ level: undefined });
  expect(status.channels.shown[0]).toMatchObject({ levels: undefined });
  expect(status.targets[0]!.last).toMatchObject({ levels: undefined, unstable: 0, worst: undefined });
});

test("a level that Sora does not document is shown as it is", async () => {
  const { targets, connections } = statusOfOne(await polledTwice({ A: { level: 7 }, B: { level: 3 } }));
  expect(connections.shown.map(({ level }) => level)).toEqual([7, 3]);
  expect(targets[0]!.last!.levels!.at(-1)).toEqual({ level: 7, connections: 1 });
});

test("how many there are is told though few are shown", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`C${i}`, { channel: `ch${i % 10}`, level: i % 4 }]),
  );
  const status = statusOfOne(await polledTwice(many), { channels: 3, connections: 5 });
  expect(status.connections).toMatchObject({ all: 30, matching: 30 });
  expect(status.connections.shown.map(({ level }) => level)).toEqual([3, 3, 3, 3, 3]);
  expect(status.channels).toMatchObject({ all: 10, matching: 10 });
  expect(status.channels.shown).toHaveLength(3);
});

test("several targets are one list, and a channel of two targets is two", async () => {
  const a = await polledTwice({ A: { channel: "x", level: 1 }, B: { channel: "x", level: 3 } });
  const b = await polledTwice({ C: { channel: "x", level: 2 } });
  const targets = [
    { ...a.target.watched(), name: "a" },
    { ...b.target.watched(), name: "b" },
  ];
  const status = statusOf(targets, { ...EVERYTHING, connections: 2 }, a.clock.now());
  expect(ids(status)).toEqual(["B", "C"]);
  expect(status.connections.all).toBe(3);
  expect(channels(status)).toEqual(["x", "x"]);
  expect(status.targets.map(({ target }) => target)).toEqual(["a", "b"]);
});

test("what is known of one target is counted, though another has no data", async () => {
  const a = await polledTwice({ A: {}, B: {} });
  const never = createTestTarget(() => []);
  const status = (...some: TestTarget[]) =>
    statusOf(
      some.map(({ target }) => target.watched()),
      EVERYTHING,
      a.clock.now(),
    );
  expect(status(never, a).connections).toMatchObject({ all: 2, matching: 2 });
  expect(status(never).channels).toEqual({ all: undefined, matching: undefined, shown: [] });
  const none = await polledTwice({});
  expect(status(none).connections).toEqual({ all: 0, matching: 0, shown: [] });
});

const LISTED = [
  {
    channel_id: "Sora",
    connection_id: "ABC",
    client_id: "Zoë",
    node_name: "sora1@192.0.2.1",
    role: "sendrecv",
    created_time: 1_700_000_000_500_000,
    simulcast: true,
    audio: { codec_type: "OPUS" },
    video: { codec_type: "VP9" },
  },
];

describe("a filter", () => {
  const given = {
    ABC: { channel: "Sora", client: "Zoë", level: 0 },
    DEF: { channel: "朝会 room", client: "bob", level: 3 },
    GHI: { channel: "朝会 room", client: "carol", level: 0 },
  };
  test.each([
    ["abc", ["ABC"]],
    ["SORA", ["ABC"]],
    ["ZOË", ["ABC"]],
    ["sora1@192", ["ABC"]],
    ["vp9 sendrecv", ["ABC"]],
    ["朝会", ["DEF", "GHI"]],
    ["room bob", ["DEF"]],
    ["bob room 朝会", ["DEF"]],
    ["ＳＯＲＡ　ＡＢＣ", ["ABC"]],
    ["  ", ["DEF", "ABC", "GHI"]],
    ["bob carol", []],
    [".*", []],
    ["true", []],
  ])("for %j finds %j", async (text, found) => {
    const one = await polledTwice(given, { listed: LISTED });
    const status = statusOfOne(one, { text });
    expect(ids(status).sort()).toEqual([...found].sort());
    expect(status.connections).toMatchObject({ all: 3, matching: found.length });
  });

  test("finds what would not be shown without it, and the channels of what it finds, whole", async () => {
    const one = await polledTwice(given, { listed: LISTED });
    const status = statusOfOne(one, { text: "carol", channels: 1, connections: 1 });
    expect(ids(status)).toEqual(["GHI"]);
    expect(status.channels).toMatchObject({
      all: 2,
      matching: 1,
      shown: [{ channelId: "朝会 room", connections: 2 }],
    });
    expect(ids(statusOfOne(one, { connections: 1 }))).toEqual(["DEF"]);
  });

  test.each<[Partial<StatusQuery>, readonly string[]]>([
    [{ channel: "sora" }, ["C"]],
    [{ channel: "SORA" }, []],
    [{ channel: "so" }, []],
    [{ channel: "sora lobby" }, ["B"]],
    [{ channel: "x".repeat(300) }, ["D"]],
    [{ target: "t" }, ["A", "B", "C", "D"]],
    [{ target: "T" }, []],
    [{ target: "t", channel: "sora" }, ["C"]],
    [{ target: "other", channel: "sora" }, []],
    [{ channel: "sora", text: "bob" }, ["C"]],
    [{ channel: "sora", text: "alice" }, []],
  ])("of names is exact: %j finds %j", async (query, found) => {
    const one = await polledTwice({
      A: { channel: "sora-2", client: "sora" },
      B: { channel: "sora lobby" },
      C: { channel: "sora", client: "bob" },
      D: { channel: "x".repeat(310) },
    });
    const status = statusOfOne(one, query);
    expect(ids(status).sort()).toEqual(found);
    expect(status.connections).toMatchObject({ all: 4, matching: found.length });
    expect(status.channels).toMatchObject({ all: 4, matching: found.length });
  });

  test("finds no client_id that is not shown", async () => {
    const hash = createHash("sha256").update("Zoë").digest("hex").slice(0, 16);
    const hashed = await polledTwice(given, {
      listed: LISTED,
      info: { ...ALL_INFO, clientIdHash: { key: undefined } },
    });
    expect(ids(statusOfOne(hashed, { text: "zoë" }))).toEqual([]);
    expect(ids(statusOfOne(hashed, { text: hash }))).toEqual(["ABC"]);
    const shown = statusOfOne(hashed).connections.shown.find(({ connectionId }) => connectionId === "ABC");
    expect(shown!.info.client_id).toBe(hash);
    const omitted = await polledTwice(given, {
      listed: LISTED,
      info: { labels: ["role"], clientIdHash: undefined },
    });
    expect(ids(statusOfOne(omitted, { text: "zoë" }))).toEqual([]);
    expect(JSON.stringify(statusOfOne(omitted))).not.toContain("Zoë");
  });

  test("has no more than so many words", () => {
    const fits = createFilter(Array.from({ length: 10_000 }, () => "a").join(" ") + " b")!;
    expect(fits(["a"])).toBe(true);
    expect(createFilter("a b")!(["a"])).toBe(false);
  });
});

test("who a connection is, as sora_connection_info shows it", async () => {
  const one = await polledTwice(
    { ABC: { channel: "Sora", client: "Zoë" }, XYZ: { client: "new" } },
    { listed: LISTED },
  );
  const [abc, xyz] = statusOfOne(one).connections.shown.toSorted((a, b) =>
    a.connectionId < b.connectionId ? -1 : 1,
  );
  expect(abc).toMatchObject({ createdMs: 1_700_000_000_500 });
  expect(abc!.info).toEqual({
    client_id: "Zoë",
    node_name: "sora1@192.0.2.1",
    role: "sendrecv",
    audio_codec: "OPUS",
    video_codec: "VP9",
    simulcast: "true",
  });
  expect(xyz).toMatchObject({ info: { client_id: "new" }, createdMs: undefined });
});

describe("a target is", () => {
  let answer: () => unknown = () => [];
  const fails = () => {
    throw new SoraFailure("http_status", "status 502: <h1>bad gateway</h1>");
  };
  const start = () => createTestTarget(() => answer());
  const targetOf = (one: TestTarget) => statusOfOne(one).targets[0]!;

  test("waiting before its first poll has ended", () => {
    expect(targetOf(start())).toMatchObject({
      target: "t",
      state: "waiting",
      url: "http://sora/",
      intervalMs: 10_000,
      good: undefined,
      failing: undefined,
      error: undefined,
      last: undefined,
    });
  });

  test("failing where it never answered", async () => {
    answer = fails;
    const one = start();
    await one.poll();
    expect(targetOf(one)).toMatchObject({
      state: "failing",
      good: undefined,
      failing: { polls: 1, sinceMs: one.clock.now() },
      error: { reason: "http_status", message: "status 502: <h1>bad gateway</h1>", seconds: 0.25 },
      last: undefined,
    });
  });

  test("up, failing with its last data, stale without them, and up again with its last error", async () => {
    answer = () => [connection({ network_status: { unstable_level: 1 } })];
    const one = start();
    await one.poll();
    const goodMs = one.clock.now();
    const bytes = JSON.stringify(answer()).length;
    expect(targetOf(one)).toMatchObject({
      state: "up",
      good: { timeMs: goodMs, seconds: 0.25, bytes },
      failing: undefined,
      last: {
        timeMs: goodMs,
        channels: 1,
        connections: 1,
        unstable: 1,
        worst: { level: 1, channelId: "ch" },
        droppedSeries: 0,
      },
    });
    expect(targetOf(one).last!.series).toBeGreaterThan(5);

    answer = fails;
    await one.clock.advance(10_000);
    await one.poll();
    const sinceMs = one.clock.now();
    await one.clock.advance(10_000);
    await one.poll();
    expect(targetOf(one)).toMatchObject({
      state: "failing",
      failing: { sinceMs, polls: 2 },
      good: { timeMs: goodMs },
      last: { timeMs: goodMs, connections: 1 },
    });
    expect(ids(statusOfOne(one))).toEqual(["C1"]);

    await one.clock.advance(10_000);
    expect(targetOf(one)).toMatchObject({ state: "stale", good: { timeMs: goodMs }, last: undefined });
    expect(statusOfOne(one).connections).toEqual({ all: undefined, matching: undefined, shown: [] });

    answer = () => [];
    await one.poll();
    expect(targetOf(one)).toMatchObject({
      state: "up",
      failing: undefined,
      error: { reason: "http_status" },
      last: { connections: 0, channels: 0 },
    });
  });
});

describe("beside the statistics it is told", () => {
  const NODES = [
    { node_name: "sora1@192.0.2.1", connected: true },
    { node_name: "sora2@192.0.2.2", connected: false },
  ];
  const targetOf = (one: TestTarget) => statusOfOne(one).targets[0]!;

  test("which nodes of the cluster are connected, until that is stale", async () => {
    let away = false;
    const one = createTestTarget(
      (operation) => {
        if (away) throw new SoraFailure("timeout", "no answer");
        return operation === "ListClusterNodes" ? NODES : [];
      },
      { calls: { ...NO_CALLS, ListClusterNodes: 10_000 } },
    );
    expect(targetOf(one).clusterNodes).toBeUndefined();
    await one.poll();
    expect(targetOf(one).clusterNodes).toEqual([
      { name: "sora1@192.0.2.1", connected: true },
      { name: "sora2@192.0.2.2", connected: false },
    ]);
    away = true;
    await one.clock.advance(40_000);
    expect(targetOf(one).clusterNodes).toBeUndefined();
  });

  test("nothing of nodes that are not asked for", async () => {
    const one = createTestTarget((operation) => (operation === "ListClusterNodes" ? NODES : []));
    await one.poll();
    expect(targetOf(one).clusterNodes).toBeUndefined();
  });

  test("which other calls fail, until they work again, but not which Sora does not offer", async () => {
    let away = true;
    const one = createTestTarget(
      (operation) => {
        if (operation === "GetLicense")
          throw new SoraFailure("sora_error", "no such call", { refusal: true });
        if (operation === "ListConnections" && away) throw new SoraFailure("timeout", "no answer");
        return [];
      },
      { calls: { ...NO_CALLS, ListConnections: 10_000, GetLicense: 10_000 } },
    );
    await one.poll();
    expect(targetOf(one)).toMatchObject({
      state: "up",
      failingCalls: [{ operation: "ListConnections", reason: "timeout", message: "no answer" }],
    });
    away = false;
    await one.clock.advance(10_000);
    await one.poll();
    expect(targetOf(one).failingCalls).toEqual([]);
  });
});

test("series that there is no room for are told", async () => {
  const labels = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`#${i}`, { total_a: 1 }]));
  const one = createTestTarget(() => [connection({ data_channel: labels })]);
  await one.poll();
  const { last } = statusOfOne(one).targets[0]!;
  // Each label that is left out would have had a number and its info.
  expect(last!.droppedSeries).toBe(6 * 2);
});

test("no snapshot is kept, however much was asked of it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const watch = new Watch();
  const poll = (n: number): WeakRef<object> => {
    const { snapshot } = buildOnce([connection({ rtp: { total_sent: n } })]);
    watch.succeed(snapshot, { timeMs: n, seconds: 1, bytes: 1, droppedLabels: 0 }, n * 1000);
    expect(watch.survey(snapshot).connections()).toHaveLength(1);
    expect(watch.survey(snapshot).channels()).toHaveLength(1);
    return new WeakRef(snapshot.families);
  };
  const families = [poll(1), poll(2)];
  await setImmediate();
  collect();
  expect(families.map((one) => one.deref())).toEqual([undefined, undefined]);
});
