/** What receivers ask for, of whom: RequestRtpStream, the focus of the spotlight, and its rids. */

import { expect, test } from "vitest";
import { read } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora, statsOf } from "./support.ts";

const SENT = "rtp total_sent_rtp_byte_size";
const received = (rid: string): string => `simulcast ${rid} rtp total_received_rtp`;
const skipped = (rid: string): string => `simulcast ${rid} rtp total_decrypt_skipped_srtp`;

/** Calm channels of two and more: a meeting and a spotlight, each with simulcast senders and with receivers. */
const WORLD = { channels: 4, connections: 60, seed: 32 };

/** How much numbers of a connection grow in some seconds. */
async function growth(
  sora: Sora,
  listed: Listed,
  seconds: readonly [number, number],
  paths: readonly string[],
): Promise<Record<string, number>> {
  sora.at(seconds[0]);
  const before = await statsOf(sora, listed);
  sora.at(seconds[1]);
  const after = await statsOf(sora, listed);
  return Object.fromEntries(paths.map((path) => [path, read(after, path) - read(before, path)]));
}

/** Who stays for so long, in a calm channel of a kind. */
async function cast(
  sora: Sora,
  spotlight: boolean,
  until: number,
): Promise<{ sender: Listed; all: Listed[] }> {
  const { world } = sora.simulator;
  const stays = new Set(
    world
      .members()
      .filter(({ plan }) => plan.life.leaveTick > until)
      .map(({ plan }) => plan.connectionId),
  );
  const calm = world.channels().filter(({ lossy }) => !lossy);
  for (const { channelId } of calm) {
    const all = (await list(sora, channelId)).filter((one) => one.spotlight === spotlight);
    const sender = all.find((one) => one.simulcast && stays.has(one.connection_id));
    const receivers = all.filter(
      ({ role, connection_id }) => role !== "sendonly" && stays.has(connection_id),
    );
    if (sender !== undefined && receivers.length > 1) return { sender, all };
  }
  throw new Error("no such channel");
}

function receiversBut(sender: Listed, all: readonly Listed[]): Listed[] {
  return all.filter((one) => one !== sender && one.role !== "sendonly");
}

const request = (receiver: Listed, rid: string, sender?: Listed): object => ({
  channel_id: receiver.channel_id,
  recv_connection_id: receiver.connection_id,
  ...(sender === undefined ? {} : { send_connection_id: sender.connection_id }),
  rid,
});

test("the layers of a sender that nobody asks for are not decrypted, the one that is asked for is", async () => {
  for (const wanted of ["r0", "r1", "r2"]) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, false, 110);
    for (const receiver of receiversBut(sender, all)) {
      await sora.call("Sora_20201005.RequestRtpStream", request(receiver, wanted, sender));
    }
    const grown = await growth(
      sora,
      sender,
      [92, 94],
      ["r0", "r1", "r2"].flatMap((r) => [received(r), skipped(r)]),
    );
    for (const rid of ["r0", "r1", "r2"]) {
      expect(grown[received(rid)], rid).toBeGreaterThan(0);
      expect(grown[skipped(rid)], rid).toBe(rid === wanted ? 0 : grown[received(rid)]);
    }
  }
});

test("a receiver gets the layer that it asked for until it takes that back", async () => {
  const bytes: Record<string, number> = {};
  for (const rid of ["none", "r0", "r1", "r2", "reset"]) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, false, 130);
    const receiver = receiversBut(sender, all).find(
      ({ connection_id }) =>
        sora.simulator.world.members().find(({ plan }) => plan.connectionId === connection_id)!.plan.life
          .leaveTick > 130,
    )!;
    if (rid !== "none") {
      await sora.call("Sora_20201005.RequestRtpStream", request(receiver, rid === "reset" ? "r0" : rid));
    }
    if (rid === "reset") await sora.call("Sora_20201005.ResetRtpStream", request(receiver, "r0"));
    bytes[rid] = (await growth(sora, receiver, [90, 130], [SENT]))[SENT]!;
  }
  expect(bytes["r1"]).toBeGreaterThan(bytes["r0"]! * 1.02);
  expect(bytes["r2"]).toBeGreaterThan(bytes["r1"]! * 1.02);
  expect(bytes["reset"]).toBe(bytes["none"]);
});

test("where r2 is not sent, who asks for it gets r1", async () => {
  const found: number[] = [];
  for (const rid of ["r1", "r2"]) {
    const sora = await startSora({ channels: 1, connections: 6, seed: 11 });
    const { world } = sora.simulator;
    // From the middle of trouble on, in which senders leave out their highest layer.
    for (let second = 91; second < 2_000; second++) {
      world.advanceTo(world.options.startMs + second * 1_000);
      if (world.members().every(({ network }) => network.level === 2)) break;
    }
    const second = (world.nowMs - world.options.startMs) / 1_000;
    sora.at(second);
    const receivers = (await list(sora)).filter(({ role }) => role !== "sendonly");
    for (const receiver of receivers)
      await sora.call("Sora_20201005.RequestRtpStream", request(receiver, rid));
    found.push((await growth(sora, receivers[0]!, [second, second + 1], [SENT]))[SENT]!);
    const sender = (await list(sora)).find(({ simulcast }) => simulcast)!;
    const grown = await growth(
      sora,
      sender,
      [second + 1, second + 2],
      [skipped("r1"), skipped("r2"), received("r1")],
    );
    expect(grown).toEqual({
      [skipped("r1")]: 0,
      [skipped("r2")]: 0,
      [received("r1")]: expect.any(Number) as number,
    });
  }
  expect(found[0]).toBeGreaterThan(0);
  expect(found[1]).toBe(found[0]);
});

test("a spotlight's receiver gets the one rid of who has the focus, and the other of who has not", async () => {
  const bytes: Record<string, number> = {};
  for (const [focus, unfocus] of [
    ["none", "none"],
    ["r2", "none"],
    ["none", "r2"],
    ["r2", "r2"],
  ]) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, true, 130);
    const [receiver] = receiversBut(sender, all);
    await sora.call("Sora_20211215.RequestSpotlightRid", {
      channel_id: sender.channel_id,
      recv_connection_id: receiver!.connection_id,
      spotlight_focus_rid: focus,
      spotlight_unfocus_rid: unfocus,
    });
    bytes[`${focus} ${unfocus}`] = (await growth(sora, receiver!, [90, 100], [SENT]))[SENT]!;
  }
  const audio = bytes["none none"]!;
  expect(bytes["r2 none"]).toBeGreaterThan(audio);
  expect(bytes["none r2"]).toBeGreaterThan(audio);
  expect(bytes["r2 r2"]).toBeGreaterThan(Math.max(bytes["r2 none"]!, bytes["none r2"]!));
});

test("who is given the focus is sent with the rid that goes with it, alone or in a batch", async () => {
  for (const focused of [true, false]) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, true, 110);
    const channel_id = sender.channel_id;
    const others = receiversBut(sender, all);
    const items = others.map(({ connection_id }) => ({
      recv_connection_id: connection_id,
      send_connection_id: sender.connection_id,
      spotlight_focus_rid: "r1",
      spotlight_unfocus_rid: "none",
    }));
    const body = { channel_id, item_list: [...items, { ...items[0]!, recv_connection_id: "NOBODY" }] };
    const { json } = await sora.call("Sora_20211215.BatchRequestSpotlightRid", body);
    const results = (json as { item_list: { result: string }[] }).item_list.map(({ result }) => result);
    expect(results).toEqual([...items.map(() => "ok"), "error"]);
    await sora.call("Sora_20200807.ChangeSpotlightNumber", { channel_id, spotlight_number: 1 });
    const chosen = focused ? sender : others.find(({ role }) => role === "sendrecv")!;
    const connection = { channel_id, connection_id: chosen.connection_id };
    await sora.call("Sora_20200807.FocusSpotlightFixed", connection);
    const grown = await growth(
      sora,
      sender,
      [91, 93],
      [received("r1"), skipped("r1"), received("r2"), skipped("r2")],
    );
    expect(grown[skipped("r2")]).toBe(grown[received("r2")]);
    expect(grown[skipped("r1")]).toBe(focused ? 0 : grown[received("r1")]);
    // Back to what Sora chooses.
    for (const { connection_id } of others) {
      await sora.call("Sora_20211215.ResetSpotlightRid", { channel_id, recv_connection_id: connection_id });
    }
    const reset = await growth(sora, sender, [94, 96], [skipped("r0"), skipped("r1"), skipped("r2")]);
    expect(Object.values(reset).filter((count) => count === 0)).toHaveLength(1);
  }
});

test("the counters of the spotlight tell who lost the focus, and who could not get it", async () => {
  const sora = await startSora(WORLD);
  const { sender, all } = await cast(sora, true, 110);
  const channel_id = sender.channel_id;
  const senders = all.filter(({ role }) => role !== "recvonly").slice(0, 3);
  const [a, b, c] = senders as [Listed, Listed, Listed];
  const focus = (operation: string, { connection_id }: Listed): Promise<unknown> =>
    sora.call(`Sora_20200807.${operation}`, { channel_id, connection_id });
  const count = async (listed: Listed, reason: string): Promise<number> =>
    read(await statsOf(sora, listed), `spotlight total_spotlight_${reason}`);
  const before = { room: await count(a, "unfocus_audio_no_room"), failed: await count(c, "focus_failed") };

  await sora.call("Sora_20200807.ChangeSpotlightNumber", { channel_id, spotlight_number: 2 });
  await focus("FocusSpotlight", a);
  await focus("FocusSpotlightFixed", b);
  await focus("FocusSpotlightFixed", c);
  expect(await count(a, "unfocus_audio_no_room")).toBe(before.room + 1);
  expect(await count(c, "focus_failed")).toBe(before.failed);
  await focus("FocusSpotlight", a);
  expect(await count(a, "focus_failed")).toBeGreaterThan(0);

  const left = await count(b, "unfocus_audio_publish");
  await focus("UnfocusSpotlight", b);
  expect(await count(b, "unfocus_audio_publish")).toBe(left + 1);
  await focus("FocusSpotlight", a);
  await sora.call("Sora_20200807.ChangeSpotlightNumber", { channel_id, spotlight_number: 1 });
  expect(await count(a, "unfocus_audio_no_room")).toBe(before.room + 2);
});

test("without spotlight, and for nobody, the focus is answered and nothing happens", async () => {
  const sora = await startSora(WORLD);
  const [someone] = (await list(sora)).filter(({ spotlight }) => !spotlight);
  const before = await statsOf(sora, someone!);
  for (const connection_id of [someone!.connection_id, "NOBODY"]) {
    const body = { channel_id: someone!.channel_id, connection_id };
    for (const operation of ["FocusSpotlight", "FocusSpotlightFixed", "UnfocusSpotlight"]) {
      expect(await sora.call(`Sora_20200807.${operation}`, body)).toEqual({ status: 200, json: body });
    }
  }
  expect(await statsOf(sora, someone!)).toEqual(before);
});
