/** Which layers of whom go with the focus of the spotlight. */

import { expect, test } from "vitest";
import { cast, growth, received, receiversBut, SENT, skipped, stays, WORLD } from "./cast.ts";
import { startSora } from "./support.ts";

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
    expect(grown[received("r2")]).toBe(0);
    expect(grown[skipped("r1")]).toBe(0);
    if (focused) expect(grown[received("r1")]).toBeGreaterThan(0);
    else expect(grown[received("r1")]).toBe(0);
    // Back to what Sora chooses.
    for (const { connection_id } of others) {
      await sora.call("Sora_20211215.ResetSpotlightRid", { channel_id, recv_connection_id: connection_id });
    }
    const reset = await growth(sora, sender, [94, 96], [skipped("r0"), skipped("r1"), skipped("r2")]);
    expect(Object.values(reset).filter((count) => count === 0)).toHaveLength(1);
  }
});

test("a reset of one sender's rids leaves those of the others", async () => {
  const bytes: Record<string, number> = {};
  for (const [name, reset] of [
    ["none", undefined],
    ["one", true],
    ["another", false],
  ] as const) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, true, 130);
    const receiver = receiversBut(sender, all).find(stays(sora, 130))!;
    const stream = (of: typeof sender): object => ({
      channel_id: sender.channel_id,
      recv_connection_id: receiver.connection_id,
      send_connection_id: of.connection_id,
    });
    const rids = { spotlight_focus_rid: "none", spotlight_unfocus_rid: "none" };
    await sora.call("Sora_20211215.RequestSpotlightRid", { ...stream(sender), ...rids });
    const other = all.find((one) => one !== sender && one !== receiver)!;
    if (reset !== undefined)
      await sora.call("Sora_20211215.ResetSpotlightRid", stream(reset ? sender : other));
    bytes[name] = (await growth(sora, receiver, [90, 130], [SENT]))[SENT]!;
  }
  expect(bytes["one"]).toBeGreaterThan(bytes["none"]! * 1.02);
  expect(bytes["another"]).toBe(bytes["none"]);
});
