/** A real Prometheus scrapes the exporter on the simulator, and is then asked for values that the simulator knows. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { everyCall, type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { lacks } from "../support/tools.ts";
import { sentBy } from "../support/read-only.ts";

interface Connection {
  channel_id: string;
  connection_id: string;
  client_id: string;
  rtp: { total_received: number; total_sent_byte_size: number };
  ice_connection_state: { total_checking_duration_ms: number };
  network_status: { unstable_level: number };
  simulcast: Record<string, { rtp: { total_received_rtp: number } }>;
}

describe.skipIf(lacks("prometheus"))("Prometheus", () => {
  let now = Date.UTC(2026, 0, 1);
  let simulator: Simulator;
  let exporter: RunningExporter;
  let prometheus: Prometheus;
  let url: string;
  let query: Prometheus["query"];
  let scrapes: Prometheus["scrapes"];

  beforeAll(async () => {
    const world = { seed: 3, channels: 4, connections: 40, nodes: 2, form: "2024", startMs: now } as const;
    simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => now });
    exporter = await runExporter([
      { name: "sim", url: simulator.url, intervalMs: 500, timeoutMs: 500, calls: everyCall(500) },
    ]);
    prometheus = await startPrometheus(exporter.url);
    ({ url, query, scrapes } = prometheus);
  });

  afterAll(async () => {
    await prometheus.close();
    await Promise.all([exporter.close(), simulator.close()]);
  });

  function byConnection(result: { metric: Record<string, string>; value: number }[], label?: string) {
    return new Map(
      result.map(({ metric, value }) => [
        `${metric["connection_id"]!}${label ? ` ${metric[label]!}` : ""}`,
        value,
      ]),
    );
  }

  function answer(): Connection[] {
    return simulator.world.connections({ local: false }) as Connection[];
  }

  test("takes every scrape, and what it says then is what the simulator says", async () => {
    for (let i = 0; i < 4; i++) {
      now += 30_000;
      await scrapes(1);
    }
    // The clock stands still from here: two polls later everything that is scraped is of this moment.
    await exporter.polls("sim", 2);
    await scrapes(2);
    const connections = answer();
    expect(connections.length).toBeGreaterThan(20);

    expect((await query("min_over_time(up{job='sora'}[1h])"))[0]?.value).toBe(1);
    expect(byConnection(await query("sora_connection_received_packets_total"))).toEqual(
      new Map(connections.map((c) => [c.connection_id, c.rtp.total_received])),
    );
    expect(byConnection(await query("sora_connection_ice_state_seconds_total{state='checking'}"))).toEqual(
      new Map(
        connections.map((c) => [c.connection_id, c.ice_connection_state.total_checking_duration_ms / 1000]),
      ),
    );
    expect(byConnection(await query("sora_connection_unstable_level"))).toEqual(
      new Map(connections.map((c) => [c.connection_id, c.network_status.unstable_level])),
    );
    expect(byConnection(await query("sora_connection_simulcast_rtp_received_packets_total"), "rid")).toEqual(
      new Map(
        connections.flatMap((c) =>
          Object.entries(c.simulcast).map(([rid, { rtp }]) => [
            `${c.connection_id} ${rid}`,
            rtp.total_received_rtp,
          ]),
        ),
      ),
    );
  });

  test("sums by channel, whatever characters its name has, and joins with the info metric", async () => {
    const connections = answer();
    const sums = new Map<string, number>();
    for (const { channel_id, rtp } of connections) {
      sums.set(channel_id, (sums.get(channel_id) ?? 0) + rtp.total_sent_byte_size);
    }
    expect([...sums.keys()].join("")).toMatch(/["\\<]/);
    const result = await query("sum by (channel_id) (sora_connection_sent_bytes_total)");
    expect(new Map(result.map(({ metric, value }) => [metric["channel_id"], value]))).toEqual(sums);
    const joined = await query(
      "sora_connection_unstable_level * on (target, connection_id) group_left (client_id) sora_connection_info",
    );
    expect(new Map(joined.map(({ metric }) => [metric["connection_id"], metric["client_id"]]))).toEqual(
      new Map(connections.map((c) => [c.connection_id, c.client_id])),
    );
  });

  test("understands every query of the README, and all but that for trouble find something", async () => {
    const block = /```promql\n(.*?)```/s.exec(
      readFileSync(new URL("../../README.md", import.meta.url), "utf8"),
    )![1]!;
    const queries = block
      .replaceAll(/^#.*\n/gm, "")
      .trim()
      .split("\n\n");
    expect(queries).toHaveLength(6);
    for (const one of queries) {
      const result = await query(one.replace('channel_id="sora"', 'channel_id!=""'));
      if (!one.endsWith("> 0")) expect([one, result.length > 0]).toEqual([one, true]);
    }
  });

  test("answers what dashboards and alerts for the official exporter ask", async () => {
    for (const promql of [
      "sora_ongoing_connections_total / sora_license_max_connections",
      "sora_license_expired_at_timestamp_seconds - sora_time_seconds",
      'rate(sora_connections_total{state="created"}[1m])',
      "sum by (client) (rate(sora_client_type_total[1m]))",
      "count(sora_cluster_node == 1) / count(sora_cluster_node)",
      'sora_cluster_raft_state{state="leader"} and on (target) sora_up == 1',
      "rate(sora_srtp_sent_bytes_total[1m]) * 8",
      "sum by (node_name) (rate(sora_cluster_relay_sent_bytes_total[1m]))",
      "sora_erlang_vm_memory_total",
      "sora_average_setup_time_seconds < 10",
    ]) {
      expect([promql, (await query(promql)).length > 0]).toEqual([promql, true]);
    }
  });

  test("tells connections by role and codec, as the simulator does", async () => {
    const listed = (await (
      await fetch(simulator.url, {
        method: "POST",
        headers: { "x-sora-target": "Sora_20201013.ListConnections", ...sentBy("integration/prometheus") },
        body: '{"local":false}',
      })
    ).json()) as { role: string; node_name: string }[];
    const expected = new Map<string, number>();
    for (const { role, node_name } of listed)
      expected.set(`${role} ${node_name}`, (expected.get(`${role} ${node_name}`) ?? 0) + 1);
    const result = await query("sum by (role, node_name) (sora_target_connections)");
    expect(
      new Map(result.map(({ metric, value }) => [`${metric["role"]} ${metric["node_name"]}`, value])),
    ).toEqual(expected);
  });

  test("knows types, units and helps", async () => {
    const response = await fetch(`${url}/api/v1/metadata`);
    const { data } = (await response.json()) as {
      data: Record<string, { type: string; help: string; unit: string }[]>;
    };
    expect(data["sora_connection_sent_bytes"]).toEqual([
      { type: "counter", help: "Bytes of RTP and RTCP packets sent together", unit: "bytes" },
    ]);
    expect(data["sora_exporter_poll_duration_seconds"]?.[0]).toMatchObject({
      type: "histogram",
      unit: "seconds",
    });
    const types = Object.entries(data).filter(([name]) => name.startsWith("sora_connection_"));
    expect(types.length).toBeGreaterThan(70);
    expect(types.filter(([, metadata]) => !["counter", "gauge"].includes(metadata[0]!.type))).toEqual([]);
  });

  test("a connection that left is gone from the next scrape", async () => {
    const before = answer();
    now += 600_000;
    await exporter.polls("sim", 2);
    await scrapes(2);
    const ids = new Set(answer().map(({ connection_id }) => connection_id));
    const left = before.filter(({ connection_id }) => !ids.has(connection_id));
    expect(left.length).toBeGreaterThan(0);
    expect(new Set(byConnection(await query("sora_connection_info")).keys())).toEqual(ids);
  });
});

test.skipIf(lacks("promtool"))(
  "promtool has nothing to say about what the exporter shows, but for names that others chose",
  async () => {
    const start = Date.now();
    const world = {
      seed: 1,
      channels: 5,
      connections: 50,
      nodes: 3,
      form: "2024",
      startMs: start - 300_000,
    } as const;
    const simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => start });
    const exporter = await runExporter([
      { name: "sim", url: simulator.url, intervalMs: 500, timeoutMs: 500, calls: everyCall(500) },
    ]);
    try {
      await exporter.polls("sim", 2);
      await until(async () =>
        (await exporter.scrape()).some(({ name }) => name === "sora_erlang_vm_run_queue"),
      );
      const exposition = await (await fetch(`${exporter.url}/metrics`)).text();
      expect(exposition).toContain("sora_connection_unstable_level{");
      const { stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
        input: exposition,
        encoding: "utf8",
      });
      expect(stdout).toBe("");
      expect(stderr.trim().split("\n")).toEqual([
        'sora_cluster_raft_commit_index counter metrics should have "_total" suffix',
        'sora_cluster_raft_term counter metrics should have "_total" suffix',
        // Sora limits bits, and so does everybody who speaks of video.
        'sora_connection_video_bit_rate_limit_bits_per_second use base unit "bytes" instead of "bits"',
        'sora_erlang_vm_context_switches counter metrics should have "_total" suffix',
        'sora_erlang_vm_exact_reductions_total_exact_reductions counter metrics should have "_total" suffix',
        'sora_erlang_vm_io_input counter metrics should have "_total" suffix',
        'sora_erlang_vm_io_output counter metrics should have "_total" suffix',
        'sora_erlang_vm_memory_total non-counter metrics should not have "_total" suffix',
        'sora_erlang_vm_reductions_total_reductions counter metrics should have "_total" suffix',
        'sora_ongoing_connections_total non-counter metrics should not have "_total" suffix',
        "sora_srtp_sent_sfu_delay_us_total metric names should not contain abbreviated units",
      ]);
    } finally {
      await exporter.close();
      await simulator.close();
    }
  },
);
