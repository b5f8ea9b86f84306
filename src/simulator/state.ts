/**
 * What the parts of the simulation share about a connection and about its channel while a tick runs.
 */

import type { UserLabel } from "./messages.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./prng.ts";
import type { DataChannel, Sections } from "./sections.ts";
import type { Burst, Level, Span } from "./weather.ts";

/** The data channels that Sora opens itself. */
export type SoraLabel = "signaling" | "notify" | "push" | "stats" | "e2ee";

/** ICE as Sora sees it, with its clock in milliseconds since the world's start. */
export interface Ice {
  state: "checking" | "connected" | "disconnected" | "failed";
  /** When the state was entered. */
  sinceMs: number;
  /** Up to when the time in the state has been counted. */
  countedMs: number;
  nextCheckMs: number;
}

/** A connection that is there. */
export interface Connection {
  readonly plan: Plan;
  readonly random: Random;
  readonly sections: Sections;
  readonly soraLabels: Readonly<Record<SoraLabel, DataChannel>>;
  readonly userLabels: UserLabel[];
  readonly ice: Ice;
  readonly network: Network;
  readonly offer: Offer;
}

/** The network of a connection in the current tick. */
export interface Network {
  level: Level;
  /** The share of the tick, 0 to 1, in which packets go through. */
  up: number;
  outage: Span;
}

/** What a connection sends in the current tick, as far as its channel is concerned. */
export interface Offer {
  /** Packets a second. */
  audio: number;
  /** Bytes of video a second for a receiver of low, middle and high quality. */
  low: number;
  mid: number;
  high: number;
}

/** A channel in the current tick: what its connections offer, added up, and who came or went. */
export interface Channel {
  readonly id: string;
  readonly lossy: boolean;
  burst: Burst;
  receivers: number;
  senders: number;
  videos: number;
  /** Connections that came or went in this tick, of which the others are notified. */
  notices: number;
  readonly offer: Offer;
}

/** The current tick: the second up to `toMs`, in milliseconds since the world's start. */
export interface Tick {
  index: number;
  fromMs: number;
  toMs: number;
}

/** The share of packets that get lost at each level. */
export const LOSS: Readonly<Record<Level, number>> = { 0: 0.0003, 1: 0.012, 2: 0.04, 3: 0.1 };
