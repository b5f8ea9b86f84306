/**
 * What the counters of connections have grown by, from poll to poll. A sum over connections would fall when one leaves, and
 * whoever reads it would take that for a restart; increases only ever add up.
 *
 * Within one connection the increase is `cur - prev`, or `cur` where it fell, as its counter has begun anew; or nothing, where
 * another node says so than the one before, which lags. What the first poll finds is the baseline. What comes later counts in full: a connection that joined, a field that appeared. A
 * connection or a field that was missing for a while goes on from what was last known of it.
 */

import type { Label } from "../catalog/resolve.ts";
import { type Column, columnKey, type Family, mayLag, type StatsSnapshot } from "../snapshot/snapshot.ts";
import { Numbers } from "./numbers.ts";
import { Places } from "./places.ts";

/** One metric with one set of labels, in which the connections of a poll have grown. */
export interface GrownColumn {
  readonly key: string;
  readonly family: Family;
  readonly column: Column;
  /** By index of the column's values; there may be more behind them. Valid for as long as it is being shown. */
  readonly increases: Float64Array;
}

/** For how long a connection that is missing is kept in mind, in milliseconds. */
export const KEEP_MISSING_MS = 600_000;

/** For how long a metric that no connection has any more is kept in mind where there are too many, in milliseconds. */
export const KEEP_CROWDED_MS = 120_000;

/**
 * With so many metrics, each set of labels by itself, no more labels of data channels are added up. Users choose those: without a
 * bound whoever makes new ones all the time would fill the memory. Sora's own metrics are some 350.
 */
export const MAX_COLUMNS = 4000;

/** Labels whose values anybody may choose. */
export const CHOSEN_LABELS: ReadonlySet<string> = new Set(["label", "path"]);

/** What one column's counters were last, by slot, and when any connection had one. */
interface LastKnown {
  readonly values: Numbers;
  seenMs: number;
}

/** The last known values of the counters of one target's connections. */
export class Increases {
  readonly #slots = new Places(KEEP_MISSING_MS);
  /** By column. */
  readonly #last = new Map<string, LastKnown>();
  #baseline = true;
  /** Of the poll before. */
  #source: string | undefined;
  /** Used again for every column: thousands of arrays a poll would be the collector's work. */
  #scratch = new Float64Array(0);

  /** How many connections are kept in mind, those that are missing among them. */
  get size(): number {
    return this.#slots.size;
  }

  /**
   * Takes the next poll.
   *
   * @param nowMs of a clock that is never set back
   * @param visit is shown every column of a counter in turn
   * @returns how many columns were left out, as there are more than `MAX_COLUMNS`
   */
  take(snapshot: StatsSnapshot, nowMs: number, visit: (grown: GrownColumn) => void): number {
    const names = snapshot.rows.map(({ connectionId }) => connectionId);
    this.#forget(names, nowMs);
    const slotOf = this.#slots.place(names, nowMs);
    if (this.#scratch.length < slotOf.length) this.#scratch = new Float64Array(this.#slots.capacity);
    const counters = snapshot.families
      .filter(({ type }) => type === "counter")
      .flatMap((family) =>
        family.columns.map((column) => ({ key: columnKey(family.name, column.labels), family, column })),
      );
    const refused = this.#refuse(counters);
    const lags = mayLag(this.#source, snapshot.source);
    this.#source = snapshot.source;
    for (const { key, family, column } of counters) {
      if (refused.has(key)) continue;
      const last = this.#lastOf(key, nowMs);
      visit({ key, family, column, increases: this.#grow(last, column, slotOf, lags) });
    }
    this.#baseline = false;
    return refused.size;
  }

  /**
   * Where there are more new labels that users choose than there is room for, those of the fewest connections are refused:
   * whoever makes labels up is but a few connections.
   */
  #refuse(counters: readonly { readonly key: string; readonly column: Column }[]): ReadonlySet<string> {
    // Sora's own are not many, and wait for nobody.
    const fresh = counters.filter(
      ({ key, column: { labels } }) => isChosenByUsers(labels) && !this.#last.has(key),
    );
    const room = Math.max(0, MAX_COLUMNS - this.#last.size);
    if (fresh.length <= room) return new Set();
    const byUse = fresh.sort((a, b) => b.column.values.length - a.column.values.length);
    return new Set(byUse.slice(room).map(({ key }) => key));
  }

  #grow(last: Numbers, { rows, values }: Column, slotOf: Int32Array, lags: boolean): Float64Array {
    const increases = this.#scratch;
    // Nothing is known but at the first poll of all, and of what appears later; then it counts in full.
    const ofUnknown = this.#baseline ? 0 : 1;
    const ofFallen = lags ? 0 : 1;
    const known = last.array(this.#slots.capacity);
    for (let i = 0; i < values.length; i++) {
      const slot = slotOf[rows === undefined ? i : rows[i]!]!;
      const now = values[i]!;
      const before = known === undefined ? last.get(slot) : known[slot]!;
      if (known === undefined) last.set(slot, now, this.#slots.capacity);
      else known[slot] = now;
      // NaN is not known, and neither more nor less.
      increases[i] = now >= before ? now - before : now * (now < before ? ofFallen : ofUnknown);
    }
    return increases;
  }

  #lastOf(key: string, nowMs: number): Numbers {
    let last = this.#last.get(key);
    if (last === undefined) this.#last.set(key, (last = { values: new Numbers(), seenMs: nowMs }));
    last.seenMs = nowMs;
    return last.values;
  }

  #forget(names: readonly string[], nowMs: number): void {
    const gone = this.#slots.forget(names, nowMs);
    for (const { values } of this.#last.values()) for (const { index } of gone) values.delete(index);
    forgetColumns(this.#last, nowMs);
    const moved = this.#slots.compact();
    if (moved === undefined) return;
    for (const { values } of this.#last.values()) values.move(moved, this.#slots.capacity);
  }
}

/** Where there are as many columns as there may be, those give way that have had no value for a while. */
export function forgetColumns(columns: Map<string, { readonly seenMs: number }>, nowMs: number): void {
  if (columns.size < MAX_COLUMNS) return;
  for (const [key, { seenMs }] of columns) if (nowMs - seenMs > KEEP_CROWDED_MS) columns.delete(key);
}

/** Whether users choose a label. */
export function isChosenByUsers(labels: readonly Label[]): boolean {
  return labels.some(([name]) => CHOSEN_LABELS.has(name));
}
