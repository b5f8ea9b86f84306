/** What a node says of itself: its totals, its licence, and the nodes beside it. */

import fc from "fast-check";
import { request } from "undici";
import { expect, test } from "vitest";
import { answer } from "../../../src/simulator/operations/answer.ts";
import { createWorld } from "../../../src/simulator/world.ts";
import type { World } from "../../../src/simulator/world.ts";
import { answers, leaves, options, read, START_MS } from "../reading.ts";
import type { Listed } from "./support.ts";
import { list, startSora } from "./support.ts";
import { sentBy } from "../../support/read-only.ts";

const REPORT = "Sora_20171010.GetStatsReport";
const LICENSE = "Sora_20171218.";
const NODES = "Sora_20211215.ListClusterNodes";

interface Report {
  sora_client: Record<string, Record<string, number>>;
}

function reportOf(world: World, node = 0): Report {
  return JSON.parse(answer(REPORT, "", { world, node }).body.toString()) as Report;
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** What must hold whatever happened. */
function expectSound(world: World, node: number): void {
  const report = reportOf(world, node);
  const here = answers(world.connections({ local: true, node }));
  const ongoing = read(report, "total_ongoing_connections");
  const created = read(report, "total_connection_created");
  expect(ongoing).toBe(here.length);
  expect(created - read(report, "total_connection_destroyed")).toBe(ongoing);
  expect(read(report, "total_successful_connections")).toBe(created);
  expect(sum(report.sora_client["total_successful_sora_client_type"]!)).toBe(created);
  expect(sum(report.sora_client["total_failed_sora_client_type"]!)).toBe(
    read(report, "total_failed_connections"),
  );
  const live = (path: string): number =>
    here.reduce((total, connection) => total + read(connection, path), 0);
  expect(read(report, "total_received_srtp")).toBeGreaterThanOrEqual(live("rtp total_received_rtp"));
  expect(read(report, "total_sent_srtp_byte_size")).toBeGreaterThanOrEqual(
    live("rtp total_sent_rtp_byte_size"),
  );
  expect(read(report, "total_sent_sctp")).toBeGreaterThanOrEqual(live("sctp total_sent_sctp"));
  expect(read(report, "total_decrypted_srtp")).toBeLessThanOrEqual(read(report, "total_received_srtp"));
  const setup = read(report, "average_setup_time_msec");
  if (created > 0) expect(Math.min(Math.max(setup, 200), 600)).toBe(setup);
  const sessions = read(report, "total_session_created") - read(report, "total_session_destroyed");
  expect(sessions).toBeGreaterThanOrEqual(0);
}

function expectNoFall(before: Report, after: Report): void {
  const earlier = leaves(before);
  for (const [path, value] of leaves(after)) {
    if (typeof value !== "number") continue;
    if (!Number.isSafeInteger(value) || value < 0) expect.fail(`${path} is ${value}`);
    if (!/total_|context_switches|gcs|reclaimed|io /.test(path) || path.includes("ongoing")) continue;
    const was = earlier.get(path);
    if (typeof was === "number" && value < was) expect.fail(`${path} fell from ${was} to ${value}`);
  }
}

test("the report goes with the connections, and its counters never fall, whatever the steps and the commands", () => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 0, max: 5 })), {
        maxLength: 8,
      }),
      (seed, steps) => {
        const world = createWorld(options({ seed, connections: 12, channels: 4, nodes: 2 }));
        let nowMs = START_MS;
        let before = reportOf(world);
        for (const [seconds, command] of steps) {
          nowMs += seconds * 1_000;
          world.advanceTo(nowMs);
          const [first] = world.members();
          if (command === 0 && first !== undefined) world.disconnect(first);
          if (command === 1) world.setScenario({ scenario: "mass-reconnect" }, nowMs);
          expectSound(world, 0);
          expectSound(world, 1);
          const after = reportOf(world);
          expectNoFall(before, after);
          before = after;
        }
        const sessions = [0, 1].map((node) => reportOf(world, node));
        const open = sessions.reduce(
          (total, report) =>
            total + read(report, "total_session_created") - read(report, "total_session_destroyed"),
          0,
        );
        expect(open).toBe(world.channels().filter(({ connections }) => connections > 0).length);
      },
    ),
    { numRuns: 30 },
  );
});

test("second by second, the traffic of whoever left stays in the totals to the packet", () => {
  const world = createWorld(options({ connections: 10 }));
  const last = new Map<string, number>();
  for (let second = 1; second <= 900; second++) {
    world.advanceTo(START_MS + second * 1_000);
    for (const connection of answers(world.connections({ local: true }))) {
      last.set(connection.connection_id, read(connection, "rtp total_received_rtp"));
    }
  }
  const counted = [...last.values()].reduce((total, packets) => total + packets, 0);
  const reported = read(reportOf(world), "total_received_srtp");
  // The last second of those that left in it is nobody's to see.
  expect(reported).toBeGreaterThanOrEqual(counted);
  expect(reported).toBeLessThan(counted * 1.02);
  expect(read(reportOf(world), "total_connection_created")).toBe(last.size);
});

test("a leap leaves about the same totals as single seconds", () => {
  const walked = createWorld(options({ connections: 30 }));
  for (let second = 1; second <= 7_200; second++) walked.advanceTo(START_MS + second * 1_000);
  const leapt = createWorld(options({ connections: 30 }));
  leapt.advanceTo(START_MS + 7_200_000);
  for (const path of ["total_connection_created", "total_connection_destroyed"]) {
    expect(read(reportOf(leapt), path)).toBe(read(reportOf(walked), path));
  }
  for (const path of ["total_received_srtp", "total_sent_srtp", "total_sent_sctp", "total_duration_sec"]) {
    const ratio = read(reportOf(leapt), path) / read(reportOf(walked), path);
    expect(ratio, path).toBeGreaterThan(0.6);
    expect(ratio, path).toBeLessThan(1.6);
  }
});

test("what Erlang says since the last call is since the last call", () => {
  const world = createWorld(options());
  const since = "erlang_vm statistics wall_clock wallclock_time_since_last_call";
  world.advanceTo(START_MS + 60_000);
  expect(read(reportOf(world), since)).toBe(60_000);
  expect(read(reportOf(world), since)).toBe(0);
  world.advanceTo(START_MS + 75_000);
  const report = reportOf(world);
  expect(read(report, since)).toBe(15_000);
  expect(read(report, "erlang_vm statistics wall_clock total_wallclock_time")).toBe(75_000);
});

test("after a restart of all nodes, everything is counted from the beginning", () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 600_000);
  world.setScenario({ scenario: "sfu-restart" }, START_MS + 600_000);
  const wallClock = "erlang_vm statistics wall_clock total_wallclock_time";
  for (const path of [
    "total_connection_created",
    "total_received_srtp",
    "total_session_created",
    wallClock,
  ]) {
    expect(read(reportOf(world), path), path).toBe(0);
  }
  world.advanceTo(START_MS + 700_000);
  expectSound(world, 0);
  expect(read(reportOf(world), wallClock)).toBe(95_000);
  expect(read(reportOf(world), "total_connection_created")).toBeLessThan(100);
});

test("the licence is large enough, and an update brings the one in the file", async () => {
  const sora = await startSora({ connections: 150 });
  const before = (await sora.call(`${LICENSE}GetLicense`)).json as object;
  expect(before).toMatchObject({ expired_at: "2025-06", product_name: "Sora" });
  expect(read(before, "max_connections")).toBeGreaterThan(150);
  expect(before).not.toHaveProperty("max_nodes");
  const update = (await sora.call(`${LICENSE}UpdateLicense`)).json as {
    old_license: object;
    new_license: object;
  };
  expect(update.old_license).toEqual(before);
  expect(update.new_license).toMatchObject({ expired_at: "2026-06" });
  expect((await sora.call(`${LICENSE}GetLicense`)).json).toEqual(update.new_license);
  const again = (await sora.call(`${LICENSE}UpdateLicense`)).json;
  expect(again).toEqual({ old_license: update.new_license, new_license: update.new_license });
});

test("a cluster's licence says how many nodes it is for", async () => {
  const sora = await startSora({ nodes: 5 });
  expect(read((await sora.call(`${LICENSE}GetLicense`)).json as object, "max_nodes")).toBe(5);
});

test("one node is a cluster of one, and several are listed by name", async () => {
  const names = async (nodes: number, form: "2022" | "2024"): Promise<unknown[]> => {
    const { json } = await (await startSora({ nodes, form })).call(NODES);
    return (json as Record<string, unknown>[]).map((node) => node["node_name"] ?? node["cluster_node_name"]);
  };
  const described = (await (await startSora({ nodes: 2 })).call(NODES)).json;
  expect(described).toMatchObject([
    { mode: "normal", temporary_node: false, epoch: 1, sora_version: "2024.1.5" },
    { mode: "normal", temporary_node: false, epoch: 1, sora_version: "2024.1.5" },
  ]);
  expect(await names(1, "2024")).toEqual(["sora1@192.0.2.11"]);
  expect(await names(2, "2022")).toEqual(["sora1@192.0.2.11", "sora2@192.0.2.12"]);
});

test("a node out of reach is not connected, and the others do not know its connections", async () => {
  const sora = await startSora({ nodes: 3 });
  const all = await list(sora);
  sora.simulator.world.setScenario({ scenario: "node-lost" }, START_MS + 90_000);
  const { json } = await sora.call(NODES);
  expect((json as object[])[2]).toEqual({ node_name: "sora3@192.0.2.13", connected: false });
  expect((json as { connected: boolean }[]).map(({ connected }) => connected)).toEqual([true, true, false]);
  const reached = all.filter(({ node_name }) => node_name !== "sora3@192.0.2.13");
  expect(await list(sora)).toEqual(reached);
  await sora.call("Sora_20151104.DisconnectChannel", { channel_id: "sora" });
  sora.simulator.world.setScenario({ scenario: "calm" }, START_MS + 90_000);
  const left = all.filter(
    ({ channel_id, node_name }) => channel_id !== "sora" || node_name === "sora3@192.0.2.13",
  );
  expect(await list(sora)).toEqual(left);
});

test("every node answers for its own connections", async () => {
  const sora = await startSora({ nodes: 2 });
  const response = await request(sora.simulator.url, {
    method: "POST",
    headers: { "x-sora-target": "Sora_20201013.ListConnections", ...sentBy("simulator/operations") },
  });
  const here = (await response.body.json()) as Listed[];
  const { world } = sora.simulator;
  const there = JSON.parse(
    answer("Sora_20201013.ListConnections", "", { world, node: 1 }).body.toString(),
  ) as Listed[];
  const statistics = answers(world.connections({ local: true, node: 1 }));
  expect(there.map(({ connection_id }) => connection_id)).toEqual(statistics.map((one) => one.connection_id));
  expect(new Set([...here, ...there].map(({ connection_id }) => connection_id)).size).toBe(
    (await list(sora)).length,
  );
});
