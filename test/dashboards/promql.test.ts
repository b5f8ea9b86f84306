/** The reader of queries, and the names it holds them against. */

import { describe, expect, test } from "vitest";
import { oneConnection } from "../../scripts/series.ts";
import { draftClusterNodes } from "../../src/calls/cluster.ts";
import { draftConnections, readListing } from "../../src/calls/connections.ts";
import { draftLicense } from "../../src/calls/license.ts";
import { draftArchives, draftRecordings } from "../../src/calls/recording.ts";
import { draftReport } from "../../src/calls/report.ts";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import { CONTEXT, sample } from "../calls/support.ts";
import { buildOnce, exposition } from "../support/build.ts";
import { encode } from "../support/encode.ts";
import { ALL_GROUPS, ALL_INFO } from "../support/exporter.ts";
import { metricTypes } from "../support/metric-names.ts";
import { parseExposition } from "../support/parse.ts";
import { misused, selectorsIn } from "../support/promql.ts";

describe("selectorsIn", () => {
  test.each([
    ["up", [["up", undefined, undefined]]],
    ["sum(rate(a_total[5m]))", [["a_total", "5m", "rate"]]],
    ["sum by (job, rate) (a)", [["a", undefined, "sum"]]],
    ["sum(a) by (job)", [["a", undefined, "sum"]]],
    [
      "rate(a[$__rate_interval]) * 8 / b",
      [
        ["a", "$__rate_interval", "rate"],
        ["b", undefined, undefined],
      ],
    ],
    [
      "(a) + on (x) group_left (y) b",
      [
        ["a", undefined, undefined],
        ["b", undefined, undefined],
      ],
    ],
    [
      "a and on (x) topk by (x) (1, b offset 5m)",
      [
        ["a", undefined, undefined],
        ["b", undefined, "topk"],
      ],
    ],
    ["rate((a[1h] @ end()))", [["a", "1h", "rate"]]],
    ["max_over_time(rate(a[1m])[5m:1m])", [["a", "1m", "rate"]]],
    [
      '{job="a"} or a{b=~`x"}y`,c!="}"}[1m]',
      [
        ["", undefined, undefined],
        ["a", "1m", undefined],
      ],
    ],
    ["a == bool 0 # rate(b[1m])", [["a", undefined, undefined]]],
  ])("%s", (expr, expected) => {
    expect(selectorsIn(expr).map(({ metric, range, within }) => [metric, range, within])).toEqual(expected);
  });

  test("gives the matchers of each", () => {
    expect(selectorsIn("a{b=~`x}`, c!='y'} + d").map(({ matchers }) => matchers)).toEqual([
      "b=~`x}`,c!='y'",
      "",
    ]);
  });
});

test.each([
  ["sora_connection_no_such_total", ["no metric sora_connection_no_such_total"]],
  ["rate(sora_target_received_bytes[5m])", ["no metric sora_target_received_bytes"]],
  ["sora_target_received_bytes_total > 5", ["counter sora_target_received_bytes_total outside rate"]],
  ["sum(sora_channel_joins_total)", ["counter sora_channel_joins_total outside rate"]],
  ["rate(sum(sora_channel_joins_total)[5m:])", ["counter sora_channel_joins_total outside rate"]],
  ["sora_erlang_vm_context_switches", ["counter sora_erlang_vm_context_switches outside rate"]],
  [
    "sora_exporter_poll_duration_seconds_sum",
    ["counter sora_exporter_poll_duration_seconds_sum outside rate"],
  ],
  ["sora_exporter_poll_duration_seconds", ["no metric sora_exporter_poll_duration_seconds"]],
  ["process_cpu_seconds_total", ["counter process_cpu_seconds_total outside rate"]],
  ["increase(sora_up[5m])", ["gauge sora_up inside increase"]],
  // Its name is that of a counter, but it is none.
  ["rate(sora_ongoing_connections_total[5m])", ["gauge sora_ongoing_connections_total inside rate"]],
  ['{__name__="sora_up"}', ["a selector without a name"]],
  ["sora_ongoing_connections_total + rate(sora_target_joins_total[5m])", []],
  ["histogram_quantile(0.5, sum by (le) (rate(sora_target_cc_round_trip_time_bucket[5m])))", []],
])("misused: %s", (expr, expected) => expect(misused(expr, metricTypes())).toEqual(expected));

test("the names are those that are exposed, with their types", async () => {
  const list = sample("list-connections");
  const own = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  own.addTarget("t", { operations: ["ListClusterNodes"], url: "http://sora/", scope: "cluster" });
  const { connections, values } = buildOnce([]);
  own.pollSucceeded("t", { timeMs: 0, bytes: 2, seconds: 0.1, unknownFields: 0, connections, values });
  own.callSucceeded("t", "ListClusterNodes", 0);
  own.otlpStarted();
  own.configRead(true);
  own.webConfigLoaded(0, 0);
  const listing = readListing(list);
  const drafted = [
    draftReport(sample("stats-report"), { ...CONTEXT, groups: ALL_GROUPS, url: undefined }),
    draftClusterNodes(sample("cluster-nodes"), CONTEXT),
    draftLicense(sample("license"), CONTEXT),
    draftRecordings(sample("started-recording"), CONTEXT),
    draftArchives(sample("archiving"), CONTEXT),
  ].map(({ snapshot }) => snapshot);
  const text =
    exposition([...oneConnection(), ...drafted]) +
    exposition(draftConnections({ ...CONTEXT, connections: undefined, listing }, ALL_INFO)) +
    encode(await own.collect(new Map()), [], "prometheus-text").toString();
  const exposed = new Map<string, string>();
  for (const { name, type, samples } of parseExposition(text, "prometheus-text").values()) {
    for (const one of samples) exposed.set(one.name, type === "histogram" ? "counter" : type);
    expect(name).toMatch(/^sora_/);
  }
  const types = metricTypes();
  // Older versions of Sora alone send these.
  const missing = [...types.keys()].filter((name) => !exposed.has(name));
  expect(missing.filter((name) => !name.includes("_decrypt_skipped_media_"))).toEqual([]);
  expect(Object.fromEntries(exposed)).toEqual(
    Object.fromEntries([...types].filter(([name]) => !missing.includes(name))),
  );
});
