/**
 * The state of the network, known for any moment without having lived through those before it: bursts of trouble in
 * the lossy channels, and within the worst of them outages of single connections. Times are milliseconds since the
 * world's start.
 */

import { hash } from "./prng.ts";

/** How unstable a connection is, as `network_status.unstable_level`: 0 (stable) to 3 (worst). */
export type Level = 0 | 1 | 2 | 3;

/** A span of time; empty where `fromMs` is not before `toMs`. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** Trouble in a channel, at its worst between its ramps. */
export interface Burst extends Span {
  /** Which burst of the channel this is; that of a storm has a negative number, and a new one every so often. */
  window: number;
  worst: Level;
  /** Around when connections have outages. */
  outagesFromMs: number;
}

/** Every window of a lossy channel has room for one burst. */
const WINDOW_MS = 90_000;
/** A burst comes and goes by one level every so often. */
const RAMP_MS = 6_000;
/** From a check every second that is answered again, after `disconnected` two of them. */
const RECOVERY_MS = 3_000;
/** Longer than any outage with the time before it. */
const STORM_WINDOW_MS = 40_000;

/** The outage of a connection that has none. */
export const NEVER: Span = { fromMs: 0, toMs: 0 };

/** The burst of the window that `atMs` is in; in a quiet window its `worst` is 0. */
export function burstAt(seed: number, channel: number, atMs: number): Burst {
  const phaseMs = Math.floor(hash(seed, channel, 0, 11) * WINDOW_MS);
  const window = Math.floor((atMs + phaseMs) / WINDOW_MS);
  const draw = hash(seed, channel, window, 12);
  const worst = draw < 0.2 ? 0 : draw < 0.4 ? 1 : draw < 0.7 ? 2 : 3;
  const fromMs = window * WINDOW_MS - phaseMs + Math.floor(hash(seed, channel, window, 13) * 20_000);
  const lengthMs = 25_000 + Math.floor(hash(seed, channel, window, 14) * 35_000);
  return { window, worst, fromMs, toMs: fromMs + lengthMs, outagesFromMs: fromMs };
}

/** A burst that is as bad as any and stays, from one moment to another; other connections have outages time and again. */
export function stormAt({ fromMs, toMs }: Span, atMs: number): Burst {
  const window = Math.floor((atMs - fromMs) / STORM_WINDOW_MS);
  return { window: -1 - window, worst: 3, fromMs, toMs, outagesFromMs: fromMs + window * STORM_WINDOW_MS };
}

/** How bad the burst is at a moment: level by level up to its worst, and down again. */
export function burstLevel(burst: Burst, atMs: number): Level {
  const fromEdgeMs = Math.min(atMs - burst.fromMs, burst.toMs - atMs);
  if (fromEdgeMs < 0) return 0;
  return Math.min(burst.worst, 1 + Math.floor(fromEdgeMs / RAMP_MS)) as Level;
}

/**
 * The outage of one connection in a burst. Only some connections in the worst bursts have one; most end while ICE is
 * still checking, some reach `disconnected`, none lasts long enough to fail.
 *
 * @param life what tells this life of a connection from all others, an integer
 * @param beforeMs the outage is over, and ICE has recovered, before this moment; or there is none
 */
export function outageIn(seed: number, life: number, burst: Burst, beforeMs: number): Span {
  if (burst.worst < 3 || hash(seed, life, burst.window, 21) >= 0.4) return NEVER;
  const fromMs = burst.outagesFromMs + 5_000 + Math.floor(hash(seed, life, burst.window, 22) * 10_000);
  const draw = hash(seed, life, burst.window, 23);
  const lengthMs = draw < 0.65 ? 2_600 + draw * 5_000 : 8_500 + (draw - 0.65) * 14_000;
  const toMs = fromMs + Math.floor(lengthMs);
  return toMs + RECOVERY_MS < beforeMs ? { fromMs, toMs } : NEVER;
}
