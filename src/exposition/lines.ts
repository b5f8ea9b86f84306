/**
 * The lines of a family: row by row, and within a row in the order of the columns. What a row says together stands together
 * in the exposition, where the same labels are compressed well.
 *
 * The lines are put in order here, and laid out as a number and two indices each; WebAssembly makes text of them.
 */

import type { Column, Family, Snapshot } from "../snapshot/snapshot.ts";
import type { Format } from "./compose.ts";
import { Identities, type Slice } from "./identities.ts";
import { canonicalBound, formatLabels, numberText } from "./labels.ts";
import { CAPACITIES, type Capacities, FULL, LinesCore, LONGEST_PIECE } from "./lines-core.ts";

/** So many cores are kept for the next families; each has some 4 MB. */
const KEPT_CORES = 2;
/** Of so many lines the order is found at once, roughly. */
const WINDOW_LINES = 64 * 1024;
/** A family whose columns all have all rows needs no order found, unless its columns are very many. */
const MAX_DENSE_COLUMNS = 64;
/** A line that the core does not write. */
const TOO_LONG = -2;

/** Renders families. */
export class LineWriter {
  readonly #capacities: Capacities;
  readonly #idle: LinesCore[] = [];

  constructor(capacities: Partial<Capacities> = {}) {
    this.#capacities = { ...CAPACITIES, ...capacities };
  }

  /**
   * The lines of a family of a snapshot, without its head. Several may be under way at a time.
   *
   * @returns chunks of UTF-8; each is there only until the next one is asked for
   */
  *lines(snapshot: Snapshot, family: Family, format: Format): Generator<Uint8Array, void, void> {
    const core = this.#idle.pop() ?? new LinesCore(this.#capacities);
    try {
      core.start();
      const lines = new FamilyLines(core, this.#capacities, snapshot, family, format);
      for (let done = false; !done;) {
        done = lines.layOut();
        yield* core.flush();
        const long = lines.takeLong();
        if (long !== undefined) yield long;
      }
    } finally {
      if (this.#idle.length < KEPT_CORES) this.#idle.push(core);
    }
  }
}

/** A column, and how far its lines are laid out. */
interface Cursor {
  readonly head: string;
  /** Where all values have the same labels. */
  readonly tail: string;
  readonly rows: Column["rows"];
  readonly values: Float64Array;
  readonly entryLabels: Column["entryLabels"];
  /** Index of the next value, and of the first one that has not been put into a window. */
  next: number;
  ordered: number;
  /** The column's shape in the core, or of each set of labels, as long as the core's epoch is this one. */
  epoch: number;
  shape: number;
  readonly shapes: Map<readonly unknown[], number> | undefined;
}

/** Lays out the lines of one family. */
class FamilyLines {
  readonly #core: LinesCore;
  readonly #capacity: number;
  readonly #identities: Identities;
  readonly #cursors: readonly Cursor[];
  readonly #dense: boolean;
  #left: number;
  #long: Buffer | undefined;

  #sliceIndex = 0;
  #slice: Slice | undefined;
  /** The window: some rows of a slice. */
  readonly #windowRows: number;
  #to = 0;
  /** Whether every row of the window has a line of every column. */
  #inRows = false;
  /** Otherwise, for each line of the window, the column that it is of; undefined where there is one column alone. */
  #order: Uint32Array | undefined;
  #at = 0;
  #total = 0;

  constructor(
    core: LinesCore,
    { lines, shapes }: Capacities,
    snapshot: Snapshot,
    family: Family,
    format: Format,
  ) {
    this.#core = core;
    this.#capacity = lines;
    this.#identities = Identities.of(snapshot);
    this.#cursors = family.columns.map((column) => toCursor(family, column, format));
    this.#left = family.columns.reduce((sum, { values }) => sum + values.length, 0);
    this.#dense =
      this.#cursors.length <= Math.min(lines, shapes, MAX_DENSE_COLUMNS) &&
      this.#cursors.every((cursor) => isDense(cursor, snapshot.rows.length));
    this.#windowRows = Math.ceil((snapshot.rows.length * WINDOW_LINES) / this.#left);
  }

  /**
   * Lays out as much as there is room for.
   *
   * @returns whether that was the last of it
   */
  layOut(): boolean {
    for (;;) {
      if (this.#at === this.#total) {
        if (this.#left === 0) return true;
        this.#openWindow();
        if (this.#total === 0) continue;
      }
      const slice = this.#slice!;
      const identity = this.#core.layIdentities(slice);
      if (identity === FULL) return false;
      const done = this.#inRows
        ? this.#layRows(identity - slice.from)
        : this.#layLines(slice, identity - slice.from);
      if (!done) return false;
    }
  }

  /** A line that is too long for the core, behind all that was laid out before. */
  takeLong(): Buffer | undefined {
    const long = this.#long;
    this.#long = undefined;
    return long;
  }

  /** The next rows, and the order of their lines. */
  #openWindow(): void {
    const from = this.#to;
    let slice = this.#identities.slice(this.#sliceIndex);
    if (slice?.to === from) slice = this.#identities.slice(++this.#sliceIndex);
    if (slice === undefined) throw new Error("a column has rows that the snapshot does not have");
    this.#slice = slice;
    this.#inRows = this.#dense && slice.longest <= LONGEST_PIECE;
    this.#to = this.#inRows ? slice.to : Math.min(slice.to, from + this.#windowRows);
    this.#at = 0;
    this.#order = undefined;
    if (this.#inRows || this.#cursors.length === 1)
      this.#total = this.#cursors.reduce((sum, cursor) => sum + advance(cursor, this.#to), 0);
    else this.#findOrder(from, this.#to);
    this.#left -= this.#total;
  }

  /** Counts the lines of each row, so that each column's can be put where they belong. */
  #findOrder(from: number, to: number): void {
    const starts = new Uint32Array(to - from + 1);
    for (const cursor of this.#cursors) {
      const { rows } = cursor;
      let i = cursor.ordered;
      advance(cursor, to);
      for (; i < cursor.ordered; i++) starts[(rows === undefined ? i : rows[i]!) - from + 1]! += 1;
    }
    for (let row = 1; row < starts.length; row++) starts[row]! += starts[row - 1]!;
    this.#total = starts.at(-1)!;
    const order = (this.#order = new Uint32Array(this.#total));
    for (const [index, { rows, next, ordered }] of this.#cursors.entries()) {
      for (let i = next; i < ordered; i++) {
        const row = (rows === undefined ? i : rows[i]!) - from;
        order[starts[row]!] = index;
        starts[row]! += 1;
      }
    }
  }

  /**
   * Lays out lines of columns that have all rows.
   *
   * @param offset from a row to the index of its identity
   * @returns whether that was all of the window
   */
  #layRows(offset: number): boolean {
    const core = this.#core;
    const cursors = this.#cursors;
    const { length } = cursors;
    const rows = Math.min(
      (this.#total - this.#at) / length,
      Math.floor((this.#capacity - core.count) / length),
    );
    if (rows === 0) return false;
    for (let epoch = -1; epoch !== core.epoch;) {
      epoch = core.epoch;
      for (const cursor of cursors) if (this.#shapeOf(cursor, 0) === FULL) return false;
    }
    const { numbers, shapeOf, identityOf } = core;
    const from = cursors[0]!.next;
    for (let c = 0; c < length; c++) {
      const cursor = cursors[c]!;
      const { values, shape } = cursor;
      let at = core.count + c;
      for (let row = from; row < from + rows; row++, at += length) {
        numbers[at] = values[row]!;
        shapeOf[at] = shape;
        identityOf[at] = row + offset;
      }
      cursor.next += rows;
    }
    core.count += rows * length;
    this.#at += rows * length;
    return this.#at === this.#total;
  }

  /** The same for any columns. */
  #layLines(slice: Slice, offset: number): boolean {
    const core = this.#core;
    const { numbers, shapeOf, identityOf } = core;
    const order = this.#order;
    const long = slice.longest > LONGEST_PIECE;
    for (; this.#at < this.#total; this.#at++) {
      if (core.count === this.#capacity) return false;
      const cursor = this.#cursors[order === undefined ? 0 : order[this.#at]!]!;
      const { rows, next } = cursor;
      const row = rows === undefined ? next : rows[next]!;
      const shape = this.#shapeOf(cursor, next);
      if (shape === FULL) return false;
      if (shape === TOO_LONG || (long && identityOfRow(slice, row).length > LONGEST_PIECE)) {
        if (core.count > 0) return false;
        this.#long = longLine(cursor, identityOfRow(slice, row));
        cursor.next++;
        this.#at++;
        return false;
      }
      numbers[core.count] = cursor.values[next]!;
      shapeOf[core.count] = shape;
      identityOf[core.count] = row + offset;
      core.count++;
      cursor.next++;
    }
    return true;
  }

  /** Index of the shape of a line, `FULL` or `TOO_LONG`. */
  #shapeOf(cursor: Cursor, index: number): number {
    const core = this.#core;
    const labels = cursor.entryLabels?.[index];
    if (cursor.epoch === core.epoch) {
      const known = labels === undefined ? cursor.shape : cursor.shapes!.get(labels);
      if (known !== undefined) return known;
    }
    const tail = tailOf(cursor, index);
    if (isLong(cursor.head, tail)) return TOO_LONG;
    const shape = core.layShape(cursor.head, tail);
    if (shape === FULL) return FULL;
    if (cursor.epoch !== core.epoch) cursor.shapes?.clear();
    cursor.epoch = core.epoch;
    if (labels === undefined) cursor.shape = shape;
    else cursor.shapes!.set(labels, shape);
    return shape;
  }
}

function toCursor(
  { name, type }: Family,
  { suffix = "", labels, rows, values, entryLabels }: Column,
  format: Format,
): Cursor {
  const canonical = format === "openmetrics" && type === "histogram";
  return {
    head: `${name}${suffix}{`,
    tail: toTail(canonical ? labels.map(canonicalBound) : labels),
    rows,
    values,
    entryLabels,
    next: 0,
    ordered: 0,
    epoch: -1,
    shape: 0,
    shapes: entryLabels && new Map<readonly unknown[], number>(),
  };
}

/** Whether a column is of the common kind: a value for each row, and nothing long. */
function isDense({ head, tail, rows, values, entryLabels }: Cursor, rowCount: number): boolean {
  return rows === undefined && values.length === rowCount && entryLabels === undefined && !isLong(head, tail);
}

/** Whether head and tail may be too long for the core; a character has at most three bytes. */
function isLong(head: string, tail: string): boolean {
  return (head.length + tail.length) * 3 > LONGEST_PIECE;
}

/** Puts what a column has of rows up to one into the window; tells how many lines that are. */
function advance(cursor: Cursor, to: number): number {
  const { rows, values, ordered } = cursor;
  let i = ordered;
  if (rows === undefined) i = Math.min(values.length, to);
  else while (i < values.length && rows[i]! < to) i++;
  cursor.ordered = i;
  return i - ordered;
}

function toTail(labels: Column["labels"]): string {
  return labels.length === 0 ? "} " : `,${formatLabels(labels)}} `;
}

function tailOf({ tail, entryLabels }: Cursor, index: number): string {
  return entryLabels === undefined ? tail : toTail(entryLabels[index]!);
}

function identityOfRow({ from, bytes, ends }: Slice, row: number): Uint8Array {
  return bytes.subarray(row === from ? 0 : ends[row - from - 1]!, ends[row - from]);
}

function longLine(cursor: Cursor, identity: Uint8Array): Buffer {
  const { head, values, next } = cursor;
  const end = `${tailOf(cursor, next)}${numberText(values[next]!)}\n`;
  return Buffer.concat([Buffer.from(head), identity, Buffer.from(end)]);
}
