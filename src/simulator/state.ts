/**
 * What the parts of the simulation share about a connection and about its channel while a tick runs.
 */

import type { UserLabel } from "./messages.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./prng.ts";
import type { Requests } from "./requests.ts";
import type { DataChannel, Sections } from "./sections.ts";
import type { Focus, Standing } from "./spotlight.ts";
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
  /** Set once the scenario `ice-failures` has taken its network away, and for good. */
  failing: Failing | null;
  readonly offer: Offer;
  /** What it has asked for by the API. */
  requests: Requests | null;
  readonly standing: Standing;
}

/** The network of a connection in the current tick. */
export interface Network {
  level: Level;
  /** The share of the tick, 0 to 1, in which packets go through. */
  up: number;
  outage: Span;
  /** From here on it is gone for good, if the connection is still there then; milliseconds since the world's start. */
  failsFromMs: number;
}

/** How a connection ends whose network has gone for good. */
export interface Failing {
  /** When the network went, in milliseconds since the world's start. */
  readonly fromMs: number;
  /** The first tick at which it is gone. */
  readonly goneTick: number;
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
  /** Whether its connections may have trouble in this tick. */
  lossy: boolean;
  burst: Burst;
  receivers: number;
  senders: number;
  videos: number;
  /** Connections that came or went in this tick, of which the others are notified. */
  notices: number;
  readonly offer: Offer;
  /** How many there are, on all nodes. */
  members: number;
  /** Lasts while anybody is there; opened by the first, on its node. */
  session: { id: string; node: number } | null;
  focus: Focus;
  /** Who sends video, and who receives and has asked for something, in this tick. */
  videoSenders: Connection[];
  askers: Connection[];
}

/** The current tick: the second up to `toMs`, in milliseconds since the world's start. */
export interface Tick {
  index: number;
  fromMs: number;
  toMs: number;
  /** Whether clients flood TURN with requests that it has to refuse. */
  turnStorm: boolean;
  /** Whether receivers take so little that messages on data channels are given up. */
  abandons: boolean;
}

/** The share of packets that get lost at each level. */
export const LOSS: Readonly<Record<Level, number>> = { 0: 0.0003, 1: 0.012, 2: 0.04, 3: 0.1 };

/** The share of what receivers ask for again that Sora no longer has, as at the worst level they ask late. */
export const FORGOTTEN: Readonly<Record<Level, number>> = { 0: 0.02, 1: 0.02, 2: 0.12, 3: 0.4 };
