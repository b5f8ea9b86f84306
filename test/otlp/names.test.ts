import { describe, expect, test } from "vitest";
import { arrivesAs, otlpName, otlpNames } from "../../src/otlp/names.ts";
import { allMetrics } from "./all-metrics.ts";

describe("a metric in OTLP", () => {
  test.for([
    ["sora_connection_received_bytes_total", "counter", "sora_connection_received", "By", "sum"],
    [
      "sora_connection_received_packets_total",
      "counter",
      "sora_connection_received_packets",
      "{packet}",
      "sum",
    ],
    ["sora_connection_ice_state_seconds_total", "counter", "sora_connection_ice_state", "s", "sum"],
    ["sora_exporter_response_bytes", "gauge", "sora_exporter_response", "By", "gauge"],
    ["sora_exporter_poll_duration_seconds", "histogram", "sora_exporter_poll_duration", "s", "histogram"],
    ["sora_channel_cc_round_trip_time", "histogram", "sora_channel_cc_round_trip_time", "", "histogram"],
    // Of the unit 1 it would be a ratio.
    ["sora_connection_unstable_level", "gauge", "sora_connection_unstable_level", "", "gauge"],
    ["sora_connection_info", "gauge", "sora_connection_info", "", "gauge"],
    [
      "sora_connection_video_bit_rate_limit_bits_per_second",
      "gauge",
      "sora_connection_video_bit_rate_limit_bits_per_second",
      "",
      "gauge",
    ],
    // Names of the official exporter's: a gauge that ends in _total, a unit that is no base unit, counters that do not say so.
    ["sora_ongoing_connections_total", "gauge", "sora_ongoing_connections_total", "", "gauge"],
    ["sora_srtp_sent_sfu_delay_us_total", "counter", "sora_srtp_sent_sfu_delay_us", "", "sum"],
    ["sora_cluster_raft_term", "counter", "sora_cluster_raft_term", "", "unsteady"],
    [
      "sora_erlang_vm_reductions_total_reductions",
      "counter",
      "sora_erlang_vm_reductions_total_reductions",
      "",
      "unsteady",
    ],
    // The word would be lost in a sum.
    ["sora_connection_foo_total_bar_total", "counter", "sora_connection_foo_total_bar_total", "", "unsteady"],
    // Where the unit stands in the middle as well it is not put behind it.
    ["sora_connection_bytes_of_bytes_total", "counter", "sora_connection_bytes_of_bytes", "By", "sum"],
  ] as const)("%s", ([name, type, expected, unit, kind]) => {
    expect(otlpName(name, type)).toEqual({ name: expected, unit, kind });
    expect(arrivesAs({ name: expected, unit, kind })).toBe(name);
  });

  test("arrives under its own name, whichever of all metrics it is", async () => {
    const all = await allMetrics();
    const names = otlpNames(all);
    expect(all.length).toBeGreaterThan(300);
    for (const { name } of all) expect([name, arrivesAs(names.get(name)!)]).toEqual([name, name]);
    const unsteady = all.filter(({ name, type }) => type === "counter" && names.get(name)!.kind !== "sum");
    expect(unsteady.map(({ name }) => name)).toEqual([
      "sora_erlang_vm_context_switches",
      "sora_erlang_vm_exact_reductions_total_exact_reductions",
      "sora_erlang_vm_io_input",
      "sora_erlang_vm_io_output",
      "sora_erlang_vm_reductions_total_reductions",
      "sora_cluster_raft_term",
      "sora_cluster_raft_commit_index",
    ]);
  });

  test("keeps its full name where another would have the same in OTLP", async () => {
    const names = otlpNames([
      { name: "sora_connection_active_total", type: "counter" },
      { name: "sora_connection_active", type: "gauge" },
      { name: "sora_connection_active_bytes", type: "gauge" },
    ]);
    expect([...names.values()].map(({ name }) => name)).toEqual([
      "sora_connection_active_total",
      "sora_connection_active",
      "sora_connection_active_bytes",
    ]);
    for (const [name, named] of names) expect(arrivesAs(named)).toBe(name);
    const all = [...otlpNames(await allMetrics()).values()];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});
