/** The columns of a snapshot while they grow. */

import type { Label, Resolved } from "../catalog/resolve.ts";
import { type Column, type MetricType, typeOf } from "./snapshot.ts";

const NO_VALUES = new Float64Array(0);
const FIRST_CAPACITY = 16;

/**
 * Where the values of one series per connection are collected, poll after poll. Its arrays are handed over to the snapshot
 * as they are, so that no number is held twice.
 */
export class ColumnPlan {
  readonly index: number;
  readonly family: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: readonly Label[];
  /** The labels' values, to sort by. */
  readonly labelText: string;
  /** Sora's value is divided by this. */
  readonly divisor: number;
  /** See `Resolved.section`. */
  readonly section: string | undefined;
  /** See `Resolved.unknown`. */
  readonly unknown: string | undefined;
  /** Values in the poll at hand. */
  count = 0;
  /** Values in the last poll that came to its end. */
  #expected = 0;
  #values = NO_VALUES;
  /** Undefined until the first row that has no value. */
  #rows: Uint32Array<ArrayBuffer> | undefined;

  constructor(index: number, { name, help, labels, divisor, section, unknown }: Resolved) {
    this.index = index;
    this.family = name;
    this.help = help;
    this.type = typeOf(name);
    this.labels = labels;
    this.labelText = labels.map(([, value]) => value).join("\0");
    this.divisor = divisor;
    this.section = section;
    this.unknown = unknown;
  }

  /** How many values there is room for at first: some more than last time, as connections come and go. */
  get usual(): number {
    return this.#expected === 0 ? 0 : this.#expected + (this.#expected >> 4) + FIRST_CAPACITY;
  }

  /** Begins a poll, with room for its values. */
  begin(values: Float64Array<ArrayBuffer>): void {
    this.count = 0;
    this.#values = values;
    this.#rows = undefined;
  }

  /** Adds the value of a row; rows ascend. Of two spellings of one field in one connection the first counts. */
  add(row: number, value: number): void {
    // No row has lacked a value so far.
    if (this.count === row && row < this.#values.length) {
      this.#values[row] = value;
      this.count = row + 1;
    } else this.#addSlowly(row, value);
  }

  /**
   * Hands the column of the poll at hand over, which has so many rows; nothing of it is kept.
   *
   * @returns undefined where it has no values
   */
  finish(rows: number): Column | undefined {
    const { count, labels } = this;
    this.#expected = count;
    if (count === 0) return undefined;
    if (this.#rows === undefined && count < rows) this.#startRows(count);
    const column = {
      labels,
      rows: this.#rows && cut(this.#rows, count),
      values: cut(this.#values, count),
    };
    this.begin(NO_VALUES);
    return column;
  }

  #addSlowly(row: number, value: number): void {
    const at = this.count;
    const lastRow = this.#rows === undefined ? at - 1 : this.#rows[at - 1];
    if (lastRow === row) return;
    if (at === this.#values.length) this.#grow();
    if (this.#rows === undefined && at !== row) this.#startRows(at);
    if (this.#rows !== undefined) this.#rows[at] = row;
    this.#values[at] = value;
    this.count = at + 1;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#values.length * 2);
    const values = new Float64Array(capacity);
    values.set(this.#values);
    this.#values = values;
    if (this.#rows === undefined) return;
    const rows = new Uint32Array(capacity);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  /** So far each row had a value. */
  #startRows(count: number): void {
    this.#rows = new Uint32Array(this.#values.length);
    for (let i = 0; i < count; i++) this.#rows[i] = i;
  }
}

/** Begins a poll of all columns; what most will hold lies side by side, as an array of its own costs more than it holds. */
export function beginColumns(columns: readonly ColumnPlan[]): void {
  const room = new Float64Array(columns.reduce((sum, { usual }) => sum + usual, 0));
  let at = 0;
  for (const column of columns) column.begin(room.subarray(at, (at += column.usual)));
}

/** The beginning of an array; where much more would be kept in memory, a copy. */
function cut<T extends Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T, length: number): T {
  const wasteful = array.length > length + (length >> 3) + 2 * FIRST_CAPACITY;
  return (wasteful ? array.slice(0, length) : array.subarray(0, length)) as T;
}
