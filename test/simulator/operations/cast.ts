/** Who plays in the tests of media: a sender and its receivers, and how their numbers grow. */

import { read } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, statsOf } from "./support.ts";

/** Paths of what a receiver is sent, and of what comes of a layer. */
export const SENT = "rtp total_sent_rtp_byte_size";
export const received = (rid: string): string => `simulcast ${rid} rtp total_received_rtp`;
export const skipped = (rid: string): string => `simulcast ${rid} rtp total_decrypt_skipped_srtp`;

/** Calm channels of two and more: a meeting and a spotlight, each with simulcast senders and with receivers. */
export const WORLD = { channels: 4, connections: 60, seed: 32 };

/** How much numbers of a connection grow in some seconds. */
export async function growth(
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
export async function cast(
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

/** Who receives of a sender. */
export function receiversBut(sender: Listed, all: readonly Listed[]): Listed[] {
  return all.filter((one) => one !== sender && one.role !== "sendonly");
}

/** A request of a receiver for a layer of a sender, or of all. */
export const request = (receiver: Listed, rid: string, sender?: Listed): object => ({
  channel_id: receiver.channel_id,
  recv_connection_id: receiver.connection_id,
  ...(sender === undefined ? {} : { send_connection_id: sender.connection_id }),
  rid,
});

/** Whether somebody is there until a time, in seconds since the world's start. */
export function stays(sora: Sora, until: number): (listed: Listed) => boolean {
  const members = sora.simulator.world.members();
  return ({ connection_id }) =>
    members.some(({ plan }) => plan.connectionId === connection_id && plan.life.leaveTick > until);
}
