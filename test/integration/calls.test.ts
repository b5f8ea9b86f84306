/** All calls together, over loopback, against the simulator. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startReplay } from "../../src/simulator/replay.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { everyCall, NO_CALLS, type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { type FakeSora, hang, startFakeSora } from "../support/fake-sora.ts";
import { find } from "../support/parse.ts";
import { startTap, type Tap } from "../support/tap.ts";
import { sentBy } from "../support/read-only.ts";

/** Long enough for a loaded machine to answer in time three times over, which is how long data stay. */
const INTERVAL_MS = 1000;
const OFTEN = everyCall(INTERVAL_MS);
const PACE = { intervalMs: INTERVAL_MS, timeoutMs: 10_000, calls: OFTEN };
const LOOPBACK = { host: "127.0.0.1", port: 0 };

let nowMs: number;
let simulator: Simulator;
let exporter: RunningExporter | undefined;
let other: FakeSora | Tap | undefined;
let directory: string;

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1, 0, 2);
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  simulator = await startSimulator({
    ...LOOPBACK,
    otherNodes: [LOOPBACK, LOOPBACK],
    world: { seed: 5, channels: 5, connections: 40, nodes: 3, form: "2024", startMs: nowMs - 120_000 },
    nowMs: () => nowMs,
  });
});

afterEach(async () => {
  await exporter?.close();
  await other?.close();
  await simulator.close();
  exporter = other = undefined;
  rmSync(directory, { recursive: true });
});

async function call(operation: string, parameters: object): Promise<number> {
  const { status } = await fetch(simulator.url, {
    method: "POST",
    headers: { "x-sora-target": operation, ...sentBy("integration/calls") },
    body: JSON.stringify(parameters),
  });
  return status;
}

async function scenario(name: string): Promise<void> {
  const { status } = await fetch(`${simulator.url}/-/scenario`, {
    method: "POST",
    headers: sentBy("integration/calls"),
    body: JSON.stringify({ scenario: name }),
  });
  expect(status).toBe(200);
}

/** Waits until every call has been made so many more times. */
async function rounds(more: number, operations: readonly string[] = Object.keys(OPERATIONS)): Promise<void> {
  const count = async () => {
    const samples = await exporter!.scrape();
    const counts = operations.map(
      (operation) => find(samples, "sora_exporter_calls_total", { target: "sim", operation })?.value ?? 0,
    );
    return Math.min(...counts);
  };
  const start = await count();
  await until(async () => (await count()) >= start + more);
}

test("everything that Sora tells is exposed, and agrees with itself", async () => {
  const { channelId } = simulator.world.channels()[0]!;
  expect(await call("Sora_20161101.StartRecording", { channel_id: channelId, expire_time: 600 })).toBe(200);
  exporter = await runExporter([{ name: "sim", url: simulator.url, ...PACE }]);
  await rounds(2);
  const samples = await exporter.scrape();
  const named = (name: string) => samples.filter((sample) => sample.name === name);
  const sum = (name: string) => named(name).reduce((total, { value }) => total + value, 0);

  const connections = named("sora_connection_unstable_level").length;
  expect(connections).toBeGreaterThan(20);
  expect([sum("sora_connection_info"), sum("sora_target_connections")]).toEqual([connections, connections]);
  expect(named("sora_connection_created_timestamp_seconds")).toHaveLength(connections);
  expect(named("sora_connection_info").filter(({ labels }) => labels["role"] === "")).toEqual([]);
  expect(new Set(named("sora_connection_info").map(({ labels }) => labels["node_name"])).size).toBe(3);
  expect(sum("sora_target_channels")).toBe(
    new Set(named("sora_connection_info").map(({ labels }) => labels["channel_id"])).size,
  );
  // The report is one node's, the statistics are the cluster's.
  expect(sum("sora_ongoing_connections_total")).toBeLessThan(connections);
  expect(sum("sora_ongoing_connections_total")).toBeGreaterThan(0);
  expect(named("sora_cluster_node").map(({ value }) => value)).toEqual([1, 1, 1]);
  expect(sum("sora_license_max_connections")).toBeGreaterThan(connections);
  expect(named("sora_recording_active").map(({ labels }) => labels["channel_id"])).toEqual([channelId]);
  expect(named("sora_archiving_seconds").length).toBeGreaterThan(0);
  for (const operation of Object.keys(OPERATIONS)) {
    expect([
      operation,
      find(samples, "sora_exporter_call_success", { target: "sim", operation })?.value,
    ]).toEqual([operation, 1]);
  }
  expect(find(samples, "sora_exporter_unknown_fields")?.value).toBe(0);
  expect(sum("sora_exporter_values_rejected_total")).toBe(0);
  expect(exporter.log.filter(({ level }) => level > 30)).toEqual([]);
});

test("of Sora's operations only those that read are called, in good times and in bad ones", async () => {
  other = await startTap(simulator.url);
  exporter = await runExporter([{ name: "sim", urls: [other.url, simulator.urls[1]!], ...PACE }]);
  await rounds(3);
  for (const name of ["api-refusing", "mass-reconnect", "turn-storm", "sfu-restart"]) {
    await scenario(name);
    await rounds(2, ["GetStatsAllConnections"]);
    await fetch(`${exporter.url}/probe?target=sim`);
    nowMs += 30_000;
    await rounds(2);
  }
  const { targets } = other;
  expect(targets.length).toBeGreaterThan(50);
  expect(new Set(targets)).toEqual(new Set(Object.values(OPERATIONS)));
});

test("a node that is lost is left for another one, which says whose its report is", async () => {
  const [first, , last] = simulator.urls as [string, string, string];
  exporter = await runExporter([{ name: "sim", urls: [`${last}/`, `${first}/`], ...PACE }]);
  const activeUrl = async () =>
    (await exporter!.scrape())
      .filter(({ name }) => name === "sora_exporter_active_url_info")
      .map(({ labels }) => labels["url"]);
  const reported = async () =>
    (await exporter!.scrape())
      .filter(({ name }) => name === "sora_ongoing_connections_total")
      .map(({ labels }) => labels["url"]);
  await rounds(2);
  expect([await activeUrl(), await reported()]).toEqual([[`${last}/`], [`${last}/`]]);
  const whole = (await exporter.scrape()).filter(
    ({ name }) => name === "sora_connection_unstable_level",
  ).length;

  await scenario("node-lost");
  await until(async () => (await activeUrl())[0] === `${first}/`);
  await rounds(2);
  expect(await reported()).toEqual([`${first}/`]);
  const samples = await exporter.scrape();
  expect(find(samples, "sora_up")?.value).toBe(1);
  expect(find(samples, "sora_exporter_failovers_total")?.value).toBe(1);
  expect(
    find(samples, "sora_exporter_poll_failures_total", { target: "sim", reason: "connect" })?.value,
  ).toBe(0);
  expect(samples.filter(({ name }) => name === "sora_connection_unstable_level").length).toBeLessThan(whole);
  expect(samples.filter(({ name }) => name === "sora_cluster_node").map(({ value }) => value)).toEqual([
    1, 1, 0,
  ]);
  expect(exporter.log.filter(({ msg }) => msg.startsWith("another address is asked now"))).toHaveLength(1);

  // Back again: its connections are there, and nobody changes address without need.
  await scenario("normal");
  await rounds(2);
  expect(await activeUrl()).toEqual([`${first}/`]);
  expect(
    (await exporter.scrape()).filter(({ name }) => name === "sora_connection_unstable_level"),
  ).toHaveLength(whole);
});

test("a target that hangs takes nothing from those that work", async () => {
  other = await startFakeSora(hang);
  exporter = await runExporter([
    { name: "hangs", url: other.url, timeoutMs: 80, calls: OFTEN },
    { name: "sim", url: simulator.url, ...PACE },
    { name: "old", url: simulator.urls[1]!, ...PACE },
  ]);
  await rounds(5);
  const samples = await exporter.scrape();
  expect(["hangs", "sim", "old"].map((target) => find(samples, "sora_up", { target })?.value)).toEqual([
    0, 1, 1,
  ]);
  const { value } = find(samples, "sora_exporter_calls_total", {
    target: "hangs",
    operation: "ListConnections",
  })!;
  expect(value).toBeGreaterThan(0);
  const failed = samples.filter(
    ({ name, labels, value }) =>
      name === "sora_exporter_call_failures_total" && labels["target"] === "sim" && value > 0,
  );
  expect(failed).toEqual([]);

  const probe = await fetch(`${exporter.url}/probe?target=sim`);
  const text = await probe.text();
  expect(text).toContain('sora_up{target="sim"} 1');
  expect(text).not.toMatch(/target="(hangs|old)"/);
  expect((await fetch(`${exporter.url}/probe?target=${encodeURIComponent(simulator.url)}`)).status).toBe(404);
  expect(await (await fetch(`${exporter.url}/probe?target=hangs`)).text()).toContain(
    'sora_up{target="hangs"} 0',
  );
});

test("a Sora that has become slow fails its calls, and is itself again within an interval", async () => {
  exporter = await runExporter([{ name: "sim", url: simulator.url, ...PACE, timeoutMs: 1000 }]);
  await rounds(1);
  await scenario("api-slow");
  await until(async () => find(await exporter!.scrape(), "sora_up")?.value === 0);
  const samples = await exporter.scrape();
  expect(
    find(samples, "sora_exporter_poll_failures_total", { target: "sim", reason: "timeout" })?.value,
  ).toBeGreaterThan(0);
  await scenario("normal");
  await until(async () => find(await exporter!.scrape(), "sora_up")?.value === 1);
  await rounds(1);
});

test("what is recorded can be played back, number for number", async () => {
  const record = join(directory, "record.jsonl");
  exporter = await runExporter([{ name: "sim", url: simulator.url, ...PACE }], { record });
  await exporter.polls("sim", 2);
  nowMs += 60_000;
  await exporter.polls("sim", 2);
  await exporter.close();
  const lines = readFileSync(record, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(4);
  expect(statSync(record).mode & 0o777).toBe(0o600);
  const last = JSON.parse(lines.at(-1)!) as { time: { secs_since_epoch: number }; values: object[] };
  expect(last.values).toEqual(JSON.parse(JSON.stringify(simulator.world.connections({ local: false }))));
  expect(Math.abs(last.time.secs_since_epoch - Date.now() / 1000)).toBeLessThan(60);

  const original = await runExporter([{ name: "sim", url: simulator.url, ...PACE, calls: NO_CALLS }]);
  let played: RunningExporter | undefined;
  let replayMs = 0;
  const replay = await startReplay({ ...LOOPBACK, file: record, nowMs: () => replayMs });
  // Past the last record, which stays.
  replayMs += 3_600_000;
  try {
    played = await runExporter([{ name: "sim", url: replay.url, ...PACE, calls: NO_CALLS }]);
    await Promise.all([original.polls("sim", 1), played.polls("sim", 1)]);
    const numbers = async (one: RunningExporter) =>
      (await one.scrape()).filter(({ name }) => name.startsWith("sora_connection_"));
    expect(await numbers(played)).toEqual(await numbers(original));
  } finally {
    await Promise.all([original.close(), played?.close(), replay.close()]);
  }
});

test("a recording that can no longer be written costs a line in the log, and no poll", async () => {
  const gone = join(directory, "gone");
  mkdirSync(gone);
  const record = join(gone, "record.jsonl");
  exporter = await runExporter([{ name: "sim", url: simulator.url, ...PACE }], { record });
  rmSync(gone, { recursive: true });
  await exporter.polls("sim", 3);
  expect(find(await exporter.scrape(), "sora_up")?.value).toBe(1);
  expect(exporter.log.filter(({ msg }) => msg.startsWith("cannot record: ENOENT"))).toHaveLength(1);
  mkdirSync(gone);
  await exporter.polls("sim", 2);
  expect(exporter.log.filter(({ msg }) => msg === "polls are recorded again")).toHaveLength(1);
});

test("a recording that cannot be written from the start is an error at the start", async () => {
  await expect(runExporter([{ name: "sim", url: simulator.url }], { record: directory })).rejects.toThrow(
    "--record: EISDIR",
  );
});
