/** Recordings: started, listed, expired, stopped. */

import { expect, test } from "vitest";
import { startSimulator } from "../../../src/simulator/server.ts";
import { request } from "undici";
import { options, START_MS } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora } from "./support.ts";
import { sentBy } from "../../support/read-only.ts";

const API = "Sora_20161101.";
const START_S = START_MS / 1_000;

interface Archiving extends Listed {
  seconds: number;
}

const ask = async ({ call }: Sora, name: string, body: object | null = null): Promise<unknown> =>
  (await call(API + name, body)).json;
const archiving = async (sora: Sora): Promise<Archiving[]> =>
  (await ask(sora, "ListArchiving")) as Archiving[];

test("a recording is known until it expires", async () => {
  const sora = await startSora();
  const body = { channel_id: "sora", expire_time: 600 };
  const { recording_id } = (await ask(sora, "StartRecording", body)) as { recording_id: string };
  expect(recording_id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  const times = { start: START_S + 90, end: START_S + 690 };
  sora.at(689);
  expect(await ask(sora, "ListStartedRecording")).toEqual([
    { ...body, created_at: times.start, expired_at: times.end, recording_id, split_only: false },
  ]);
  expect(await ask(sora, "GetStartedRecording", { channel_id: "sora" })).toEqual({
    ...body,
    expired_at: times.end,
    start_time: times.start,
  });
  expect((await archiving(sora)).length).toBeGreaterThan(0);
  sora.at(690);
  expect(await ask(sora, "ListStartedRecording")).toEqual([]);
  expect(await archiving(sora)).toEqual([]);
  expect(await sora.call(`${API}GetStartedRecording`, { channel_id: "sora" })).toEqual({
    status: 400,
    json: { error_type: "NOT-STARTED-RECORDING" },
  });
  const again = (await ask(sora, "StartRecording", body)) as { recording_id: string };
  expect(again.recording_id).not.toBe(recording_id);
});

test("a recording without end lasts over any leap, and until it is stopped", async () => {
  const sora = await startSora();
  const split = { channel_id: "sora", expire_time: 0, split_duration: 3_600, split_only: true };
  const { recording_id } = (await ask(sora, "StartRecording", split)) as { recording_id: string };
  sora.at(30 * 86_400);
  expect(await ask(sora, "ListStartedRecording")).toEqual([
    { ...split, created_at: START_S + 90, recording_id },
  ]);
  expect(await ask(sora, "GetStartedRecording", { channel_id: "sora" })).toEqual({
    channel_id: "sora",
    expire_time: 0,
    start_time: START_S + 90,
  });
  expect(await ask(sora, "StopRecording", { channel_id: "sora" })).toEqual({ channel_id: "sora" });
  expect(await ask(sora, "ListStartedRecording")).toEqual([]);
});

test("whoever sends in the channel is being recorded, since the recording began or since joining", async () => {
  const sora = await startSora();
  await ask(sora, "StartRecording", { channel_id: "sora", expire_time: 0 });
  for (const seconds of [90, 91, 300]) {
    sora.at(seconds);
    const senders = (await list(sora, "sora")).filter(({ role }) => role !== "recvonly");
    const recorded = await archiving(sora);
    expect(recorded.map(({ connection_id }) => connection_id)).toEqual(
      senders.map(({ connection_id }) => connection_id),
    );
    recorded.forEach((one, at) => {
      const joined = Math.floor(senders[at]!.created_time / 1_000_000) - START_S;
      expect(one.seconds).toBe(seconds - Math.max(90, joined));
      expect(one.video).toEqual(senders[at]!.video);
    });
  }
  const seconds = (await archiving(sora)).map((one) => one.seconds);
  expect(new Set(seconds).size, "some joined later").toBeGreaterThan(1);
});

test("all nodes know of a recording, and each of its own connections that are recorded", async () => {
  const nowMs = START_MS + 90_000;
  const address = { host: "127.0.0.1", port: 0 };
  const simulator = await startSimulator({
    ...address,
    otherNodes: [address],
    world: options({ nodes: 2 }),
    nowMs: () => nowMs,
  });
  const call = async (node: number, name: string, body: object | null = null): Promise<unknown[]> => {
    const text = body === null ? null : JSON.stringify(body);
    const headers = { "x-sora-target": API + name, ...sentBy("simulator/operations") };
    const response = await request(simulator.urls[node]!, { method: "POST", headers, body: text });
    return (await response.body.json()) as unknown[];
  };
  await call(1, "StartRecording", { channel_id: "sora", expire_time: 60 });
  const lists = [await call(0, "ListStartedRecording"), await call(1, "ListStartedRecording")];
  const recorded = [await call(0, "ListArchiving"), await call(1, "ListArchiving")] as Archiving[][];
  await simulator.close();
  expect(lists[0]).toHaveLength(1);
  expect(lists[1]).toEqual(lists[0]);
  const nodes = new Map(
    simulator.world.members().map(({ plan }) => [plan.connectionId, plan.slot.node] as const),
  );
  recorded.forEach((connections, node) => {
    expect(connections.length).toBeGreaterThan(0);
    for (const { connection_id } of connections) expect(nodes.get(connection_id)).toBe(node);
  });
});

test("one node of two is no majority: recordings are refused until the other is back", async () => {
  const sora = await startSora({ nodes: 2 });
  const body = { channel_id: "sora", expire_time: 0 };
  await ask(sora, "StartRecording", body);
  const { world } = sora.simulator;
  world.setScenario({ scenario: "node-lost" }, world.nowMs);
  const refusal = { error_type: "NOT-CLUSTER-MAJORITY" };
  for (const name of ["StartRecording", "StopRecording", "GetStartedRecording", "ListStartedRecording"]) {
    expect(await ask(sora, name, body), name).toEqual(refusal);
  }
  expect((await archiving(sora)).length).toBeGreaterThan(0);
  world.setScenario({ scenario: "calm" }, world.nowMs);
  expect(await ask(sora, "ListStartedRecording")).toHaveLength(1);
});

test("two nodes of three are a majority, and so is one alone", async () => {
  for (const nodes of [3, 1]) {
    const sora = await startSora({ nodes });
    const { world } = sora.simulator;
    if (nodes > 1) world.setScenario({ scenario: "node-lost" }, world.nowMs);
    const { status } = await sora.call(`${API}StartRecording`, { channel_id: "sora", expire_time: 0 });
    expect(status).toBe(200);
    expect(await ask(sora, "ListStartedRecording")).toHaveLength(1);
  }
});

test("a channel that nobody is in can be recorded, and recordings are in the order of their start", async () => {
  const sora = await startSora();
  for (const channel_id of ["nowhere", "sora"])
    await ask(sora, "StartRecording", { channel_id, expire_time: 9 });
  const started = (await ask(sora, "ListStartedRecording")) as Listed[];
  expect(started.map(({ channel_id }) => channel_id)).toEqual(["nowhere", "sora"]);
});
