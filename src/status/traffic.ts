/**
 * What the connections of one target have done since the previous poll. Of each poll a few numbers a connection are
 * kept, never its snapshot: that of 10,000 connections is 33 MB, these are less than one.
 */

import { CONNECTION_PREFIX, type Label } from "../catalog/resolve.ts";
import { mayLag, type StatsSnapshot } from "../snapshot/snapshot.ts";
import { type Rate, RATES, type Rates } from "./rates.ts";

/** The counters that are kept; what has several columns that fit is added up. */
const COUNTERS = [
  { key: "receivedBytes", name: "received_bytes_total" },
  { key: "sentBytes", name: "sent_bytes_total" },
  { key: "receivedPackets", name: "received_packets_total" },
  { key: "sentPackets", name: "sent_packets_total" },
  { key: "nackMisses", name: "rtcp_generic_nack_cache_requests_total", value: "miss" },
  { key: "nackHits", name: "rtcp_generic_nack_cache_requests_total", value: "hit" },
  { key: "pliReceived", name: "rtcp_received_messages_total", value: "psfb_pli" },
  { key: "checksSent", name: "ice_checks_sent_total" },
  { key: "checksAnswered", name: "ice_checks_answered_total" },
] as const;

type Counted = (typeof COUNTERS)[number]["key"];

/** What is kept of a poll. */
interface Kept {
  readonly atMs: number;
  readonly source: string | undefined;
  /** By row. */
  readonly connectionIds: readonly string[];
  /** Of each row in turn, in the order of `COUNTERS`; NaN where Sora sent none. */
  readonly counts: Float64Array;
}

/** The last two polls of one target. */
export class Traffic {
  #before: Kept | undefined;
  #now: Kept | undefined;
  #rates: Rates | undefined;

  /**
   * Takes the next poll.
   *
   * @param nowMs of a clock that is never set back
   */
  take(snapshot: StatsSnapshot, nowMs: number): void {
    this.#before = this.#now;
    this.#now = {
      atMs: nowMs,
      source: snapshot.source,
      connectionIds: snapshot.rows.map(({ connectionId }) => connectionId),
      counts: readCounts(snapshot),
    };
    this.#rates = undefined;
  }

  /**
   * The rates of the last poll's connections, worked out when they are asked for first.
   *
   * A counter that fell has begun anew, and counts from zero; where another node says so it lags, and nothing was counted. A connection that was not in the previous poll has no rate, and
   * neither has what Sora did not send in both. Lost are the ICE checks sent that were not answered; an answer
   * to a check of the poll before cannot make them fewer than none.
   *
   * @returns undefined before the second poll
   */
  rates(): Rates | undefined {
    if (this.#before !== undefined && this.#now !== undefined)
      this.#rates ??= toRates(this.#before, this.#now);
    return this.#rates;
  }
}

function readCounts({ rows, families }: StatsSnapshot): Float64Array {
  const width = COUNTERS.length;
  const counts = new Float64Array(rows.length * width).fill(NaN);
  for (const [at, counter] of COUNTERS.entries()) {
    const family = families.find(({ name }) => name === CONNECTION_PREFIX + counter.name);
    for (const column of family?.columns ?? []) {
      if ("value" in counter && !hasValue(column.labels, counter.value)) continue;
      for (let i = 0; i < column.values.length; i++) {
        const cell = (column.rows === undefined ? i : column.rows[i]!) * width + at;
        const sum = counts[cell]!;
        counts[cell] = Number.isNaN(sum) ? column.values[i]! : sum + column.values[i]!;
      }
    }
  }
  return counts;
}

function hasValue(labels: readonly Label[], wanted: string): boolean {
  return labels.length === 1 && labels[0]![1] === wanted;
}

const COUNTER_AT = new Map(COUNTERS.map(({ key }, at) => [key, at]));

/** How each rate comes from what the counters have grown by. */
const FROM_INCREASES: Readonly<Record<Rate, (grown: (key: Counted) => number) => number>> = {
  receivedBits: (grown) => grown("receivedBytes") * 8,
  sentBits: (grown) => grown("sentBytes") * 8,
  receivedPackets: (grown) => grown("receivedPackets"),
  sentPackets: (grown) => grown("sentPackets"),
  nackMisses: (grown) => grown("nackMisses"),
  nackHits: (grown) => grown("nackHits"),
  pliReceived: (grown) => grown("pliReceived"),
  lostChecks: (grown) => Math.max(0, grown("checksSent") - grown("checksAnswered")),
};

function toRates(before: Kept, now: Kept): Rates {
  const seconds = (now.atMs - before.atMs) / 1000;
  const perSecond = new Float64Array(now.connectionIds.length * RATES.length).fill(NaN);
  if (seconds <= 0) return { seconds: 0, perSecond };
  const rowBefore = new Map(before.connectionIds.map((id, row) => [id, row]));
  const width = COUNTERS.length;
  const ofFallen = mayLag(before.source, now.source) ? 0 : 1;
  let from = 0;
  let to = 0;
  const grown = (key: Counted): number => {
    const at = COUNTER_AT.get(key)!;
    const last = before.counts[from + at]!;
    const value = now.counts[to + at]!;
    // NaN is neither more nor less, and stays.
    return value < last ? value * ofFallen : value - last;
  };
  for (const [row, id] of now.connectionIds.entries()) {
    const same = rowBefore.get(id);
    if (same === undefined) continue;
    from = same * width;
    to = row * width;
    for (const [at, rate] of RATES.entries())
      perSecond[row * RATES.length + at] = FROM_INCREASES[rate](grown) / seconds;
  }
  return { seconds, perSecond };
}
