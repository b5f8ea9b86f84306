import { describe, expect, test } from "vitest";
import { draftReport, type ReportContext } from "../../src/calls/report.ts";
import { ALL_GROUPS } from "../support/exporter.ts";
import { CONTEXT, sample, seriesOf } from "./support.ts";

const NO_GROUPS = { client: false, connectionError: false, erlangVm: false, cluster: false };

function draft(report: object, changes: Partial<ReportContext> = {}) {
  const context = { ...CONTEXT, groups: ALL_GROUPS, url: undefined, ...changes };
  return draftReport(report as Readonly<Record<string, unknown>>, context);
}

describe("groups", () => {
  const all = seriesOf(draft(sample("stats-report")).snapshot);

  test.each([
    ["client", /^counter sora_client_type_total\{/],
    ["connectionError", /^counter sora_connection_error_total\{/],
    ["erlangVm", /^\w+ sora_erlang_vm_/],
    ["cluster", /^\w+ sora_cluster_/],
  ] as const)("%s is there only where it is asked for, and nothing else changes", (group, names) => {
    const without = seriesOf(
      draft(sample("stats-report"), { groups: { ...ALL_GROUPS, [group]: false } }).snapshot,
    );
    expect(without).toEqual(all.filter((series) => !names.test(series)));
    expect(without.length).toBeLessThan(all.length);
  });

  test("without any, what is left out is no mistake", () => {
    const { snapshot, values } = draft(sample("stats-report"), { groups: NO_GROUPS });
    expect(snapshot.series).toBe(39);
    expect(values.counts.size).toBe(0);
    expect(
      draft({ erlang_vm: { memory: [] }, cluster_relay: 5 }, { groups: NO_GROUPS }).values.counts.size,
    ).toBe(0);
  });
});

test("with several addresses each series says whose it is", () => {
  const { snapshot } = draft(sample("stats-report"), { url: "http://192.0.2.11:3000/" });
  const series = seriesOf(snapshot);
  expect(series.length).toBeGreaterThan(70);
  for (const one of series) expect(one).toContain('url="http://192.0.2.11:3000/"');
});

test("a setup time in milliseconds is one in seconds, also where it is not round", () => {
  expect(seriesOf(draft({ average_setup_time_msec: 372 }).snapshot)).toEqual([
    "gauge sora_average_setup_time_seconds 0.372",
  ]);
});

test("client types that nobody knew are exported under their own names", () => {
  const { snapshot } = draft({
    sora_client: {
      total_successful_sora_client_type: { sora_c_sdk: 1, "brand new\n": 2, sora_sdk: 3 },
      total_failed_sora_client_type: {},
    },
  });
  expect(seriesOf(snapshot)).toEqual([
    'counter sora_client_type_total{client="c_sdk",state="successful"} 1',
    'counter sora_client_type_total{client="brand new\\n",state="successful"} 2',
    'counter sora_client_type_total{client="sora_sdk",state="successful"} 3',
  ]);
});

test("what Sora adds is named by the general rule, and is in no sum of what was there", () => {
  const { snapshot } = draft({
    total_pending_connections: 1,
    total_session_paused: 2,
    total_new_thing_byte_size: 3,
    section: { depth_ms: 1500, "ke-y": 4 },
  });
  expect(seriesOf(snapshot)).toEqual([
    "counter sora_report_new_thing_bytes_total 3",
    "counter sora_report_pending_connections_total 1",
    "gauge sora_report_section_depth_seconds 1.5",
    'gauge sora_report_section_ke_y{path="section.ke-y"} 4',
    "counter sora_report_session_paused_total 2",
  ]);
  expect(snapshot.unknownPaths).toEqual([
    "total_pending_connections",
    "total_session_paused",
    "total_new_thing_byte_size",
    "section.depth_ms",
    "section.ke-y",
  ]);
});

test("two fields that would be one series are not both exported", () => {
  const { snapshot, values } = draft({ a: { b_c: 1 }, a_b: { c: 2 } });
  expect(seriesOf(snapshot)).toEqual(["gauge sora_report_a_b_c 1"]);
  expect([...values.counts]).toEqual([["duplicate", 1]]);
});

test("absent is absent, and what is malformed costs nothing else", () => {
  expect(draft({}).snapshot.series).toBe(0);
  const { snapshot, values } = draft({
    version: 5,
    total_received_srtp: "7",
    total_sent_srtp: -1,
    total_decrypted_srtp: 9,
    average_duration_sec: null,
    total_duration_sec: Infinity,
    erlang_vm: { statistics: { text: "x", list: [1], run_queue: 1 }, memory: "lots" },
    cluster: { raft_state: 7, raft_term: 2 },
    cluster_relay: [
      null,
      {},
      { node_name: "n", total_sent: 1, total_received: "x" },
      { node_name: "n", total_sent: 2 },
    ],
    __proto__: { total_x: 1 },
  });
  expect(seriesOf(snapshot)).toEqual(
    [
      'counter sora_cluster_relay_sent_packets_total{node_name="n"} 1',
      "counter sora_cluster_raft_term 2",
      "gauge sora_erlang_vm_run_queue 1",
      "counter sora_srtp_decrypted_packets_total 9",
    ].sort((a, b) => (a.split(" ")[1]! < b.split(" ")[1]! ? -1 : 1)),
  );
  expect(Object.fromEntries(values.counts)).toEqual({
    malformed: 2,
    not_a_number: 2,
    negative: 1,
    not_finite: 1,
    not_an_object: 1,
    no_name: 1,
    duplicate: 1,
  });
  expect(values.first).toBe("version (malformed)");
  const sections = draft({ error: "no", sora_client: [1], cluster: null, erlang_vm: 7, version: ["x"] });
  expect(Object.fromEntries(sections.values.counts)).toEqual({ not_an_object: 3, array: 1, malformed: 1 });
});

test("nesting and numbers of unknown fields are bounded", () => {
  let deep: object = { x: 1 };
  for (let i = 0; i < 100; i++) deep = { d: deep };
  expect(draft(deep).values.counts.get("too_deep")).toBe(1);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]));
  const { snapshot, values } = draft(many);
  expect([snapshot.series, values.counts.get("too_many_fields")]).toEqual([200, 100]);
});
