import { describe, expect, test } from "vitest";
import { DEFAULT_BUILD_LIMITS, SnapshotBuilder } from "../../src/snapshot/build.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { buildOnce, connection, exposition } from "../support/build.ts";
import { samplesOf } from "../support/parse.ts";

/** Series of a snapshot as `connection name{labels} value`, without identity and info metrics. */
function seriesOf(snapshot: Snapshot): string[] {
  return samplesOf(exposition([snapshot]), "prometheus-text")
    .filter(({ name }) => !name.endsWith("_info"))
    .map(({ name, labels, value }) => {
      const { target, channel_id, connection_id, ...rest } = labels;
      expect([target, channel_id]).toEqual(["t", "ch"]);
      return `${connection_id!} ${name.replace("sora_connection_", "")}${JSON.stringify(rest)} ${value}`;
    })
    .sort();
}

const MANY_LABELS = { ...DEFAULT_BUILD_LIMITS, dataChannelLabels: 2000 };

describe("connections that cannot be exported", () => {
  test.each([
    ["null", null, "not_an_object"],
    ["a number", 5, "not_an_object"],
    ["an array", [], "not_an_object"],
    ["an empty object", {}, "no_connection_id"],
    ["no connection_id", { channel_id: "ch", rtp: { total_sent: 1 } }, "no_connection_id"],
    ["an empty connection_id", connection({}, { connection_id: "" }), "no_connection_id"],
    ["a number as connection_id", connection({}, { connection_id: 5 }), "no_connection_id"],
    ["no channel_id", { connection_id: "C9" }, "no_channel_id"],
    ["null as channel_id", connection({}, { channel_id: null }), "no_channel_id"],
    [
      "a connection_id for the second time",
      connection({ rtp: { total_sent: 7 } }),
      "duplicate_connection_id",
    ],
  ])("%s is left out and counted, its neighbours stay", (_, bad, reason) => {
    const good = [
      connection({ rtp: { total_sent: 3 } }),
      connection({ rtp: { total_sent: 4 } }, { connection_id: "C2" }),
    ];
    const built = buildOnce([good[0], bad, good[1]]);
    expect([...built.connections.counts]).toEqual([[reason, 1]]);
    expect(built.connections.first).toBe(`element 1 of the answer (${reason})`);
    expect(seriesOf(built.snapshot)).toEqual(["C1 sent_packets_total{} 3", "C2 sent_packets_total{} 4"]);
  });

  test("two ids that look the same on the wire are one", () => {
    const built = buildOnce([
      connection({}, { connection_id: "\ud800" }),
      connection({}, { connection_id: "\ud801" }),
    ]);
    expect([...built.connections.counts]).toEqual([["duplicate_connection_id", 1]]);
  });

  test("ids that were no UTF-8 are not trusted, other strings of such an answer are", () => {
    const answer = [
      connection({}, { connection_id: "a\u{fffd}" }),
      connection({ x: "\u{fffd}", rtp: { total_sent: 1 } }),
    ];
    expect(buildOnce(answer).connections.counts.size).toBe(0);
    const built = buildOnce(answer, false);
    expect([...built.connections.counts]).toEqual([["invalid_utf8", 1]]);
    expect(seriesOf(built.snapshot)).toEqual(["C1 sent_packets_total{} 1"]);
  });
});

describe("values that cannot be exported", () => {
  test.each([
    ["a string", { total_sent: "12" }, "not_a_number"],
    ["true", { total_sent: true }, "not_a_number"],
    ["an array", { total_sent: [1] }, "array"],
    ["a negative counter", { total_sent: -1 }, "negative"],
    ["a counter above 2^53 - 1", { total_sent: 2 ** 53 }, "too_large"],
    ["a counter beyond all measure", { total_sent: 1.797e308 }, "too_large"],
    ["a number beyond every float", { total_sent: JSON.parse("1e999") as number }, "not_finite"],
    ["a string where a new total is", { total_new: "12" }, "not_a_number"],
  ])("%s is left out and counted, its neighbours stay", (_, fields, reason) => {
    const built = buildOnce([connection({ rtp: { ...fields, total_received: 5 } })]);
    expect([...built.values.counts]).toEqual([[reason, 1]]);
    expect(built.values.first).toBe(`connection "C1": rtp.${Object.keys(fields)[0]!} (${reason})`);
    expect(seriesOf(built.snapshot)).toEqual(["C1 received_packets_total{} 5"]);
  });

  test.each([
    ["a null section", { rtp: null }],
    ["an absent section", {}],
    ["a null field", { rtp: { total_sent: null } }],
    ["a string that no rule expects", { rtp: { codec: "OPUS" } }],
    ["an empty section", { rtp: {} }],
  ])("%s is not zero and no mistake", (_, sections) => {
    const built = buildOnce([connection(sections)]);
    expect(built.values.counts.size).toBe(0);
    expect(seriesOf(built.snapshot)).toEqual([]);
  });

  test("gauges that are huge or negative are exported as they are, and a counter up to 2^53 - 1", () => {
    const cc = { round_trip_time: -1.5, target_bitrate: 2 ** 70 };
    const built = buildOnce([connection({ rtp: { total_sent: Number.MAX_SAFE_INTEGER }, cc })]);
    expect(seriesOf(built.snapshot)).toEqual([
      "C1 cc_round_trip_time{} -1.5",
      `C1 cc_target_bitrate{} ${2 ** 70}`,
      "C1 sent_packets_total{} 9007199254740991",
    ]);
  });

  test("the bound of a counter is that of the number as Sora sends it, whatever it is divided by", () => {
    const state = (ms: number) => connection({ ice_connection_state: { total_checking_duration_ms: ms } });
    expect([...buildOnce([state(2 ** 53)]).values.counts]).toEqual([["too_large", 1]]);
    expect(seriesOf(buildOnce([state(2 ** 53 - 1)]).snapshot)).toEqual([
      'C1 ice_state_seconds_total{"state":"checking"} 9007199254740.99',
    ]);
  });

  test("a tree that is too deep ends where it is too deep", () => {
    let deep: object = { total_x: 1 };
    for (let i = 0; i < 5000; i++) deep = { a: deep };
    const built = buildOnce([connection({ deep, rtp: { total_sent: 1 } })]);
    expect([...built.values.counts]).toEqual([["too_deep", 1]]);
    expect(seriesOf(built.snapshot)).toEqual(["C1 sent_packets_total{} 1"]);
  });

  test.each([
    ["a string", "x"],
    ["true", true],
  ])("%s where a section is expected is left out and counted", (_, section) => {
    const built = buildOnce([
      connection({ turn: section, simulcast: { r0: section }, rtp: { total_sent: 1 } }),
    ]);
    expect([...built.values.counts]).toEqual([["not_an_object", 2]]);
    expect(seriesOf(built.snapshot)).toEqual(["C1 sent_packets_total{} 1"]);
  });
});

describe("fields that no rule knows", () => {
  const fields = (prefix: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, i]));

  test("are bounded; those that a rule knows, and labels, are not", () => {
    const labels = Object.fromEntries(
      Array.from({ length: 1200 }, (_, i) => [`#${i}`, { max_retransmits: i, total_new: i }]),
    );
    const built = new SnapshotBuilder("t", MANY_LABELS).build(
      [connection({ data_channel: labels, foo: fields("total_f", 1200) })],
      0,
    );
    expect([...built.values.counts]).toEqual([["too_many_fields", 201]]);
    expect(built.snapshot.unknownPaths).toHaveLength(1000);
    expect(seriesOf(built.snapshot)).toHaveLength(1200 + 1200 + 999);
  });

  test("make room when they are gone", () => {
    const builder = new SnapshotBuilder("t");
    const build = (prefix: string) => builder.build([connection({ foo: fields(prefix, 900) })], 0);
    expect(build("a").values.counts.size).toBe(0);
    expect(build("b").values.counts.get("too_many_fields")).toBe(800);
    const third = build("b");
    expect(third.values.counts.size).toBe(0);
    expect(third.snapshot.unknownPaths).toHaveLength(900);
  });
});

describe("fields", () => {
  test("two spellings of one field in one connection count once", () => {
    const built = buildOnce([
      connection({
        rtp: { total_pli_trigger: 4 },
        rtcp: { total_pli_trigger: 4 },
        rtp_hdr_ext: { total_sent_rtp_hdr_ext_video_timeing: 6, total_sent_rtp_hdr_ext_video_timing: 6 },
        rtp_hdrext: { total_sent_rtp_hdrext_video_timing: 6 },
      }),
    ]);
    expect(seriesOf(built.snapshot)).toEqual([
      "C1 rtcp_pli_triggers_total{} 4",
      'C1 rtp_sent_header_extensions_total{"extension":"video_timing"} 6',
    ]);
  });

  test("units are converted by division", () => {
    const built = buildOnce([
      connection({
        ice_connection_state: { total_checking_duration_ms: 372, total_disconnected_duration_ms: 1_234_567 },
        data_channel: { "#a": { max_packet_life_time: 1501 } },
        foo: { total_bar_us: 1_500_003, wait_ms: 7 },
      }),
    ]);
    expect(seriesOf(built.snapshot)).toEqual([
      'C1 data_channel_max_packet_life_time_seconds{"label":"#a"} 1.501',
      "C1 foo_bar_seconds_total{} 1.500003",
      "C1 foo_wait_seconds{} 0.007",
      'C1 ice_state_seconds_total{"state":"checking"} 0.372',
      'C1 ice_state_seconds_total{"state":"disconnected"} 1234.567',
    ]);
  });

  test("keys that mean something to JavaScript are keys", () => {
    const answer = JSON.parse(
      '[{"channel_id":"ch","connection_id":"C1","__proto__":{"total_x":1},"constructor":{"total_y":2},' +
        '"data_channel":{"__proto__":{"max_retransmits":3}},"rtp":{"total_sent":4}}]',
    ) as unknown[];
    expect(seriesOf(buildOnce(answer).snapshot)).toEqual([
      "C1 constructor_y_total{} 2",
      'C1 data_channel_max_retransmits{"label":"__proto__"} 3',
      'C1 proto_x_total{"path":"__proto__.total_x"} 1',
      "C1 sent_packets_total{} 4",
    ]);
  });

  test("what some connections lack is absent there, whatever the order of the keys", () => {
    const built = buildOnce([
      connection({ rtp: { total_sent: 1, total_received: 2 } }, { connection_id: "A" }),
      connection(
        { rtp: { total_received: 3 }, network_status: { unstable_level: 0 } },
        { connection_id: "B" },
      ),
      connection(
        { network_status: { unstable_level: 2 }, rtp: { total_received: 4, total_sent: 5 } },
        { connection_id: "C" },
      ),
    ]);
    expect(seriesOf(built.snapshot)).toEqual([
      "A received_packets_total{} 2",
      "A sent_packets_total{} 1",
      "B received_packets_total{} 3",
      "B unstable_level{} 0",
      "C received_packets_total{} 4",
      "C sent_packets_total{} 5",
      "C unstable_level{} 2",
    ]);
    expect(built.snapshot.series).toBe(7);
  });

  test("strings and booleans of a data channel are on its info metric, ids with the row", () => {
    const built = buildOnce([
      connection(
        {
          data_channel: {
            "#x": { ordered: true, protocol: 'p"', direction: "sendrecv", compress: false },
            push: {},
          },
        },
        { client_id: "user 1", bundle_id: null },
      ),
    ]);
    expect(built.snapshot.rows).toEqual([
      { channelId: "ch", connectionId: "C1", clientId: "user 1", bundleId: "" },
    ]);
    const ids = { target: "t", channel_id: "ch", connection_id: "C1" };
    expect(samplesOf(exposition([built.snapshot]), "prometheus-text")).toEqual([
      {
        name: "sora_connection_data_channel_info",
        labels: {
          ...ids,
          label: "#x",
          direction: "sendrecv",
          ordered: "true",
          compress: "false",
          protocol: 'p"',
        },
        value: 1,
      },
      {
        name: "sora_connection_data_channel_info",
        labels: { ...ids, label: "push", direction: "", ordered: "", compress: "", protocol: "" },
        value: 1,
      },
    ]);
  });
});

test("labels that differ in halves of surrogate pairs alone have one info series", () => {
  const data_channel = {
    "\ud800": { ordered: true },
    "\ud801": { ordered: false },
    "\u{fffd}": {},
    "#a": {},
  };
  const infos = samplesOf(
    exposition([buildOnce([connection({ data_channel })]).snapshot]),
    "prometheus-text",
  );
  expect(infos.map(({ labels }) => [labels["label"], labels["ordered"]])).toEqual([
    ["\u{fffd}", "true"],
    ["#a", ""],
  ]);
});

describe("poll after poll", () => {
  test("a connection that left is gone, and an earlier snapshot does not change", () => {
    const builder = new SnapshotBuilder("t");
    const first = builder.build(
      [connection({ rtp: { total_sent: 1 } }), connection({}, { connection_id: "C2" })],
      0,
    ).snapshot;
    const before = exposition([first]);
    const second = builder.build(
      [connection({ rtp: { total_sent: 8 } }, { connection_id: "C2" })],
      1,
    ).snapshot;
    expect(seriesOf(second)).toEqual(["C2 sent_packets_total{} 8"]);
    expect(builder.build([], 2).snapshot.series).toBe(0);
    expect(exposition([first])).toBe(before);
  });

  test("keys that come and go do not add up for ever, and numbers stay right", () => {
    const builder = new SnapshotBuilder("t", MANY_LABELS);
    for (let poll = 0; poll < 30; poll++) {
      const data_channel = Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`#${poll}-${i}`, { max_retransmits: i }]),
      );
      const built = builder.build([connection({ data_channel, foo: { total_bar: poll } })], poll);
      expect(built.values.counts.size).toBe(0);
      expect(built.snapshot.series).toBe(1000 + 1000 + 1);
      expect(seriesOf(built.snapshot)).toContain(`C1 foo_bar_total{} ${poll}`);
      expect(seriesOf(built.snapshot)).toContain(
        `C1 data_channel_max_retransmits{"label":"#${poll}-999"} 999`,
      );
    }
    expect(builder.rememberedKeys).toBeLessThan(20_000);
  });

  test("what was told apart by its path stays so from poll to poll", () => {
    const builder = new SnapshotBuilder("t");
    const answer = [connection({ a: { b_c: 1 }, a_b: { c: 2 } })];
    const expected = ['C1 a_b_c{"path":"a_b.c"} 2', "C1 a_b_c{} 1"];
    expect(seriesOf(builder.build(answer, 0).snapshot)).toEqual(expected);
    expect(seriesOf(builder.build(answer, 1).snapshot)).toEqual(expected);
  });
});
