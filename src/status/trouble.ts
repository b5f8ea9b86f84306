/** Who is worse off: the order in which connections and channels are shown. */

import { type Rate, RATES, type Rates } from "./rates.ts";

/**
 * What a second of trouble counts in points: a lost ICE check is the first sign of a connection that is about to go, a PLI
 * is a picture that stood still, a retransmission that Sora could not give is a packet that is lost for good, and one that it
 * could give is loss that was mended.
 */
export const POINTS: Readonly<Partial<Record<Rate, number>>> = {
  lostChecks: 10,
  pliReceived: 5,
  nackMisses: 1,
  nackHits: 0.1,
};

const WEIGHTS = RATES.map((rate) => POINTS[rate] ?? 0);
const RECEIVED = RATES.indexOf("receivedBits");
const SENT = RATES.indexOf("sentBits");

/** What decides between two; numbers that are not known are 0 here. */
export interface Trouble {
  /** Unstable level; of a channel the worst of its connections. */
  readonly level: number;
  /** Connections at that level; 0 where nobody is unstable, as a channel is not worse for being large. */
  readonly atLevel: number;
  /** By `POINTS`, over all its connections. */
  readonly points: number;
  /** Bits per second in and out. */
  readonly bits: number;
  /** Names, so that the order is always the same. */
  readonly channelId: string;
  readonly connectionId: string;
  readonly target: string;
}

/**
 * For sorting, worst first: by unstable level, then by how many connections are unstable at it, then by points, then by bit
 * rate, then by name.
 */
export function compareTrouble(a: Trouble, b: Trouble): number {
  return (
    b.level - a.level ||
    b.atLevel - a.atLevel ||
    b.points - a.points ||
    b.bits - a.bits ||
    compareText(a.channelId, b.channelId) ||
    compareText(a.connectionId, b.connectionId) ||
    compareText(a.target, b.target)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The points of a row. */
export function pointsOf({ perSecond }: Rates, row: number): number {
  let points = 0;
  for (let at = 0; at < RATES.length; at++) {
    const weight = WEIGHTS[at]!;
    const rate = perSecond[row * RATES.length + at]!;
    if (weight > 0 && rate > 0) points += weight * rate;
  }
  return points;
}

/** Bits per second in and out of a row. */
export function bitsOf({ perSecond }: Rates, row: number): number {
  const at = row * RATES.length;
  return (perSecond[at + RECEIVED]! || 0) + (perSecond[at + SENT]! || 0);
}
