import { describe, expect, test } from "vitest";
import { batches } from "../../src/otlp/batches.ts";
import { CALL_MS, createTestTarget } from "../support/target.ts";
import { NO_CALLS } from "../support/exporter.ts";
import type { Pushable } from "../../src/otlp/target.ts";
import { ALL, producerOf, push, type PushedPoint } from "./support.ts";

interface Given {
  id: string;
  channel?: string;
  received: number;
  /** A counter that Sora may leave out. */
  sent?: number;
  rtt?: number;
}

/** A target whose connections a test sets, and that tells when they were created if it is told so. */
function start(first: Given[], created: Record<string, number> | undefined, delta = false) {
  const sora = { connections: first };
  const test = createTestTarget(
    (operation) =>
      sora.connections.map(({ id, channel = "ch", received, sent, rtt }) =>
        operation === "ListConnections"
          ? {
              connection_id: id,
              channel_id: channel,
              role: "sendrecv",
              created_time: (created?.[id] ?? 0) * 1000,
            }
          : {
              connection_id: id,
              channel_id: channel,
              rtp: { total_received: received, ...(sent !== undefined && { total_sent: sent }) },
              ...(rtt !== undefined && { cc: { round_trip_time: rtt } }),
            },
      ),
    { calls: created === undefined ? NO_CALLS : { ...NO_CALLS, ListConnections: 10_000 } },
  );
  const producer = producerOf([test.target], () => test.clock.now(), { delta });
  const step = async (connections: Given[], polls = 1): Promise<PushedPoint[]> => {
    sora.connections = connections;
    for (let i = 0; i < polls; i++) {
      await test.poll();
      await test.clock.advance(10_000);
    }
    return push(producer);
  };
  const set = (connections: Given[]) => (sora.connections = connections);
  return { ...test, producer, step, set, beganMs: test.clock.now() };
}

const PACKETS = "_received_packets{";
const of = (points: PushedPoint[], series: string) => points.filter((point) => point.series.includes(series));
const values = (points: PushedPoint[], series = PACKETS) =>
  Object.fromEntries(of(points, series).map((point) => [point.series, point.value]));

test("other levels are told from the next push on, since when they count", async () => {
  const t = start([{ id: "A", received: 5 }], { A: 1_699_999_990_000 });
  const starts = (points: PushedPoint[]) =>
    Object.fromEntries(
      of(points, PACKETS).map(({ series, startMs }) => [
        /sora_\w+|^[a-z]+/.exec(series.slice(5))![0],
        startMs,
      ]),
    );
  const all = starts(await t.step([{ id: "A", received: 6 }]));
  t.producer.tell({ ...ALL, levels: new Set(["target"]) });
  const some = starts(await t.step([{ id: "A", received: 7 }]));
  t.producer.tell(ALL);
  const again = starts(await t.step([{ id: "A", received: 8 }]));
  expect(Object.keys(all)).toHaveLength(3);
  expect(Object.keys(some)).toHaveLength(1);
  expect(again).toEqual(all);
});

describe("sums", () => {
  test("begin when the connection was created, or seen first; those of channels and targets when the exporter began", async () => {
    const t = start([{ id: "A", received: 5 }], { A: 1_699_999_990_000 });
    const startOf = (points: PushedPoint[]) =>
      Object.fromEntries(
        of(points, PACKETS).map(({ series, startMs }) => [series.slice(5), startMs - t.beganMs]),
      );
    expect(startOf(await t.step([{ id: "A", received: 5 }]))).toEqual({
      "channel_received_packets{channel_id=ch}": 0,
      "connection_received_packets{channel_id=ch,connection_id=A}": -10_000,
      "target_received_packets{}": 0,
    });
    // A second channel was not there at the last push.
    const second = await t.step([
      { id: "A", received: 6 },
      { id: "B", channel: "two", received: 1 },
    ]);
    const firstPushMs = CALL_MS;
    expect(startOf(second)).toEqual({
      "channel_received_packets{channel_id=ch}": 0,
      "channel_received_packets{channel_id=two}": firstPushMs,
      "connection_received_packets{channel_id=ch,connection_id=A}": -10_000,
      "connection_received_packets{channel_id=two,connection_id=B}": -1_700_000_000_000,
      "target_received_packets{}": 0,
    });
    expect(new Set(second.map(({ endMs }) => endMs)).size).toBe(1);
  });

  test("begin when the connection was seen first where nobody tells more, and stay with that", async () => {
    const t = start([{ id: "A", received: 5 }], undefined);
    const first = of(await t.step([{ id: "A", received: 5 }]), "connection_received_packets")[0]!;
    const next = of(await t.step([{ id: "A", received: 6 }]), "connection_received_packets")[0]!;
    expect(first.startMs).toBe(first.endMs);
    expect(next.startMs).toBe(first.startMs);
    expect(next.endMs).toBeGreaterThan(first.endMs);
  });

  test("begin anew behind the last push where that was their start, as one that stayed tells of nothing", async () => {
    const t = start([], undefined);
    const NAME = "connection_received_packets";
    const [first] = of(await t.step([{ id: "A", received: 50 }]), NAME) as [PushedPoint];
    expect(first.startMs).toBe(first.endMs);
    const [fallen] = of(await t.step([{ id: "A", received: 3 }]), NAME) as [PushedPoint];
    expect(fallen.startMs).toBe(first.endMs + 1);
  });

  test("begin anew at the last push where they have fallen since, each by itself", async () => {
    const t = start([], undefined);
    await t.step([
      { id: "A", received: 50 },
      { id: "B", received: 50 },
    ]);
    const before = of(
      await t.step([
        { id: "A", received: 60 },
        { id: "B", received: 60 },
      ]),
      "connection_received_packets",
    );
    const fallen = of(
      await t.step([
        { id: "B", received: 70 },
        { id: "A", received: 3 },
      ]),
      "connection_received_packets",
    );
    expect(fallen.map(({ series, startMs }) => [series.at(-2), startMs])).toEqual([
      ["B", before[1]!.startMs],
      ["A", before[0]!.endMs],
    ]);
    const after = of(
      await t.step([
        { id: "A", received: 4 },
        { id: "B", received: 71 },
      ]),
      "connection_received_packets",
    );
    expect(after.map(({ series, startMs }) => [series.at(-2), startMs])).toEqual([
      ["A", before[0]!.endMs],
      ["B", before[1]!.startMs],
    ]);
  });
});

describe("a push", () => {
  test("is of one poll, and no poll is pushed twice", async () => {
    const t = start([], undefined);
    expect(of(await t.step([{ id: "A", received: 1 }]), PACKETS)).toHaveLength(3);
    expect(await push(t.producer)).toEqual([]);
    // Of two polls since the last push the newer one goes out.
    expect(values(await t.step([{ id: "A", received: 9 }], 2))).toMatchObject({
      "sora_connection_received_packets{channel_id=ch,connection_id=A}": 9,
    });
    expect(await push(t.producer)).toEqual([]);
  });

  test("has nothing of a connection that has left", async () => {
    const t = start([], undefined);
    await t.step([
      { id: "A", received: 1 },
      { id: "B", received: 1 },
    ]);
    const points = await t.step([{ id: "B", received: 1 }]);
    expect(of(points, "connection_id=B").length).toBeGreaterThan(0);
    expect(of(points, "connection_id=A")).toEqual([]);
  });

  test("has histograms with their buckets", async () => {
    const t = start([], undefined);
    const points = await t.step([
      { id: "A", received: 1, rtt: 30 },
      { id: "B", received: 1, rtt: 5000 },
    ]);
    expect(of(points, "target_cc_round_trip_time{")[0]!.value).toEqual({
      buckets: {
        boundaries: [10, 25, 50, 75, 100, 150, 200, 300, 500, 1000, 2000],
        counts: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      },
      sum: 5030,
      count: 2,
    });
  });
});

describe("of delta temporality", () => {
  test("each push has what was added since the last one; who was there at first is the baseline, who joins counts in full", async () => {
    const t = start([], undefined, true);
    const first = await t.step([{ id: "A", received: 100 }]);
    expect(values(first)).toEqual({
      "sora_channel_received_packets{channel_id=ch}": 0,
      "sora_connection_received_packets{channel_id=ch,connection_id=A}": 0,
      "sora_target_received_packets{}": 0,
    });
    const second = await t.step([
      { id: "A", received: 107 },
      { id: "B", received: 20 },
    ]);
    expect(values(second)).toEqual({
      "sora_channel_received_packets{channel_id=ch}": 27,
      "sora_connection_received_packets{channel_id=ch,connection_id=A}": 7,
      "sora_connection_received_packets{channel_id=ch,connection_id=B}": 20,
      "sora_target_received_packets{}": 27,
    });
    const windows = of(second, PACKETS).map(({ series, startMs }) => [series.includes("=B"), startMs]);
    const [{ endMs }] = first as [PushedPoint];
    expect(windows.filter(([isB]) => !isB).every(([, startMs]) => startMs === endMs)).toBe(true);
    // A leaves: what it had added is in the sums already.
    expect(values(await t.step([{ id: "B", received: 25 }]))).toEqual({
      "sora_channel_received_packets{channel_id=ch}": 5,
      "sora_connection_received_packets{channel_id=ch,connection_id=B}": 5,
      "sora_target_received_packets{}": 5,
    });
    // A was hidden, and goes on; B has begun anew.
    expect(
      values(
        await t.step([
          { id: "A", received: 110 },
          { id: "B", received: 4 },
        ]),
      ),
    ).toEqual({
      "sora_channel_received_packets{channel_id=ch}": 7,
      "sora_connection_received_packets{channel_id=ch,connection_id=A}": 0,
      "sora_connection_received_packets{channel_id=ch,connection_id=B}": 4,
      "sora_target_received_packets{}": 7,
    });
  });

  test("a counter that appears counts in full, unless its connection was hidden", async () => {
    const t = start([], undefined, true);
    const SENT = "connection_sent_packets{";
    await t.step([{ id: "A", received: 1 }]);
    const appeared = await t.step([
      { id: "A", received: 1, sent: 5 },
      { id: "B", received: 1 },
    ]);
    expect(values(appeared, SENT)).toEqual({
      "sora_connection_sent_packets{channel_id=ch,connection_id=A}": 5,
    });
    await t.step([{ id: "A", received: 1, sent: 6 }]);
    const back = await t.step([
      { id: "A", received: 1, sent: 8 },
      { id: "B", received: 1, sent: 3 },
    ]);
    expect(values(back, SENT)).toEqual({
      "sora_connection_sent_packets{channel_id=ch,connection_id=A}": 2,
      "sora_connection_sent_packets{channel_id=ch,connection_id=B}": 0,
    });
  });

  test("what a push did not get to goes out with the next one, of who joined then, too", async () => {
    const t = start([], undefined, true);
    await t.step([{ id: "A", received: 100, sent: 100 }]);
    t.set([
      { id: "A", received: 103, sent: 103 },
      { id: "B", received: 7, sent: 7 },
    ]);
    await t.poll();
    const { resourceMetrics } = await t.producer.collect();
    // The first batch is taken out, and sent. It ends within the first metrics.
    expect(batches(resourceMetrics, 1).next().value!.points).toBe(1);
    t.producer.end("some");
    const points = await t.step([
      { id: "A", received: 104, sent: 104 },
      { id: "B", received: 8, sent: 8 },
    ]);
    expect(values(points, "connection_sent_packets{")).toEqual({
      "sora_connection_sent_packets{channel_id=ch,connection_id=A}": 4,
      "sora_connection_sent_packets{channel_id=ch,connection_id=B}": 8,
    });
  });

  test("who is there until all of a push was delivered is the baseline", async () => {
    const t = start([], undefined, true);
    t.set([{ id: "A", received: 100, sent: 100 }]);
    await t.poll();
    const { resourceMetrics } = await t.producer.collect();
    batches(resourceMetrics, 1).next();
    t.producer.end("some");
    const points = await t.step([{ id: "A", received: 104, sent: 104 }]);
    expect(values(points, "connection_sent_packets{")).toEqual({
      "sora_connection_sent_packets{channel_id=ch,connection_id=A}": 0,
    });
  });

  test("nothing is collected before the push before has ended", async () => {
    const t = start([], undefined, true);
    t.set([{ id: "A", received: 1 }]);
    await t.poll();
    await t.producer.collect();
    let collected = false;
    const next = t.producer.collect().then(() => (collected = true));
    await new Promise(setImmediate);
    expect(collected).toBe(false);
    t.producer.end("none");
    await next;
    expect(collected).toBe(true);
  });

  test("histograms have what was observed since", async () => {
    const t = start([], undefined, true);
    await t.step([{ id: "A", received: 1, rtt: 30 }]);
    const points = await t.step([
      { id: "A", received: 1, rtt: 60 },
      { id: "B", received: 1, rtt: 30 },
    ]);
    expect(of(points, "channel_cc_round_trip_time{")[0]!.value).toMatchObject({
      buckets: { counts: [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0] },
      sum: 90,
      count: 2,
    });
  });

  test("what a push did not deliver goes out with the next one, who joined since included", async () => {
    const t = start([], undefined, true);
    await t.step([{ id: "A", received: 100 }]);
    for (const received of [3, 4]) {
      t.set([
        { id: "A", received: 100 + received },
        { id: "B", received },
      ]);
      await t.poll();
      const { resourceMetrics } = await t.producer.collect();
      expect([...batches(resourceMetrics, 1)].length).toBeGreaterThan(4);
      t.producer.end("none");
    }
    const points = await t.step([
      { id: "A", received: 110 },
      { id: "B", received: 5 },
    ]);
    expect(values(points)).toEqual({
      "sora_channel_received_packets{channel_id=ch}": 15,
      "sora_connection_received_packets{channel_id=ch,connection_id=A}": 10,
      "sora_connection_received_packets{channel_id=ch,connection_id=B}": 5,
      "sora_target_received_packets{}": 15,
    });
  });
});

describe("targets that come, change and go", () => {
  /** A target as the producer sees it: whichever is behind the name now. */
  function renamed(name: string, of: { target: Pushable }): Pushable {
    return { name, snapshot: () => of.target.snapshot(), snapshots: () => of.target.snapshots() };
  }

  test("one that stays goes on from what was pushed, one that comes counts since the push before", async () => {
    const stays = start([{ id: "A", received: 5 }], undefined);
    const comes = start([{ id: "B", received: 7 }], undefined);
    const slot = { target: stays.target };
    const targets = [renamed("stays", slot)];
    const now = () => stays.clock.now();
    const producer = producerOf(targets, now);
    const startOf = (points: PushedPoint[], target: string) =>
      of(points, "sora_target_received_packets{")
        .filter(({ attributes }) => attributes["target"] === "t")
        .map(({ startMs, value }) => [target, startMs, value]);
    const beganMs = now();
    await stays.poll();
    expect(startOf(await push(producer), "stays")).toEqual([["stays", beganMs, 0]]);
    const pushedMs = now();

    await stays.clock.advance(10_000);
    await comes.clock.advance(20_000);
    stays.set([{ id: "A", received: 9 }]);
    await stays.poll();
    await comes.poll();
    targets.push(renamed("comes", comes));
    expect(startOf(await push(producer), "both")).toEqual([
      ["both", beganMs, 4],
      ["both", pushedMs, 0],
    ]);

    // Another one has taken the place of it, whose sums have begun anew.
    const again = start([{ id: "A", received: 9 }], undefined);
    await again.clock.advance(60_000);
    await again.poll();
    targets.pop();
    slot.target = again.target;
    const [[, startMs, value] = []] = startOf(await push(producer), "stays");
    expect(value).toBe(0);
    expect(startMs).toBeGreaterThan(beganMs);
  });

  test("pushes that begin later count since the sums do", async () => {
    const one = start([{ id: "A", received: 5 }], undefined);
    const beganMs = one.clock.now();
    await one.poll();
    await one.clock.advance(60_000);
    await one.poll();
    const producer = producerOf([one.target], () => one.clock.now(), { beganMs });
    const sums = of(await push(producer), "sora_target_received_packets{");
    expect(sums.map(({ startMs }) => startMs)).toEqual([beganMs]);
  });
});
