/** The choice by name, section and channel. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { draftReport } from "../../src/calls/report.ts";
import { Chooser } from "../../src/choice/chooser.ts";
import type { ChoiceConfig } from "../../src/config/config.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { Sums } from "../../src/sums/sums.ts";
import { CONTEXT, sample } from "../calls/support.ts";
import { buildOnce, connection, fixture } from "../support/build.ts";
import { ALL_GROUPS, DEFAULT_LIMITS, EVERYTHING } from "../support/exporter.ts";
import { anySnapshots, seriesOf } from "./support.ts";

function choose(snapshots: readonly Snapshot[], choice: Partial<ChoiceConfig>): readonly Snapshot[] {
  return new Chooser({ ...EVERYTHING, ...choice }, DEFAULT_LIMITS).choose(snapshots, 0).snapshots;
}

/** Statistics of two channels, their sums, and a report. */
function everything(): Snapshot[] {
  const sections = JSON.parse(fixture("sora/connection-2024.json")) as object;
  const { snapshot } = buildOnce([
    { ...sections, channel_id: "a", connection_id: "A1" },
    { ...sections, channel_id: "a", connection_id: "A2", timestamp_ms: 5 },
    { ...sections, channel_id: "b", connection_id: "B1" },
  ]);
  const report = draftReport(sample("stats-report"), { ...CONTEXT, groups: ALL_GROUPS, url: undefined });
  return [snapshot, ...new Sums("t").add(snapshot, 0), report.snapshot];
}

const namesOf = (snapshots: readonly Snapshot[]) =>
  snapshots.flatMap(({ families }) => families.map(({ name }) => name));

describe("by name", () => {
  test("whole names, at every level and of every call", () => {
    const include = [
      "sora_*_turn_sent_messages_total",
      "sora_channel_cc_round_trip_time",
      "sora_license_*",
      "sora_version_info",
    ];
    expect(namesOf(choose(everything(), { include }))).toEqual([
      "sora_connection_turn_sent_messages_total",
      "sora_channel_turn_sent_messages_total",
      "sora_target_turn_sent_messages_total",
      "sora_channel_cc_round_trip_time",
      "sora_version_info",
    ]);
  });

  test("what is excluded is not included", () => {
    const left = namesOf(
      choose(everything(), { include: ["*_info", "*_sctp_*"], exclude: ["sora_c*_sctp_*"] }),
    );
    expect(left).toContain("sora_connection_data_channel_info");
    expect(left).toContain("sora_target_sctp_sent_bytes_total");
    expect(left.every((name) => /_info$|_sctp_/.test(name) && !/^sora_c.*_sctp_/.test(name))).toBe(true);
  });
});

describe("by section", () => {
  const sectionOf = new Map(
    everything().flatMap(({ families }) => families.map(({ name, section }) => [name, section])),
  );

  test("connections, sums, histograms and numbers of connections all have one", () => {
    expect(sectionOf.get("sora_connection_received_packets_total")).toBe("rtp");
    expect(sectionOf.get("sora_connection_data_channel_info")).toBe("data_channel");
    expect(sectionOf.get("sora_channel_turn_sent_messages_total")).toBe("turn");
    expect(sectionOf.get("sora_target_cc_round_trip_time")).toBe("cc");
    expect(sectionOf.get("sora_target_unstable_level_connections")).toBe("network_status");
    expect(sectionOf.get("sora_connection_timestamp_seconds")).toBeUndefined();
    expect(sectionOf.get("sora_version_info")).toBeUndefined();
    const statistics = [...sectionOf].filter(([name]) => /^sora_(connection|channel|target)_/.test(name));
    const without = statistics.flatMap(([name, section]) => (section === undefined ? [name] : []));
    expect(without).toEqual([
      "sora_connection_timestamp_seconds",
      "sora_channel_joins_total",
      "sora_channel_leaves_total",
      "sora_target_joins_total",
      "sora_target_leaves_total",
      ...without.filter((name) => /_error_/.test(name)),
    ]);
  });

  test("included: what is in no section stays", () => {
    const left = namesOf(choose(everything(), { includeSections: ["cc", "network_status"] }));
    const expected = [...sectionOf].filter(([, section]) =>
      [undefined, "cc", "network_status"].includes(section),
    );
    expect(left.sort()).toEqual(expected.map(([name]) => name).sort());
    expect(expected.length).toBeLessThan(sectionOf.size);
  });

  test.each([
    [{ excludeSections: ["rtp", "turn"] }, (section: string) => section !== "rtp" && section !== "turn"],
    [{ includeSections: ["cc", "rtp"], excludeSections: ["rtp"] }, (section: string) => section === "cc"],
  ])("excluded: %j", (choice, isChosen) => {
    const left = namesOf(choose(everything(), choice));
    const expected = [...sectionOf].filter(([, section]) => section === undefined || isChosen(section));
    expect(left.sort()).toEqual(expected.map(([name]) => name).sort());
    expect(expected.length).toBeLessThan(sectionOf.size);
  });

  test("older spellings belong to the section that is spelled otherwise today", () => {
    const { snapshot } = buildOnce([
      connection({
        rtp_hdrext: { total_received_rtp_hdrext_mid: 1, total_new: 2 },
        rtp: { total_pli_trigger: 3 },
        brand_new: { total_x: 4 },
      }),
    ]);
    expect(snapshot.families.map(({ name, section }) => [name, section])).toEqual([
      ["sora_connection_brand_new_x_total", "brand_new"],
      ["sora_connection_rtcp_pli_triggers_total", "rtcp"],
      ["sora_connection_rtp_hdrext_new_total", "rtp_hdr_ext"],
      ["sora_connection_rtp_received_header_extensions_total", "rtp_hdr_ext"],
    ]);
  });
});

describe("by channel", () => {
  test.each([
    [{ includeChannels: ["a"] }, ["a"]],
    [{ excludeChannels: ["a*"] }, ["b"]],
    [{ includeChannels: ["*"], excludeChannels: ["b"] }, ["a"]],
    [{ includeChannels: ["c"] }, []],
  ])("%j leaves %j and all that is of no channel", (choice, channels) => {
    const before = everything();
    const after = choose(before, choice);
    const stays = (key: string) => {
      const [channel] = / ([ab])( [AB]\d)?$/.exec(key)?.slice(1) ?? [];
      return channel === undefined || channels.includes(channel);
    };
    const expected = [...seriesOf(before)].filter(([key]) => stays(key));
    expect([...seriesOf(after)]).toEqual(expected);
    const { rows } = after[0]!;
    expect([...new Set(rows.map(({ channelId }) => channelId))]).toEqual(channels);
    for (const [i, { series }] of after.entries()) expect(series).toBe(seriesOf([after[i]!]).size);
  });

  test("the sums of the target count all channels", () => {
    const before = everything();
    const target = ({ rows }: Snapshot) => rows.length === 1 && rows[0]!.channelId === undefined;
    expect(choose(before, { includeChannels: ["b"] }).filter(target)).toEqual(before.filter(target));
  });

  test("snapshots that have their rows in common still have", () => {
    const [statistics] = everything();
    const other = { ...statistics!, families: statistics!.families.slice(0, 3) };
    const [a, b] = choose([statistics!, other], { includeChannels: ["a"] });
    expect(a!.rows).toBe(b!.rows);
  });
});

test("where nothing is configured everything is the same object", () => {
  const before = everything();
  const chooser = new Chooser(EVERYTHING, DEFAULT_LIMITS);
  for (const [i, after] of chooser.choose(before, 0).snapshots.entries()) expect(after).toBe(before[i]);
});

test("whatever is chosen was there, with the same value, and twice the same gives the same objects", () => {
  const patterns = (...all: string[]) => fc.subarray(all);
  const sections = () => fc.subarray(["rtp", "network_status", "turn", "data_channel"]);
  const choices: fc.Arbitrary<ChoiceConfig> = fc.record({
    include: patterns("*", "*_total", "sora_connection_*", "sora_target_old"),
    exclude: patterns("*level*", "sora_channel_*_total", "sora_report_*"),
    includeSections: sections(),
    excludeSections: sections(),
    includeChannels: patterns("*", "ch0", "x*"),
    excludeChannels: patterns("ch1", "*2"),
    zero: fc.constantFrom("keep", "omit"),
  });
  fc.assert(
    fc.property(anySnapshots, choices, (before, choice) => {
      const chooser = new Chooser(choice, DEFAULT_LIMITS);
      const { snapshots: after, dropped } = chooser.choose(before, 0);
      const all = seriesOf(before);
      const chosen = seriesOf(after);
      for (const [key, value] of chosen) expect([key, value]).toEqual([key, all.get(key)]);
      expect(after.reduce((sum, { series }) => sum + series, 0)).toBe(chosen.size);
      expect(dropped.counts.size).toBe(0);
      const again = chooser.choose([...before, { ...before[0]!, families: [], series: 0 }], 1).snapshots;
      for (const [i, snapshot] of after.entries()) expect(again[i]).toBe(snapshot);
    }),
  );
});
