/**
 * How the network of a connection is in a tick, and the sections `network_status` and `cc` that tell of it.
 */

import { below } from "./prng.ts";
import type { Media } from "./rtp.ts";
import type { Channel, Connection, Tick } from "./state.ts";
import type { Level, Span } from "./weather.ts";
import { burstLevel, NEVER, outageIn } from "./weather.ts";

/** Sora counts the level it sees every so often. */
const OBSERVE_TICKS = 10;
const BIT_RATE: Readonly<Record<Level, number>> = { 0: 1, 1: 0.75, 2: 0.45, 3: 0.2 };
const DELAY: Readonly<Record<Level, number>> = { 0: 1, 1: 2, 2: 4, 3: 9 };
const LINK_KBPS = 8_000;
const PACING = 2.5;

/** Sets the connection's level and how much of the tick gets through. A calm channel has no trouble at all. */
export function advanceNetwork(connection: Connection, channel: Channel, tick: Tick, seed: number): void {
  const { network, plan, failing } = connection;
  network.level = 0;
  network.up = 1;
  network.outage = NEVER;
  network.failsFromMs = failing?.fromMs ?? Infinity;
  if (!channel.lossy && failing === null) return;
  if (channel.lossy) {
    network.failsFromMs = Math.min(network.failsFromMs, plan.failsFromMs);
    network.outage = outageIn(seed, plan.lifeKey, channel.burst, network.failsFromMs);
    network.level = Math.max(0, burstLevel(channel.burst, tick.fromMs) - plan.resilience) as Level;
  }
  const goneMs =
    overlap(network.outage, tick) + overlap({ fromMs: network.failsFromMs, toMs: Infinity }, tick);
  network.up = Math.max(0, 1 - goneMs / (tick.toMs - tick.fromMs));
  if (goneMs > 0) network.level = 3;
}

function overlap(span: Span, tick: Tick): number {
  return Math.max(0, Math.min(span.toMs, tick.toMs) - Math.max(span.fromMs, tick.fromMs));
}

/** Counts the level, and estimates what the way to a receiver can take. */
export function observeNetwork(connection: Connection, media: Media, tick: Tick): void {
  const { network, plan, sections } = connection;
  const status = sections.network_status;
  status.unstable_level = network.level;
  if ((tick.index - plan.life.joinTick) % OBSERVE_TICKS === 0) {
    if (network.level === 0) status.total_unstable_level0 += 1;
    else if (network.level === 1) status.total_unstable_level1 += 1;
    else if (network.level === 2) status.total_unstable_level2 += 1;
    else status.total_unstable_level3 += 1;
  }
  if (plan.receives) estimate(connection, media);
}

function estimate({ network, plan, random, sections: { cc } }: Connection, media: Media): void {
  const noise = below(random, 1_000) / 1_000;
  const linkBps = LINK_KBPS * 1_000 * BIT_RATE[network.level];
  const wantedBps = media.sentBytes * 8 * 1.6 + 300_000;
  const target = Math.floor(Math.min(linkBps, wantedBps) * (0.92 + 0.08 * noise));
  const roundTrip = Math.floor(plan.rttMs * DELAY[network.level] * (0.95 + 0.1 * noise));
  cc.round_trip_time = roundTrip;
  cc.target_bitrate = target;
  cc.stable_target_bitrate = Math.floor(target * 0.96);
  cc.delay_based_estimated_bitrate = Math.floor(target * 1.06);
  cc.congestion_window = Math.floor((target / 8_000) * (roundTrip + 100));
  cc.pacer_data_window = Math.floor((target * PACING) / 8);
  cc.pacer_padding_window = network.level > 0 ? 0 : Math.floor(target / 80);
  cc.bwe_period = network.level > 0 ? 2_000 + 1_000 * network.level : 3_000;
}
