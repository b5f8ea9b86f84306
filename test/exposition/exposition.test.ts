import { Sums } from "../../src/sums/sums.ts";
import { describe, expect, test } from "vitest";
import type { Format, OwnFamily } from "../../src/exposition/compose.ts";
import { encode } from "../support/encode.ts";
import { SnapshotBuilder } from "../../src/snapshot/build.ts";
import { buildOnce, connection, exposition } from "../support/build.ts";
import { parseExposition, samplesOf } from "../support/parse.ts";
import { reference } from "./reference.ts";

const FORMATS: readonly Format[] = ["prometheus-text", "openmetrics"];

function text(own: readonly OwnFamily[], format: Format): string {
  return encode(own, [], format).toString();
}

describe("escaping", () => {
  const hostile = 'a"b\\c\nd,e="f"} 1\n# EOF\n<img src=x onerror=alert(1)> 日本\r\u2028\u0000';

  test.each(FORMATS)("%s: every label value that users choose survives", (format) => {
    const { snapshot } = buildOnce([
      {
        channel_id: hostile,
        connection_id: `${hostile}1`,
        data_channel: { [`#${hostile}`]: { max_retransmits: 1, protocol: `${hostile}4` } },
        simulcast: { [hostile]: { rtp: { total_received_rtp: 2 } } },
        [hostile]: { total_x: 3 },
      },
    ]);
    const samples = samplesOf(exposition([snapshot], format), format);
    expect(samples).toHaveLength(4);
    for (const { labels } of samples) {
      expect([labels["channel_id"], labels["connection_id"]]).toEqual([hostile, `${hostile}1`]);
    }
    const values = samples.flatMap(({ labels }) => Object.values(labels));
    for (const value of [`${hostile}4`, `#${hostile}`, hostile]) {
      expect(values).toContain(value);
    }
  });

  test("HELP escapes quotes in OpenMetrics only", () => {
    const family: OwnFamily = { name: "a", help: 'x "y" \\ z\n!', type: "gauge", samples: [] };
    expect(text([family], "prometheus-text")).toContain('# HELP a x "y" \\\\ z\\n!\n');
    expect(text([family], "openmetrics")).toContain('# HELP a x \\"y\\" \\\\ z\\n!\n');
  });
});

describe("families", () => {
  test("a counter loses _total in the head alone, a unit is told where the name tells one", () => {
    const { snapshot } = buildOnce([
      connection({ rtp: { total_sent_byte_size: 5 }, network_status: { unstable_level: 1 } }),
    ]);
    expect(exposition([snapshot], "openmetrics")).toBe(
      [
        "# HELP sora_connection_sent_bytes Bytes of RTP and RTCP packets sent together",
        "# TYPE sora_connection_sent_bytes counter",
        "# UNIT sora_connection_sent_bytes bytes",
        'sora_connection_sent_bytes_total{target="t",channel_id="ch",connection_id="C1"} 5',
        "# HELP sora_connection_unstable_level How unstable the network of the connection is now, from 0 (stable) to 3 (worst)",
        "# TYPE sora_connection_unstable_level gauge",
        'sora_connection_unstable_level{target="t",channel_id="ch",connection_id="C1"} 1',
        "# EOF",
        "",
      ].join("\n"),
    );
    expect(exposition([snapshot], "prometheus-text")).toContain(
      "# TYPE sora_connection_sent_bytes_total counter\nsora_connection_sent_bytes_total{",
    );
  });

  test("a counter whose name without _total is that of a histogram's sample is called the same in both formats", () => {
    const answer = [connection({ cc: { round_trip_time: 5 }, total_cc_round_trip_time_count: 7 })];
    const snapshots = new Sums("t").add(buildOnce(answer).snapshot, 0);
    const text = exposition(snapshots, "openmetrics");
    expect(text).toContain("# TYPE sora_target_cc_round_trip_time histogram\n");
    expect(text).toContain("# TYPE sora_target_cc_round_trip_time_count_total unknown\n");
    parseExposition(text, "openmetrics");
  });

  test("a counter whose name without _total is a gauge's is called the same in both formats", () => {
    const { snapshot } = buildOnce([connection({ foo: { active: 1, total_active: 2 } })]);
    const families = parseExposition(exposition([snapshot], "openmetrics"), "openmetrics");
    expect(families.get("sora_connection_foo_active")?.type).toBe("gauge");
    expect(families.get("sora_connection_foo_active_total")).toMatchObject({
      type: "unknown",
      samples: [{ value: 2 }],
    });
    const plain = parseExposition(exposition([snapshot]), "prometheus-text");
    expect(plain.get("sora_connection_foo_active_total")).toMatchObject({
      type: "counter",
      samples: [{ value: 2 }],
    });
  });

  test("histograms keep their buckets, with bounds as each format writes them", () => {
    const samples = [
      { name: "h_bucket", labels: [["le", "1"]] as const, value: 2 },
      { name: "h_bucket", labels: [["le", "+Inf"]] as const, value: 3 },
      { name: "h_sum", labels: [], value: 0.1 + 0.2 },
      { name: "h_count", labels: [], value: 3 },
    ];
    const family: OwnFamily = { name: "h", help: "x", type: "histogram", samples };
    const lines = (bound: string) =>
      `# HELP h x\n# TYPE h histogram\nh_bucket{le="${bound}"} 2\nh_bucket{le="+Inf"} 3\nh_sum 0.30000000000000004\nh_count 3\n`;
    expect(text([family], "prometheus-text")).toBe(lines("1"));
    expect(text([family], "openmetrics")).toBe(`${lines("1.0")}# EOF\n`);
  });

  test.each(FORMATS)("%s: the same family of two targets is one block", (format) => {
    const snapshots = ["a", "b"].map(
      (target, i) => new SnapshotBuilder(target).build([connection({ rtp: { total_sent: i } })], 0).snapshot,
    );
    const families = parseExposition(exposition(snapshots, format), format);
    const family = families.get(
      format === "openmetrics" ? "sora_connection_sent_packets" : "sora_connection_sent_packets_total",
    );
    expect(family?.samples.map(({ labels, value }) => [labels["target"], value])).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
  });

  test("no targets, no connections", () => {
    expect(exposition([])).toBe("");
    expect(exposition([buildOnce([]).snapshot], "openmetrics")).toBe("# EOF\n");
  });
});

test.each(FORMATS)("%s: an exposition of many chunks is what the obvious encoder writes", (format) => {
  const answer = Array.from({ length: 3000 }, (_, i) =>
    connection(
      {
        rtp: { total_sent: i * 1_234_567, ...(i % 3 === 0 && { total_received: i }) },
        rtcp: { total_sent_rtcp_sr: i, total_sent_rtcp_rr: i % 2 },
        ice_connection_state: { total_checking_duration_ms: i },
        data_channel: { [`#${i % 5}`]: { max_retransmits: i, protocol: "é" } },
      },
      { connection_id: `C"${i}`, client_id: `ü${i}` },
    ),
  );
  const { snapshot } = buildOnce(answer);
  expect(encode([], [snapshot], format).toString() === reference([], [snapshot], format)).toBe(true);
});
