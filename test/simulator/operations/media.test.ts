/** What receivers ask for, of whom: RequestRtpStream, the layers that go with it, and what grows with them. */

import { describe, expect, test } from "vitest";
import { cast, growth, received, receiversBut, request, SENT, skipped, stays, WORLD } from "./cast.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora } from "./support.ts";

const RIDS = ["r0", "r1", "r2"];
/** All that the simulator counts of a layer, in a form of Sora's. */
const counters = (rid: string, form: "2022" | "2024"): string[] => [
  received(rid),
  `simulcast ${rid} rtp total_received_rtp_byte_size`,
  `simulcast ${rid} rtp_hdr_ext total_received_rtp_hdr_ext_abs_send_time`,
  ...(form === "2024" ? [skipped(rid)] : []),
];

describe.each(["2022", "2024"] as const)("form %s", (form) => {
  /** How the layers of a sender grow in two seconds from a time on. */
  async function layers(sora: Sora, sender: Listed, second: number): Promise<Record<string, number>> {
    const grown = await growth(
      sora,
      sender,
      [second, second + 2],
      [
        ...RIDS.flatMap((rid) => counters(rid, form)),
        "rtp total_received_rtp",
        "rtp_hdr_ext total_received_rtp_hdr_ext_audio_level",
      ],
    );
    const packets = RIDS.map((rid) => grown[received(rid)]!);
    // What a layer does not get, the sender does not get either.
    expect(grown["rtp total_received_rtp"]).toBe(
      packets.reduce((sum, count) => sum + count, 0) +
        grown["rtp_hdr_ext total_received_rtp_hdr_ext_audio_level"]!,
    );
    return grown;
  }

  function expectGrowing(grown: Record<string, number>, growing: readonly string[]): void {
    for (const rid of RIDS) {
      if (growing.includes(rid)) expect(grown[received(rid)], rid).toBeGreaterThan(0);
      else for (const path of counters(rid, form)) expect(grown[path], path).toBe(0);
    }
  }

  test.each(RIDS)("where all ask for %s of a sender, its other layers stand still", async (wanted) => {
    const sora = await startSora({ ...WORLD, form });
    const { sender, all } = await cast(sora, false, 110);
    expectGrowing(await layers(sora, sender, 90), RIDS);
    const receivers = receiversBut(sender, all);
    const ask = async (rid: string, of: readonly Listed[]): Promise<void> => {
      for (const receiver of of)
        await sora.call("Sora_20201005.RequestRtpStream", request(receiver, rid, sender));
    };
    await ask(wanted, receivers.slice(1));
    // One of them still takes what Sora chooses.
    expectGrowing(await layers(sora, sender, 92), RIDS);
    await ask(wanted, receivers);
    const grown = await layers(sora, sender, 94);
    expectGrowing(grown, [wanted]);
    if (form === "2024") expect(grown[skipped(wanted)]).toBe(0);
    // Another request, and another one less.
    await ask(wanted === "r0" ? "r1" : "r0", receivers.slice(0, 1));
    expectGrowing(await layers(sora, sender, 96), [wanted, wanted === "r0" ? "r1" : "r0"]);
    await ask(wanted, receivers);
    expectGrowing(await layers(sora, sender, 98), [wanted]);
    const { channel_id, connection_id } = receivers[0]!;
    await sora.call("Sora_20201005.ResetRtpStream", { channel_id, recv_connection_id: connection_id });
    expectGrowing(await layers(sora, sender, 100), RIDS);
  });
});

test("a reset of one sender's layer leaves the requests for the others", async () => {
  const bytes: Record<string, number> = {};
  for (const [name, reset] of [
    ["none", undefined],
    ["one", true],
    ["another", false],
  ] as const) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, false, 130);
    const receiver = receiversBut(sender, all).find(stays(sora, 130))!;
    await sora.call("Sora_20201005.RequestRtpStream", request(receiver, "r0", sender));
    const other = all.find((one) => one !== sender && one !== receiver)!;
    if (reset !== undefined)
      await sora.call("Sora_20201005.ResetRtpStream", request(receiver, "r0", reset ? sender : other));
    bytes[name] = (await growth(sora, receiver, [90, 130], [SENT]))[SENT]!;
  }
  expect(bytes["one"]).toBeGreaterThan(bytes["none"]! * 1.02);
  expect(bytes["another"]).toBe(bytes["none"]);
});

test("a receiver gets the layer that it asked for until it takes that back", async () => {
  const bytes: Record<string, number> = {};
  for (const rid of ["none", "r0", "r1", "r2", "reset"]) {
    const sora = await startSora(WORLD);
    const { sender, all } = await cast(sora, false, 130);
    const receiver = receiversBut(sender, all).find(stays(sora, 130))!;
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
