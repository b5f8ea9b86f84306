/**
 * The channels of a world: who has a place in which, and what their connections offer in a tick.
 */

import type { ChannelKind, Slot } from "./plan.ts";
import { hash } from "./prng.ts";
import type { Scenario } from "./scenarios.ts";
import { createFocus } from "./spotlight.ts";
import type { Channel, Connection, Tick } from "./state.ts";
import { burstAt, stormAt } from "./weather.ts";
import type { WorldOptions } from "./world.ts";

const KINDS: readonly ChannelKind[] = ["meeting", "meeting", "broadcast", "spotlight"];

/** Every channel has somebody where there are enough, and the first ones have many more than the last. */
export function createSlots(options: WorldOptions): Slot[] {
  const { seed, channels, connections, nodes } = options;
  const seats = new Array<number>(channels).fill(0);
  return Array.from({ length: connections }, (_, index) => {
    const draw = hash(seed, index, 0, 71);
    const channel = index < channels ? index : Math.floor(channels * draw ** 2);
    const seat = seats[channel]!++;
    const kind = KINDS[channel % KINDS.length] ?? "meeting";
    return { index, channel, node: index % nodes, seat, kind, lossy: isLossy(options, channel) };
  });
}

/** Whether a channel has bursts of trouble while no scenario says otherwise. */
export function isLossy({ channels }: WorldOptions, channel: number): boolean {
  return channels === 1 || channel % 3 === 1;
}

/** A channel in which nobody is. */
export function createChannel(id: string, lossy: boolean): Channel {
  const burst = { window: 0, worst: 0, fromMs: 0, toMs: 0, outagesFromMs: 0 } as const;
  const offer = { audio: 0, low: 0, mid: 0, high: 0 };
  return {
    ...{ id, lossy, burst, offer },
    ...{ notices: 0, receivers: 0, senders: 0, videos: 0, members: 0, session: null },
    ...{ focus: createFocus(), videoSenders: [], askers: [] },
  };
}

/** Takes back what was offered in the last tick. */
export function resetOffer(channel: Channel): void {
  channel.receivers = 0;
  channel.senders = 0;
  channel.videos = 0;
  channel.videoSenders.length = 0;
  channel.askers.length = 0;
  channel.offer.audio = 0;
  channel.offer.low = 0;
  channel.offer.mid = 0;
  channel.offer.high = 0;
}

/** Adds what a connection offers in this tick. */
export function addOffer(channel: Channel, connection: Connection): void {
  const { plan, offer } = connection;
  if (plan.receives) channel.receivers += 1;
  if (plan.receives && connection.requests !== null) channel.askers.push(connection);
  if (!plan.sends) return;
  channel.senders += 1;
  if (plan.videoCodec !== null) {
    channel.videos += 1;
    channel.videoSenders.push(connection);
  }
  channel.offer.audio += offer.audio;
  channel.offer.low += offer.low;
  channel.offer.mid += offer.mid;
  channel.offer.high += offer.high;
}

/** Only `normal` has weather of its own; else there is trouble where the scenario makes it. */
export function setWeather(
  channel: Channel,
  index: number,
  options: WorldOptions,
  { name, channel: stormy, sinceMs, untilMs }: Scenario,
  { fromMs }: Tick,
): void {
  if (name === "normal") {
    channel.lossy = isLossy(options, index);
    if (channel.lossy) channel.burst = burstAt(options.seed, index, fromMs);
    return;
  }
  channel.lossy = name === "lossy-everywhere" || index === stormy;
  const storm = { fromMs: sinceMs - options.startMs, toMs: untilMs - options.startMs };
  if (channel.lossy) channel.burst = stormAt(storm, fromMs);
}
