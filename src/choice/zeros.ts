/**
 * Counters that were never above zero are left out. One that was stays for good, also when it has fallen back to zero, so
 * that a restart of Sora is seen as what it is.
 *
 * What was above zero is known by metric, labels and whom it is about. A connection or a channel that is missing is kept in
 * mind as long as the sums keep it. So is a metric, unless users choose a label of it: that is forgotten with the first poll
 * that lacks it, as nothing bounds what users think of.
 */

import type { Label } from "../catalog/resolve.ts";
import { type Column, columnKey, type Row, type Snapshot } from "../snapshot/snapshot.ts";
import { isChosenByUsers, KEEP_MISSING_MS } from "../sums/increases.ts";
import { Places } from "../sums/places.ts";
import { mapColumns, pick } from "./columns.ts";
import { SlotSet } from "./slot-set.ts";

/** Who was ever above zero, of one metric with one set of labels. */
interface Positive {
  readonly slots: SlotSet;
  readonly isChosenByUsers: boolean;
  seenMs: number;
}

/** What a snapshot has become. */
interface Become {
  readonly snapshot: Snapshot;
  /** Of the metrics that are in it. */
  readonly positive: readonly Positive[];
}

export class ZeroOmission {
  readonly #slots = new Places(KEEP_MISSING_MS);
  readonly #positive = new Map<string, Positive>();
  readonly #names = new WeakMap<readonly Row[], readonly string[]>();
  /** So that a snapshot always becomes the same. */
  readonly #become = new WeakMap<Snapshot, Become>();
  /** Used again for every column. */
  #kept = new Uint32Array(0);

  /** How many metrics, each set of labels by itself, are kept in mind, and how many connections, channels and targets. */
  get size(): { readonly metrics: number; readonly rows: number } {
    return { metrics: this.#positive.size, rows: this.#slots.size };
  }

  /**
   * Leaves zeros out of all that is known of a target. A snapshot that it was given before is nothing new.
   *
   * @param nowMs of a clock that is never set back
   */
  omit(snapshots: readonly Snapshot[], nowMs: number): Snapshot[] {
    if (snapshots.some((snapshot) => !this.#become.has(snapshot))) this.#take(snapshots, nowMs);
    return snapshots.map((snapshot) => this.#become.get(snapshot)!.snapshot);
  }

  #take(snapshots: readonly Snapshot[], nowMs: number): void {
    this.#forgetRows(
      [...new Set(snapshots.map(({ rows }) => rows))].flatMap((rows) => this.#namesOf(rows)),
      nowMs,
    );
    for (const snapshot of snapshots) {
      const become = this.#become.get(snapshot);
      if (become === undefined) this.#become.set(snapshot, this.#withoutZeros(snapshot, nowMs));
      else for (const positive of become.positive) positive.seenMs = nowMs;
    }
    for (const [key, { isChosenByUsers: isChosen, seenMs }] of this.#positive)
      if (nowMs - seenMs > (isChosen ? 0 : KEEP_MISSING_MS)) this.#positive.delete(key);
  }

  #withoutZeros(snapshot: Snapshot, nowMs: number): Become {
    const slotOf = this.#slots.place(this.#namesOf(snapshot.rows), nowMs);
    const found: Positive[] = [];
    const positiveOf = (name: string, labels: readonly Label[]) => {
      const positive = this.#positiveOf(name, labels, nowMs);
      found.push(positive);
      return positive;
    };
    const without = mapColumns(snapshot, (column, { name, type }) => {
      if (type !== "counter") return column;
      const { entryLabels, values } = column;
      if (this.#kept.length < values.length) this.#kept = new Uint32Array(values.length);
      const count =
        entryLabels === undefined
          ? this.#keepColumn(column, slotOf, positiveOf(name, column.labels).slots)
          : this.#keepEntries(column, slotOf, (i) => positiveOf(name, entryLabels[i]!).slots);
      if (count === values.length) return column;
      return count === 0 ? undefined : pick(column, this.#kept.subarray(0, count));
    });
    return { snapshot: without, positive: found };
  }

  /** @returns how many values are kept; `#kept` begins with their indices */
  #keepColumn({ rows, values }: Column, slotOf: Int32Array, slots: SlotSet): number {
    const { capacity } = this.#slots;
    const kept = this.#kept;
    let bits = slots.bits(capacity);
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const slot = slotOf[rows === undefined ? i : rows[i]!]!;
      const positive = values[i]! > 0 ? 1 : 0;
      if (bits !== undefined) {
        // Without a branch: which are above zero is as good as random, and guessing takes longer than this.
        const word = bits[slot >>> 5]! | (positive << (slot & 31));
        bits[slot >>> 5] = word;
        kept[count] = i;
        count += (word >>> (slot & 31)) & 1;
      } else if (positive === 1) {
        slots.add(slot, capacity);
        bits = slots.bits(capacity);
        kept[count++] = i;
      } else if (slots.has(slot)) kept[count++] = i;
    }
    return count;
  }

  /** As `#keepColumn`, where each value has labels of its own. */
  #keepEntries({ rows, values }: Column, slotOf: Int32Array, slotsOf: (i: number) => SlotSet): number {
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const slot = slotOf[rows === undefined ? i : rows[i]!]!;
      const slots = slotsOf(i);
      if (values[i]! > 0) slots.add(slot, this.#slots.capacity);
      else if (!slots.has(slot)) continue;
      this.#kept[count++] = i;
    }
    return count;
  }

  #positiveOf(name: string, labels: readonly Label[], nowMs: number): Positive {
    const key = columnKey(name, labels);
    let positive = this.#positive.get(key);
    if (positive === undefined) {
      positive = { slots: new SlotSet(), isChosenByUsers: isChosenByUsers(labels), seenMs: nowMs };
      this.#positive.set(key, positive);
    }
    positive.seenMs = nowMs;
    return positive;
  }

  #namesOf(rows: readonly Row[]): readonly string[] {
    let names = this.#names.get(rows);
    if (names === undefined) {
      // With the length no two rows look alike.
      names = rows.map(
        ({ channelId = "", connectionId = "" }) => `${channelId.length}:${channelId}${connectionId}`,
      );
      this.#names.set(rows, names);
    }
    return names;
  }

  #forgetRows(names: readonly string[], nowMs: number): void {
    const gone = this.#slots.forget(names, nowMs);
    for (const { slots } of this.#positive.values()) for (const { index } of gone) slots.delete(index);
    const moved = this.#slots.compact();
    if (moved === undefined) return;
    for (const { slots } of this.#positive.values()) slots.move(moved, this.#slots.capacity);
  }
}
