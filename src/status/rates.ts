/** Rates of connections. A file of its own, as the main thread shows them and works out none. */

/** What there is a rate of, in this order in `Rates.perSecond`. */
export const RATES = [
  "receivedBits",
  "sentBits",
  "receivedPackets",
  "sentPackets",
  "nackMisses",
  "nackHits",
  "pliReceived",
  "lostChecks",
] as const;
export type Rate = (typeof RATES)[number];

/** The rates of all connections of a poll. */
export interface Rates {
  /** From the previous poll to this one. */
  readonly seconds: number;
  /** Of each row of the snapshot in turn, in the order of `RATES`; NaN where there is none. */
  readonly perSecond: Float64Array;
}
