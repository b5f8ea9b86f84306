/** Which connections there are, and how they end. */

import { expect, test } from "vitest";
import { START_MS } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora } from "./support.ts";

const DISCONNECT = "Sora_20151104.Disconnect";

async function statsIds({ call }: Sora): Promise<string[]> {
  const { json } = await call("Sora_20171101.GetStatsAllConnections", { local: false });
  return (json as Listed[]).map(({ connection_id }) => connection_id);
}

const ids = (connections: readonly Listed[]): string[] =>
  connections.map(({ connection_id }) => connection_id);

test("the list and the statistics tell of the same connections", async () => {
  const sora = await startSora({ nodes: 3 });
  for (const seconds of [90, 400, 20_000]) {
    sora.at(seconds);
    expect(ids(await list(sora))).toEqual(await statsIds(sora));
  }
});

test("a connection is listed as what it joined as, and when", async () => {
  const sora = await startSora({ connections: 200, nodes: 2 });
  const all = await list(sora);
  const plans = new Map(sora.simulator.world.members().map(({ plan }) => [plan.connectionId, plan]));
  expect(all.length).toBeGreaterThan(150);
  const sessions = new Map<string, string>();
  for (const listed of all) {
    const plan = plans.get(listed.connection_id)!;
    const sent = plan.videoCodec === null ? false : { bit_rate: plan.videoKbps, codec_type: plan.videoCodec };
    const video = plan.sends ? sent : { bit_rate: 500, codec_type: "VP9" };
    const audio = { codec_type: "OPUS" };
    expect(listed).toMatchObject({ role: plan.role, simulcast: plan.simulcast, audio, video });
    expect(listed.spotlight).toBe(plan.slot.kind === "spotlight");
    expect(listed.node_name).toBe(`sora${plan.slot.node + 1}@192.0.2.${plan.slot.node + 11}`);
    expect(Math.floor(listed.created_time / 1_000)).toBe(START_MS + plan.life.joinTick * 1_000);
    expect(listed.created_time).toBeLessThanOrEqual((START_MS + 90_000) * 1_000);
    expect(sessions.get(listed.channel_id) ?? listed.session_id, "one session a channel").toBe(
      listed.session_id,
    );
    sessions.set(listed.channel_id, listed.session_id!);
  }
  expect(new Set(sessions.values()).size).toBe(sessions.size);
  // Who sends audio alone, and nobody else, has no video.
  const without = all.filter(({ video }) => video === false);
  expect(without.length).toBeGreaterThan(0);
  expect(without.filter(({ role }) => role === "recvonly")).toEqual([]);
  expect(all.filter(({ role }) => role === "recvonly").length).toBeGreaterThan(0);
});

test("local is the asked node's part, unless it is false", async () => {
  const sora = await startSora({ nodes: 3 });
  for (const body of [null, {}, { local: true }]) {
    const { json } = await sora.call("Sora_20201013.ListConnections", body);
    expect((json as Listed[]).length).toBeGreaterThan(0);
    expect(new Set((json as Listed[]).map(({ node_name }) => node_name))).toEqual(
      new Set(["sora1@192.0.2.11"]),
    );
  }
  expect(new Set((await list(sora)).map(({ node_name }) => node_name)).size).toBe(3);
  const all = await sora.call("Sora_20201013.ListChannelConnections", { channel_id: "sora", local: false });
  expect(all.json).toEqual(await list(sora, "sora"));
});

test("a channel's list is the channel's", async () => {
  const sora = await startSora();
  const { json } = await sora.call("Sora_20201013.ListChannelConnections", { channel_id: "sora" });
  expect(json).toEqual(await list(sora, "sora"));
  expect((json as Listed[]).length).toBeGreaterThan(1);
  const nobody = await sora.call("Sora_20201013.ListChannelConnections", { channel_id: "nobody" });
  expect(nobody).toEqual({ status: 200, json: [] });
});

test("DisconnectChannel ends the channel on all nodes and no other, and its places are taken again later", async () => {
  const sora = await startSora({ nodes: 2 });
  const before = await list(sora);
  await sora.call(`${DISCONNECT}Channel`, { channel_id: "sora", reason: { by: "test" } });
  const after = await list(sora);
  expect(after).toEqual(before.filter(({ channel_id }) => channel_id !== "sora"));
  expect(await statsIds(sora)).toEqual(ids(after));
  const gone = new Set(ids(before.filter(({ channel_id }) => channel_id === "sora")));
  sora.at(1_000);
  const later = await list(sora, "sora");
  expect(later.length).toBeGreaterThan(gone.size / 2);
  expect(later.filter(({ connection_id }) => gone.has(connection_id))).toEqual([]);
  expect(later[0]!.session_id).not.toBe(before.find(({ channel_id }) => channel_id === "sora")!.session_id);
});

test("who was disconnected does not come back, whatever the steps", async () => {
  const worlds = [await startSora({ seed: 4 }), await startSora({ seed: 4 })];
  const [victim] = await list(worlds[0]!, "sora");
  for (const sora of worlds) {
    const body = { channel_id: "sora", connection_id: victim!.connection_id };
    expect((await list(sora, "sora"))[0]).toEqual(victim);
    await sora.call(`${DISCONNECT}Connection`, body);
  }
  for (const seconds of [91, 130, 500, 1_291, 1_292]) {
    worlds[0]!.at(seconds);
    expect(ids(await list(worlds[0]!))).not.toContain(victim!.connection_id);
  }
  worlds[1]!.at(1_292);
  expect(await statsIds(worlds[1]!)).toEqual(await statsIds(worlds[0]!));
});

test("DisconnectConnection ends one, and only in its channel", async () => {
  const sora = await startSora();
  const before = await list(sora);
  const { connection_id } = before.find(({ channel_id }) => channel_id === "sora")!;
  await sora.call(`${DISCONNECT}Connection`, { channel_id: "elsewhere", connection_id });
  expect(await list(sora)).toEqual(before);
  await sora.call(`${DISCONNECT}Connection`, { channel_id: "sora", connection_id });
  expect(await list(sora)).toEqual(before.filter((one) => one.connection_id !== connection_id));
});

test("DisconnectClient ends all connections that share the client's id", async () => {
  const sora = await startSora({ connections: 200 });
  const before = await list(sora);
  const shares = (a: Listed, b: Listed): boolean =>
    a.channel_id === b.channel_id && a.client_id === b.client_id;
  const one = before.find((a) => before.some((b) => a !== b && shares(a, b)))!;
  await sora.call(`${DISCONNECT}Client`, { channel_id: one.channel_id, client_id: one.client_id });
  const after = await list(sora);
  expect(after).toEqual(before.filter((other) => !shares(one, other)));
  expect(after.length).toBeLessThanOrEqual(before.length - 2);
});

test("DisconnectChannelByRole ends those of one role", async () => {
  const sora = await startSora();
  const before = await list(sora);
  await sora.call("Sora_20201120.DisconnectChannelByRole", { channel_id: "sora", role: "sendrecv" });
  const gone = before.filter(({ channel_id, role }) => channel_id === "sora" && role === "sendrecv");
  expect(gone.length).toBeGreaterThan(0);
  expect(await list(sora)).toEqual(before.filter((one) => !gone.includes(one)));
});

test("to disconnect nobody is no error", async () => {
  const sora = await startSora();
  const before = await list(sora);
  const bodies = { Channel: {}, Client: { client_id: "nobody" }, Connection: { connection_id: "NOBODY" } };
  for (const [what, rest] of Object.entries(bodies)) {
    const body = { channel_id: "nowhere", ...rest };
    expect(await sora.call(DISCONNECT + what, body)).toEqual({ status: 200, json: body });
  }
  expect(await list(sora)).toEqual(before);
});
