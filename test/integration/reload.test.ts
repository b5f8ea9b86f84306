/** A reload while the exporter polls: what goes on, what ends, what begins. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { buildOnce } from "../support/build.ts";
import { configFor, everyCall, type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, type ParsedSample } from "../support/parse.ts";
import { sentBy } from "../support/read-only.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
/** Long enough for a loaded machine to answer in time three times over, which is how long data stay. */
const PACE = { intervalMs: 500, timeoutMs: 5000 };
const SUM = "sora_target_received_packets_total";

let nowMs: number;
let simulator: Simulator;
let exporter: RunningExporter | undefined;
let others: FakeSora[];

beforeEach(async () => {
  others = [];
  nowMs = Date.UTC(2026, 0, 1, 0, 2);
  simulator = await startSimulator({
    ...LOOPBACK,
    world: { seed: 5, channels: 4, connections: 30, nodes: 1, form: "2024", startMs: nowMs - 120_000 },
    nowMs: () => nowMs,
  });
});

afterEach(async () => {
  await exporter?.close();
  await Promise.all([simulator.close(), ...others.map((other) => other.close())]);
  exporter = undefined;
});

type Targets = Parameters<typeof configFor>[0];

/** An exporter, and what makes it reload other targets. */
async function start(targets: Targets, changes: Partial<Config> = {}) {
  let next = configFor(targets, changes);
  const running = await runExporter(targets, changes, () => next);
  exporter = running;
  const reload = async (to: Targets, other: Partial<Config> = changes) => {
    next = configFor(to, other);
    expect(await running.reload()).toEqual({ successful: true, later: [] });
  };
  return { running, reload };
}

async function fake(answer: Parameters<typeof reply>[0] = []): Promise<FakeSora> {
  const sora = await startFakeSora(reply(answer));
  others.push(sora);
  return sora;
}

const namesOf = (samples: readonly ParsedSample[]) =>
  new Set(samples.flatMap(({ labels: { target } }) => (target === undefined ? [] : [target])));

describe("sums", () => {
  /** What the simulator's connections received, by its own words. */
  async function received(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(simulator.url, {
      method: "POST",
      headers: { "x-sora-target": "Sora_20171101.GetStatsAllConnections", ...sentBy("integration/reload") },
      body: JSON.stringify({ local: false }),
    });
    const { snapshot } = buildOnce((await response.json()) as unknown[]);
    const family = snapshot.families.find(({ name }) => name === "sora_connection_received_packets_total")!;
    return new Map(
      family.columns.flatMap(({ rows, values }) =>
        [...values].map((value, i) => [snapshot.rows[rows?.[i] ?? i]!.connectionId, value] as const),
      ),
    );
  }

  /** Sets the clock on, waits for polls of that time, and gives what has come since `before` by the simulator. */
  async function step(before: ReadonlyMap<string, number>) {
    nowMs += 30_000;
    const now = await received();
    let increase = 0;
    for (const [id, value] of now) {
      const last = before.get(id) ?? 0;
      increase += value >= last ? value - last : value;
    }
    await exporter!.polls("sim", 2);
    return { now, increase };
  }

  const sum = async () => find(await exporter!.scrape(), SUM, { target: "sim" })!.value;

  const elsewhere = { url: "http://127.0.0.1:9/" };
  test.each<[string, (sim: Targets[number]) => [Targets, Partial<Config>?]]>([
    ["where nothing changes", (sim) => [[sim]]],
    ["where another target comes", (sim) => [[{ name: "other", ...elsewhere }, sim]]],
    ["where it is polled otherwise", (sim) => [[{ ...sim, intervalMs: 400, timeoutMs: 4000 }]]],
    ["where other headers are sent", (sim) => [[{ ...sim, headers: { authorization: "x" } }]]],
    [
      "where an address comes",
      (sim) => [[{ ...sim, urls: [...(sim as { urls: string[] }).urls, elsewhere.url] }]],
    ],
    ["where other calls are made", (sim) => [[{ ...sim, calls: everyCall(400) }]]],
    ["where other series are chosen", (sim) => [[sim], { levels: ["target"] }]],
  ])("go on as Sora counts, %s", async (_, change) => {
    const sim = { name: "sim", urls: [simulator.url], ...PACE };
    const { reload, running } = await start([sim, { name: "leaves", ...elsewhere }]);
    await running.polls("sim", 1);
    let { now, increase } = await step(await received());
    const first = await sum();
    const stays: [Targets] = [[sim, { name: "leaves", ...elsewhere }]];
    for (const to of [change(sim), stays]) {
      await reload(...to);
      const next = await step(now);
      now = next.now;
      increase += next.increase;
      // What was found first was the baseline: what came in the first step is in the first sum.
      expect(await sum()).toBe(increase);
    }
    expect(increase).toBeGreaterThan(first);
    expect(first).toBeGreaterThan(0);
  });

  test.each<[string, Partial<Targets[number]>, Partial<Config>?]>([
    ["another scope", { local: true }],
    ["none of its addresses", { urls: [] }],
    ["other bounds", {}, { bounds: { cc_round_trip_time: [1], cc_target_bitrate: [1] } }],
  ])("begin anew with %s: nothing is counted that did not come", async (_, change, config) => {
    const sim = { name: "sim", urls: [simulator.url], ...PACE };
    const { reload, running } = await start([sim]);
    await running.polls("sim", 1);
    await step(await received());
    expect(await sum()).toBeGreaterThan(0);
    // The same Sora by another name.
    const urls = change.urls === undefined ? sim.urls : [simulator.url.replace("127.0.0.1", "localhost")];
    await reload([{ ...sim, ...change, urls }], config);
    await running.polls("sim", 1);
    await until(async () => (await sum()) === 0);
    const { increase } = await step(await received());
    expect(increase).toBeGreaterThan(0);
    expect(await sum()).toBe(increase);
  });
});

test("a target that has not changed is polled as before: no poll more, whatever comes and goes beside it", async () => {
  const calm = await fake();
  const slow = {
    name: "slow",
    url: calm.url,
    intervalMs: 600_000,
    timeoutMs: 5000,
    calls: everyCall(600_000),
  };
  const { reload, running } = await start([slow]);
  await until(() => calm.requests.length === 7);
  const busy = await fake();
  for (const names of [["a"], ["a", "b"], ["b"], []]) {
    await reload([...names.map((name) => ({ name, url: busy.url })), slow]);
    for (const name of names) await running.polls(name, 2);
  }
  expect(calm.requests).toHaveLength(7);
});

test("a poll under way of an unchanged target is not given up, one of a changed target is, and is no failure", async () => {
  const hanging = await startFakeSora((response) => setTimeout(() => response.end("[]"), 1500));
  others.push(hanging);
  const patient = { name: "patient", url: hanging.url, intervalMs: 600_000, timeoutMs: 60_000 };
  const { reload, running } = await start([patient, { ...patient, name: "changes" }]);
  await until(() => hanging.requests.length === 1);
  await reload([patient, { ...patient, name: "changes", timeoutMs: 59_000 }]);
  await until(() => hanging.requests.length === 2);
  await until(async () => (await running.scrape()).filter(({ name }) => name === "sora_up").length === 2);
  expect(hanging.requests).toHaveLength(2);
  const failures = (await running.scrape()).filter(
    ({ name, value }) => name === "sora_exporter_poll_failures_total" && value > 0,
  );
  expect(failures).toEqual([]);
});

test("the series of a target that goes end, all of them, and those of one that comes begin", async () => {
  const { reload, running } = await start([
    { name: "stays", url: simulator.url, ...PACE },
    { name: "goes", url: simulator.url, ...PACE, calls: everyCall(400) },
  ]);
  await Promise.all([running.polls("stays", 1), running.polls("goes", 1)]);
  await reload([
    { name: "comes", url: simulator.url, ...PACE },
    { name: "stays", url: simulator.url, ...PACE },
  ]);
  expect(namesOf(await running.scrape())).toEqual(new Set(["comes", "stays"]));
  await running.polls("comes", 1);
  const samples = await running.scrape();
  expect(find(samples, "sora_up", { target: "comes" })?.value).toBe(1);
  expect(find(samples, SUM, { target: "comes" })).toBeDefined();
  expect((await running.status()).map(({ target }) => target)).toEqual(["comes", "stays"]);
  expect((await fetch(`${running.url}/probe?target=goes`)).status).toBe(404);
  expect((await fetch(`${running.url}/probe?target=comes`)).status).toBe(200);
  expect((await fetch(`${running.url}/-/ready`)).status).toBe(200);
});

test("what is said of a changed target's calls, address and scope is said of the new ones alone", async () => {
  const one = { name: "one", url: simulator.url, ...PACE, calls: everyCall(400) };
  const { reload, running } = await start([one]);
  const said = async (name: string) => (await running.scrape()).filter((sample) => sample.name === name);
  await until(async () => (await said("sora_exporter_call_success")).length === 7);
  const polls = find(await running.scrape(), "sora_exporter_polls_total", { target: "one" })!.value;
  const url = simulator.url.replace("127.0.0.1", "localhost");
  await reload([{ ...one, url, local: true, calls: { ...everyCall(0), GetLicense: 400 } }]);
  await until(async () => (await said("sora_exporter_call_success")).length === 2);
  expect((await said("sora_exporter_active_url_info")).map(({ labels }) => labels["url"])).toEqual([url]);
  expect((await said("sora_exporter_scope_info")).map(({ labels }) => labels["scope"])).toEqual(["node"]);
  expect(await said("sora_cluster_up")).toEqual([]);
  const operations = new Set((await said("sora_exporter_calls_total")).map((one) => one.labels["operation"]));
  expect(operations).toEqual(new Set(["GetStatsAllConnections", "GetLicense"]));
  // What counts goes on.
  expect(find(await running.scrape(), "sora_exporter_polls_total", { target: "one" })!.value).toBeGreaterThan(
    polls - 1,
  );
});

test("there is no moment without data where a target's settings change", async () => {
  const one = { name: "one", url: simulator.url, ...PACE, calls: everyCall(400) };
  const { reload, running } = await start([one]);
  const shown = async () => {
    const samples = await running.scrape();
    return ["sora_connection_info", SUM, "sora_license_max_connections"].filter((name) =>
      samples.some((sample) => sample.name === name),
    );
  };
  await until(async () => (await shown()).length >= 2);
  const before = await shown();
  for (let i = 0; i < 5; i++) {
    const reloading = reload([{ ...one, intervalMs: 500 + i, headers: { "x-i": String(i) } }]);
    expect(await shown()).toEqual(before);
    await reloading;
    expect(await shown()).toEqual(before);
  }
});

test("the limit of scrapes and the levels of the log are those that were read last", async () => {
  const { reload, running } = await start([{ name: "one", url: simulator.url, ...PACE }]);
  await running.polls("one", 1);
  const web = configFor([]).web;
  await reload([{ name: "one", url: simulator.url, ...PACE }], {
    web: { ...web, maxRequests: 1 },
    log: { level: "error", format: "json" },
  });
  const lines = running.log.length;
  const statuses = new Set<number>();
  // Scrapes are short, and those of one burst may each end before the next one begins.
  await until(async () => {
    const burst = Array.from({ length: 20 }, async () => {
      const response = await fetch(`${running.url}/metrics`);
      await response.arrayBuffer();
      statuses.add(response.status);
    });
    await Promise.all(burst);
    return statuses.has(503);
  });
  expect([...statuses].sort()).toEqual([200, 503]);
  await reload([{ name: "one", url: simulator.url, ...PACE }]);
  // The line about that reload comes when its level holds.
  expect(running.log.slice(lines).map(({ msg }) => msg)).toEqual(["the configuration is reloaded"]);
});
