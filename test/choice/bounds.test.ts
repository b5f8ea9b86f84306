import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECTIONS, type Label } from "../../src/catalog/resolve.ts";
import { Chooser } from "../../src/choice/chooser.ts";
import { SECTIONS_THAT_GO } from "../../src/choice/usefulness.ts";
import type { Limits } from "../../src/config/config.ts";
import type { DropReason } from "../../src/snapshot/rejections.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { EVERYTHING } from "../support/exporter.ts";
import { anySnapshots, column, connections, family, limits, seriesOf, snapshotOf } from "./support.ts";

const MESSAGES = "sora_connection_data_channel_sent_messages_total";

function chooser(changes: Partial<Limits>): Chooser {
  return new Chooser(EVERYTHING, limits(changes));
}

function chosenOf(snapshots: readonly Snapshot[], changes: Partial<Limits>) {
  const { snapshots: after, dropped } = chooser(changes).choose(snapshots, 0);
  const names = after.map(({ families }) =>
    families.map(
      ({ name, columns }) =>
        `${name.replace("sora_", "")} ${columns.reduce((n, { values }) => n + values.length, 0)}`,
    ),
  );
  return { after, names, dropped: Object.fromEntries(dropped.counts), first: dropped.first };
}

/** A label of a data channel. */
const label = (name: string): Label[] => [["label", name]];

describe("series_per_metric", () => {
  const rtcp = (count: number) =>
    snapshotOf(connections(count), [
      family("sora_connection_rtcp_messages_total", [
        column(count, [["type", "a"]]),
        column(count, [["type", "b"]]),
      ]),
      family("sora_connection_up", [column(count)]),
    ]);

  test.each([
    [19, ["connection_rtcp_messages_total 18", "connection_up 9"], {}],
    [18, ["connection_rtcp_messages_total 18", "connection_up 9"], {}],
    [17, ["connection_up 9"], { series_per_metric: 18 }],
  ])("of %d and a metric of 18: it is whole or absent", (seriesPerMetric, names, dropped) => {
    expect(chosenOf([rtcp(9)], { seriesPerMetric })).toMatchObject({ names: [names], dropped });
  });

  const channels = snapshotOf(connections(10), [
    family(MESSAGES, [
      column(10),
      column(3, label("#b"), true),
      column(3, label("#a"), true),
      column(1, label("#rare"), true),
      column(8, label("#chat"), true),
    ]),
    family("sora_connection_other", [column(10)]),
  ]);

  test.each([
    [25, "25", {}],
    [24, "24", { series_per_metric: 1 }],
    [23, "21", { series_per_metric: 4 }],
    [18, "18", { series_per_metric: 7 }],
    [17, "10", { series_per_metric: 15 }],
    [10, "10", { series_per_metric: 15 }],
  ])("of %d: of 25 series %s stay, labels that few have go first", (seriesPerMetric, left, dropped) => {
    const { names, dropped: counted } = chosenOf([channels], { seriesPerMetric });
    expect([names, counted]).toEqual([[[`${MESSAGES.slice(5)} ${left}`, "connection_other 10"]], dropped]);
  });

  test("below what a metric has without those labels: all of it goes", () => {
    expect(chosenOf([channels], { seriesPerMetric: 9 })).toMatchObject({
      names: [[]],
      dropped: { series_per_metric: 35 },
      first: MESSAGES,
    });
  });

  test("of info metrics, whose series have labels of their own, too", () => {
    const entryLabels = ["#chat", "#chat", "#x", "#chat"].map((name): Label[] => [
      ["label", name],
      ["ordered", "true"],
    ]);
    const info = {
      labels: [],
      rows: Uint32Array.of(0, 1, 1, 2),
      values: new Float64Array(4).fill(1),
      entryLabels,
    };
    const before = snapshotOf(connections(3), [family("sora_connection_data_channel_info", [info])]);
    const { after, dropped, first } = chosenOf([before], { seriesPerMetric: 3 });
    expect([...seriesOf(after).keys()]).toEqual(
      [0, 1, 2].map((i) => `sora_connection_data_channel_info label=#chat ordered=true ch0 C${i}`),
    );
    expect(dropped).toEqual({ series_per_metric: 1 });
    expect(first).toBe('sora_connection_data_channel_info{label="#x"}');
  });

  test("of histograms: never a part of one", () => {
    const part = (suffix: string, labels: readonly Label[] = []) => ({ ...column(5, labels), suffix });
    const columns = [part("_bucket", [["le", "+Inf"]]), part("_sum"), part("_count")];
    const before = snapshotOf(
      Array.from({ length: 5 }, (_, i) => ({ channelId: `ch${i}` })),
      [{ ...family("sora_channel_cc_round_trip_time", columns), type: "histogram" }],
    );
    expect(chosenOf([before], { seriesPerMetric: 15 }).dropped).toEqual({});
    expect(chosenOf([before], { seriesPerMetric: 14 })).toMatchObject({
      names: [[]],
      dropped: { series_per_metric: 15 },
    });
  });

  test("of ten thousand labels that nobody else has, those go and those that many have stay", () => {
    const count = 10_000;
    const hostile = Array.from({ length: count }, (_, i) => ({
      labels: label(i % 2 === 0 ? `#${i}` : `"} 1 #${i}\n`),
      rows: Uint32Array.of(i),
      values: Float64Array.of(1),
    }));
    const before = snapshotOf(connections(count), [
      family(MESSAGES, [...hostile, column(500, label("#chat"), true), column(2, label("#notify"), true)]),
      family("sora_connection_unstable_level", [column(count)]),
    ]);
    const { after, dropped } = chosenOf([before], { seriesPerMetric: count });
    const left = seriesOf(after);
    expect(left.size).toBe(2 * count);
    expect(dropped).toEqual({ series_per_metric: 502 });
    for (const name of ["#chat", "#notify"]) expect(left.has(`${MESSAGES} label=${name} ch0 C0`)).toBe(true);
    const few = seriesOf(chosenOf([before], { seriesPerMetric: 502 }).after);
    expect([...few.keys()].filter((key) => !/label=#(chat|notify) /.test(key))).toEqual([]);
  });
});

describe("series_per_target", () => {
  /** Connections, channels, the target and a report: 4 + 4 + 6 series, 4 + 2, 2 + 1, 1 + 1. */
  const target = [
    snapshotOf(connections(4), [
      family("sora_connection_rtp_packets_total", [column(4)], "rtp"),
      family("sora_connection_turn_messages_total", [column(4)], "turn"),
      family(MESSAGES, [column(2, label("#a"), true), column(4, label("#b"))], "data_channel"),
    ]),
    snapshotOf(
      [{ channelId: "ch0" }, { channelId: "ch1" }],
      [
        family("sora_channel_rtp_packets_total", [column(2)], "rtp"),
        family("sora_channel_turn_messages_total", [column(2)], "turn"),
        family("sora_channel_data_channel_sent_messages_total", [column(2, label("#a"))], "data_channel"),
      ],
    ),
    snapshotOf(
      [{}],
      [
        family("sora_target_rtp_packets_total", [column(1)], "rtp"),
        family("sora_target_turn_messages_total", [column(1)], "turn"),
        family("sora_target_data_channel_sent_messages_total", [column(1, label("#a"))], "data_channel"),
      ],
    ),
    snapshotOf([{ channelId: "ch0" }], [family("sora_recording_start_seconds", [column(1)])]),
    snapshotOf([{}], [family("sora_license_max_nodes", [column(1)])]),
  ];
  const order = [
    MESSAGES,
    "sora_connection_turn_messages_total",
    "sora_connection_rtp_packets_total",
    "sora_channel_data_channel_sent_messages_total",
    "sora_channel_turn_messages_total",
    "sora_channel_rtp_packets_total",
    "sora_target_data_channel_sent_messages_total",
    "sora_target_turn_messages_total",
    "sora_target_rtp_packets_total",
    "sora_recording_start_seconds",
    "sora_license_max_nodes",
  ];
  /** With so many series so many of `order` are gone; of the first, at 24 a label is. */
  const LEFT: [limit: number, left: number, gone: number][] = [
    [26, 25, 0],
    [25, 25, 0],
    [24, 23, 0],
    [23, 23, 0],
    [22, 19, 1],
    [19, 19, 1],
    [18, 15, 2],
    [14, 11, 3],
    [10, 9, 4],
    [8, 7, 5],
    [6, 5, 6],
    [4, 4, 7],
    [3, 3, 8],
    [2, 2, 9],
    [1, 1, 10],
  ];

  test.each(LEFT)("of %d: %d series stay, %d metrics are gone", (seriesPerTarget, left, gone) => {
    const { after, dropped } = chosenOf(target, { seriesPerTarget });
    const names = new Set([...seriesOf(after).keys()].map((key) => key.split(" ")[0]));
    expect(order.filter((name) => !names.has(name))).toEqual(order.slice(0, gone));
    expect(seriesOf(after).size).toBe(left);
    expect(dropped).toEqual(left === 25 ? {} : { series_per_target: 25 - left });
  });

  test("counts what series_per_metric left, and each for its own reason", () => {
    const { dropped } = chosenOf(target, { seriesPerMetric: 4, seriesPerTarget: 22 });
    expect(dropped).toEqual({ series_per_metric: 2, series_per_target: 4 });
  });

  test("goes by all sections that the catalog knows, and by those that it does not first", () => {
    expect([...SECTIONS_THAT_GO].sort()).toEqual([...SECTIONS].sort());
    const sections = [undefined, ...SECTIONS_THAT_GO.toReversed(), "brand_new"];
    const before = snapshotOf(
      connections(1),
      sections.map((section, i) =>
        family(`sora_connection_${String.fromCharCode(97 + i)}`, [column(1)], section),
      ),
    );
    for (let kept = 1; kept <= sections.length; kept++) {
      const { after } = chosenOf([before], { seriesPerTarget: kept });
      expect(after[0]!.families.map(({ section }) => section)).toEqual(sections.slice(0, kept));
    }
  });
});

describe("from poll to poll", () => {
  const poll = (count: number) =>
    snapshotOf(connections(count), [
      family("sora_connection_rtp_packets_total", [column(count)], "rtp"),
      family("sora_connection_turn_messages_total", [column(count)], "turn"),
    ]);
  const names = (one: Chooser, count: number) =>
    one.choose([poll(count)], 0).snapshots[0]!.families.map(({ name }) => name.split("_")[2]);

  test.each(["seriesPerTarget", "seriesPerMetric"] as const)(
    "%s: what had to go comes back at nine tenths of the limit, not at the next poll",
    (bound) => {
      const one = chooser({ [bound]: bound === "seriesPerTarget" ? 200 : 100 });
      const all = ["rtp", "turn"];
      const few = bound === "seriesPerTarget" ? ["rtp"] : [];
      const counts = [100, 101, 100, 99, 91, 99, 90, 91, 100, 101];
      expect(counts.map((count) => names(one, count))).toEqual([
        all,
        few,
        few,
        few,
        few,
        few,
        all,
        all,
        all,
        few,
      ]);
    },
  );

  test("labels that are about as many do not take turns, one that many come to have is shown", () => {
    const one = chooser({ seriesPerMetric: 10 });
    const left = (counts: Record<string, number>) => {
      const columns = Object.entries(counts).map(([name, count]) => column(count, label(name), true));
      const { snapshots } = one.choose([snapshotOf(connections(20), [family(MESSAGES, columns)])], 0);
      return snapshots[0]!.families.flatMap(({ columns }) => columns.map(({ labels }) => labels[0]![1]));
    };
    expect(left({ a: 6, b: 5 })).toEqual(["a"]);
    expect(left({ a: 5, b: 6 })).toEqual(["a"]);
    expect(left({ a: 5, b: 7 })).toEqual(["a"]);
    expect(left({ a: 3, b: 9 })).toEqual(["b"]);
    expect(left({ a: 1, b: 8 })).toEqual(["a", "b"]);
  });

  test("what is dropped is told each time and counted once", () => {
    const one = chooser({ seriesPerTarget: 15 });
    const counts = (snapshots: readonly Snapshot[]) => {
      const { dropped, newlyDropped } = one.choose(snapshots, 0);
      const count = (counts: ReadonlyMap<DropReason, number>) => counts.get("series_per_target") ?? 0;
      return [count(dropped.counts), count(newlyDropped.counts)];
    };
    const statistics = poll(10);
    const report = () => snapshotOf([{}], [family("sora_license_max_nodes", [column(1)])]);
    expect(counts([statistics, report()])).toEqual([10, 10]);
    expect(counts([statistics, report()])).toEqual([10, 0]);
    const same = [poll(10), report()];
    expect(counts(same)).toEqual([10, 10]);
    expect(counts(same)).toEqual([10, 0]);
    expect(counts([poll(5)])).toEqual([0, 0]);
  });
});

const anyLimits = fc.record({
  seriesPerTarget: fc.integer({ min: 1, max: 80 }),
  seriesPerMetric: fc.integer({ min: 1, max: 12 }),
});

test("what stays was there with its value, no bound is passed, and what went is counted", () => {
  fc.assert(
    fc.property(fc.array(anySnapshots, { minLength: 1, maxLength: 4 }), anyLimits, (polls, bounds) => {
      const one = chooser(bounds);
      for (const before of polls) {
        const { snapshots: after, dropped } = one.choose(before, 0);
        const all = seriesOf(before);
        const left = seriesOf(after);
        for (const [key, value] of left) expect([key, value]).toEqual([key, all.get(key)]);
        expect(after.reduce((sum, { series }) => sum + series, 0)).toBe(left.size);
        expect(left.size).toBeLessThanOrEqual(bounds.seriesPerTarget);
        const byName = Object.groupBy([...left.keys()], (key) => key.split(" ")[0]!);
        for (const keys of Object.values(byName))
          expect(keys!.length).toBeLessThanOrEqual(bounds.seriesPerMetric);
        const counted = [...dropped.counts.values()].reduce((sum, n) => sum + n, 0);
        expect(left.size + counted).toBe(all.size);
        expect(dropped.first === undefined).toBe(counted === 0);
      }
    }),
    { numRuns: 300 },
  );
});

test("but for labels that users choose, a metric is whole or absent", () => {
  fc.assert(
    fc.property(anySnapshots, anyLimits, (before, bounds) => {
      const { snapshots: after } = chooser(bounds).choose(before, 0);
      const own = (snapshots: readonly Snapshot[]) =>
        Map.groupBy(
          [...seriesOf(snapshots).keys()].filter((key) => !/ (label|path)=/.test(key)),
          (key) => key.split(" ")[0],
        );
      const all = own(before);
      for (const [name, keys] of own(after))
        expect([name, keys.length]).toEqual([name, all.get(name)!.length]);
    }),
    { numRuns: 300 },
  );
});

test("the same series again are the same choice, as objects if they come as the same ones", () => {
  fc.assert(
    fc.property(anySnapshots, anyLimits, (before, bounds) => {
      const one = chooser(bounds);
      const first = one.choose(before, 0).snapshots;
      const copies = before.map((snapshot) => ({ ...snapshot }));
      expect(seriesOf(one.choose(copies, 1).snapshots)).toEqual(seriesOf(first));
      for (const [i, snapshot] of one.choose(before, 2).snapshots.entries()) expect(snapshot).toBe(first[i]);
    }),
    { numRuns: 300 },
  );
});

test("numbers of series that change by little change nothing of what is there", () => {
  const names = ["rtp", "turn", "sctp", "dtls", "cc"];
  const poll = (counts: readonly number[]) =>
    snapshotOf(
      connections(1200),
      names.map((section, i) =>
        family(`sora_connection_${section}_x_total`, [column(counts[i]!, [], true)], section),
      ),
    );
  const near = fc.integer({ min: 1000, max: 1010 });
  const counts = fc.tuple(near, near, near, near, near);
  fc.assert(
    fc.property(
      fc.array(counts, { minLength: 2, maxLength: 10 }),
      fc.integer({ min: 1010, max: 5050 }),
      (polls, limit) => {
        const one = chooser({ seriesPerTarget: limit });
        const shown = polls.map((all) => one.choose([poll(all)], 0).snapshots[0]!.families.length);
        // At most one more has to go, and none comes back.
        for (const [i, number] of shown.entries())
          if (i > 0) expect(number).toBeLessThanOrEqual(shown[i - 1]!);
        expect(shown[0]! - shown.at(-1)!).toBeLessThanOrEqual(1);
      },
    ),
  );
});
