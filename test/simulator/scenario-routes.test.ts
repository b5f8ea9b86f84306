import { Agent, request } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SCENARIOS } from "../../src/simulator/scenarios.ts";
import type { Simulator } from "../../src/simulator/server.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import type { Answer } from "./reading.ts";
import { leaves, options, START_MS } from "./reading.ts";
import { sentBy } from "../support/read-only.ts";

const NAMES = Object.keys(SCENARIOS);
const ALL = '{"local":false}';
const ANY_PORT = { host: "127.0.0.1", port: 0 };

let simulator: Simulator;
let nowMs: number;
let waited: number[];
let agent: Agent;

beforeEach(async () => {
  nowMs = START_MS + 100_000;
  waited = [];
  agent = new Agent();
  simulator = await startSimulator({
    ...ANY_PORT,
    otherNodes: [ANY_PORT],
    world: options({ nodes: 3 }),
    nowMs: () => nowMs,
    wait: (ms) => Promise.resolve(waited.push(ms)),
  });
});
afterEach(async () => {
  await agent.close();
  await simulator.close();
});

async function ask(node: number, body = ALL, target = "Sora_20171101.GetStatsAllConnections") {
  const response = await request(simulator.urls[node]!, {
    method: "POST",
    body,
    headers: { "x-sora-target": target, ...sentBy("simulator/scenario-routes") },
    dispatcher: agent,
  });
  return { status: response.statusCode, json: (await response.body.json()) as Answer[] };
}

async function scenario(body?: string | object, node = 0) {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const response = await request(`${simulator.urls[node]!}/-/scenario`, {
    ...(text === undefined ? {} : { method: "POST", body: text }),
    headers: sentBy("simulator/scenario-routes"),
    dispatcher: agent,
  });
  return { status: response.statusCode, json: (await response.body.json()) as Record<string, unknown> };
}

const ids = (connections: readonly Answer[]): string[] =>
  connections.map(({ connection_id }) => connection_id);

test("the scenario that is on is told with those that can be had", async () => {
  const { status, json } = await scenario();
  expect(status).toBe(200);
  expect(json).toEqual({
    scenario: "normal",
    since: "2024-06-01T00:00:00.000Z",
    scenarios: Object.entries(SCENARIOS).map(([scenario, description]) => ({ scenario, description })),
  });
});

test("a scenario is set, and told by every node until it ends", async () => {
  const set = await scenario({ scenario: "lossy-channel", channel_id: "support-desk", for: "1m30s" });
  expect(set.status).toBe(200);
  expect(set.json).toMatchObject({
    scenario: "lossy-channel",
    channel_id: "support-desk",
    since: "2024-06-01T00:01:40.000Z",
    until: "2024-06-01T00:03:10.000Z",
    then: "calm",
  });
  nowMs += 89_999;
  expect((await scenario(undefined, 1)).json).toEqual(set.json);
  nowMs += 1;
  const { json } = await scenario();
  expect(json).toMatchObject({ scenario: "calm", since: "2024-06-01T00:03:10.000Z" });
  expect(json).not.toHaveProperty("until");
  expect(json).not.toHaveProperty("channel_id");
});

test.each([
  ["{", "the body must be JSON"],
  ["", "the body must be JSON"],
  ["[]", "the body must be a JSON object"],
  ["{}", `scenario must be one of ${NAMES.join(", ")}, not undefined`],
  ['{"scenario":"calmer\\n"}', `scenario must be one of ${NAMES.join(", ")}, not "calmer\\n"`],
  ['{"scenario":"toString"}', `scenario must be one of ${NAMES.join(", ")}, not "toString"`],
  [
    '{"scenario":"calm","channel":"sora"}',
    'unknown key "channel": known are scenario, channel_id, for, delay, license_file',
  ],
  [
    '{"scenario":"license-nearly-used-up","license_file":true}',
    "license_file must be good or broken, not true",
  ],
  ['{"scenario":"lossy-channel","channel_id":1}', "channel_id must be a string"],
  ['{"scenario":"lossy-channel","channel_id":"nowhere"}', 'no channel "nowhere"'],
  [
    '{"scenario":"api-slow","delay":3}',
    'delay must be a duration from 1ms to 1d, such as "60s" or "1m30s", not 3',
  ],
  [
    '{"scenario":"calm","for":"0s"}',
    'for must be a duration from 1ms to 1d, such as "60s" or "1m30s", not "0s"',
  ],
  [
    '{"scenario":"calm","for":"2d"}',
    'for must be a duration from 1ms to 1d, such as "60s" or "1m30s", not "2d"',
  ],
])("%s is refused, and changes nothing", async (body, error) => {
  const { status, json } = await scenario(body);
  expect(status).toBe(400);
  expect(json).toEqual({ error, scenarios: NAMES });
  expect((await scenario()).json["scenario"]).toBe("normal");
});

test("every node that has an address answers its own connections, and all the same for the cluster", async () => {
  expect(simulator.urls).toHaveLength(2);
  expect(simulator.url).toBe(simulator.urls[0]);
  const [first, second] = [await ask(0, "{}"), await ask(1, "{}")];
  expect(first.json).toEqual(
    JSON.parse(JSON.stringify(simulator.world.connections({ local: true, node: 0 }))),
  );
  expect(second.json).toEqual(
    JSON.parse(JSON.stringify(simulator.world.connections({ local: true, node: 1 }))),
  );
  expect(ids(first.json).filter((id) => ids(second.json).includes(id))).toEqual([]);
  expect(await ask(1)).toEqual(await ask(0));
});

test("more addresses than nodes are refused", async () => {
  const started = startSimulator({ ...ANY_PORT, otherNodes: [ANY_PORT], world: options() });
  await expect(started).rejects.toThrow(new RangeError("more addresses than nodes: 2"));
});

test("an address that cannot be had is named, and no other is held then", async () => {
  const taken = { host: "127.0.0.1", port: Number(new URL(simulator.url).port) };
  const started = startSimulator({ ...ANY_PORT, otherNodes: [taken], world: options({ nodes: 2 }) });
  await expect(started).rejects.toMatchObject({ address: taken, message: "the port is in use" });
});

test("node-lost: the node's address resets what comes, on connections that were open too", async () => {
  await simulator.close();
  simulator = await startSimulator({
    ...ANY_PORT,
    otherNodes: [ANY_PORT],
    world: options({ nodes: 2 }),
    nowMs: () => nowMs,
  });
  const before = await ask(1);
  const own = ids((await ask(1, "{}")).json);
  await scenario({ scenario: "node-lost", for: "30s" });
  await expect(ask(1)).rejects.toThrow();
  await expect(ask(1)).rejects.toThrow();
  expect(ids((await ask(0)).json)).toEqual(ids(before.json).filter((id) => !own.includes(id)));
  expect((await scenario(undefined, 1)).json["scenario"]).toBe("node-lost");
  const nodes = await ask(0, "", "Sora_20211215.ListClusterNodes");
  expect(nodes.json).toMatchObject([{ connected: true }, { connected: false }]);
  // One of two is no majority.
  const recordings = await ask(0, "", "Sora_20161101.ListStartedRecording");
  expect(recordings).toEqual({ status: 400, json: { error_type: "NOT-CLUSTER-MAJORITY" } });
  expect((await ask(0, "", "Sora_20161101.ListArchiving")).status).toBe(200);
  const report = await ask(0, "", "Sora_20171010.GetStatsReport");
  expect(report.json).toMatchObject({ cluster: { raft_state: "candidate" } });

  nowMs += 30_000;
  expect((await ask(1)).status).toBe(200);
  expect(ids((await ask(0)).json).filter((id) => own.includes(id)).length).toBeGreaterThan(10);
  const leads = await ask(0, "", "Sora_20171010.GetStatsReport");
  expect(leads.json).toMatchObject({ cluster: { raft_state: "leader" } });
  const again = await ask(0, "", "Sora_20211215.ListClusterNodes");
  expect(again.json).toMatchObject([{ connected: true }, { connected: true }]);
});

/** The counters of a report by their paths. */
function totals(report: object): Map<string, number> {
  const counters = [...leaves(report)].filter(
    (leaf): leaf is [string, number] => typeof leaf[1] === "number" && / ?total_[^ ]*$/.test(leaf[0]),
  );
  return new Map(counters.filter(([path]) => !path.startsWith("erlang_vm memory")));
}

test("sfu-restart: every node resets for seconds, then its totals start anew", async () => {
  const report = async () => totals((await ask(0, "", "Sora_20171010.GetStatsReport")).json);
  const before = await report();
  expect(before.get("total_connection_created")).toBeGreaterThan(10);
  expect(before.get("erlang_vm statistics wall_clock total_wallclock_time")).toBe(100_000);
  const old = (await ask(0, "", "Sora_20211215.ListClusterNodes")).json;
  expect(old).toMatchObject([{ epoch: 1, member_since: "2024-05-31T00:00:00.000000Z" }, {}, {}]);
  await scenario({ scenario: "sfu-restart" });
  for (const node of [0, 1]) await expect(ask(node)).rejects.toThrow();
  nowMs += 4_999;
  await expect(ask(0)).rejects.toThrow();
  nowMs += 1;
  expect(await ask(0)).toEqual({ status: 200, json: [] });
  const nodes = (await ask(0, "", "Sora_20211215.ListClusterNodes")).json;
  const member_since = "2024-06-01T00:01:45.000000Z";
  expect(nodes).toMatchObject(Array.from({ length: 3 }, () => ({ epoch: 2, member_since })));
  expect([...(await report())].filter(([, value]) => value !== 0)).toEqual([]);
  nowMs += 20_000;
  expect((await ask(0)).json.length).toBeGreaterThan(30);
});

test("api-slow: every answer of the API takes longer, but not those about scenarios", async () => {
  await scenario({ scenario: "api-slow", for: "1m" });
  expect((await ask(0)).status).toBe(200);
  expect((await ask(1, "", "Sora_1.Nothing")).status).toBe(400);
  expect((await scenario()).json).toMatchObject({ scenario: "api-slow", delay: "8000ms" });
  expect(waited).toEqual([8_000, 8_000]);
  await scenario({ scenario: "api-slow", delay: "3s", for: "1m" });
  await ask(0);
  nowMs += 60_000;
  await ask(0);
  expect(waited).toEqual([8_000, 8_000, 3_000]);
});

test("api-slow: a simulator that is told to stop does not wait for its answers", async () => {
  await simulator.close();
  simulator = await startSimulator({ ...ANY_PORT, world: options(), scenario: { scenario: "api-slow" } });
  const failed = expect(ask(0)).rejects.toThrow();
  // Answered after the call has come in, as it came later on a connection that was opened later.
  await scenario();
  await simulator.close();
  await failed;
});

test("api-refusing: every call of the API is refused, until it ends", async () => {
  await scenario({ scenario: "api-refusing", for: "1m" });
  for (const node of [0, 1]) {
    for (const target of ["Sora_20171101.GetStatsAllConnections", "Sora_20171218.GetLicense", "nonsense"]) {
      expect(await ask(node, "", target)).toEqual({
        status: 400,
        json: { error_type: "NOT-CLUSTER-MAJORITY" },
      });
    }
  }
  nowMs += 60_000;
  expect((await ask(0)).status).toBe(200);
});

test("license-nearly-used-up: the licence says so", async () => {
  await scenario({ scenario: "license-nearly-used-up" });
  const licence = async (name: string) => (await ask(0, "", `Sora_20171218.${name}`)).json as object;
  const own = await licence("GetLicense");
  expect(own).toMatchObject({ expired_at: "2024-06", max_connections: 50 });
  const { json } = await scenario({ scenario: "license-nearly-used-up", license_file: "broken" });
  expect(json).toMatchObject({ license_file: "broken" });
  expect(await licence("UpdateLicense")).toEqual({ error_type: "INVALID-LICENSE-FILE" });
  await scenario({ scenario: "license-nearly-used-up", license_file: "good" });
  const update = (await licence("UpdateLicense")) as { old_license: object; new_license: object };
  expect(update.old_license).toEqual(own);
  expect(update.new_license).toMatchObject({ expired_at: "2026-06", max_connections: 100 });
  expect(await licence("GetLicense")).toEqual(update.new_license);
  expect((await scenario()).json["scenario"]).toBe("license-nearly-used-up");
});

test("a scenario can be on from the start", async () => {
  await simulator.close();
  const world = options();
  simulator = await startSimulator({
    ...ANY_PORT,
    world,
    scenario: { scenario: "calm" },
    nowMs: () => nowMs,
  });
  expect((await scenario()).json).toMatchObject({ scenario: "calm", since: "2024-06-01T00:00:00.000Z" });
});
