/**
 * Since when each counter counts, and what it was when it was pushed last: one value's start moves where the value has fallen
 * since, and nowhere else. It moves to the push before, or to this one where nothing of the value is new, as another node
 * has said it, which lags.
 *
 * What is kept are the columns that were pushed last, as they are; with them, only where a start is not that of the whole row,
 * the starts.
 */

import { type Column, mayLag, type Row } from "../snapshot/snapshot.ts";
import type { Outcome } from "./data.ts";

/** Values of counters, one a row or one a set of labels, with since when they count. */
export interface Counted {
  /** By index of the column's values: since when, in milliseconds since the epoch. */
  readonly startMs: (i: number) => number;
  /** By index: what it was when it was pushed last, 0 where it has begun anew since, or itself where it lags; undefined where it was not pushed. */
  readonly before: (i: number) => number | undefined;
  /** When the column was pushed last; undefined where it was not. */
  readonly beforeMs: number | undefined;
}

interface Known {
  readonly timeMs: number;
  readonly rows: readonly Row[];
  readonly column: Column;
  readonly source: string | undefined;
  /** Those that differ from the row's; NaN where they do not. */
  readonly starts: Float64Array | undefined;
  /** Index of the value, by row or by row and labels. */
  index: ((row: number, i: number, of: Column) => number) | undefined;
}

/** Of one target. */
export class History {
  #last = new Map<string, Known>();
  #next = new Map<string, Known>();
  /** For rows of this push: the row of the last push that is of the same connection or channel. */
  readonly #sameRow = new Map<readonly Row[], Map<readonly Row[], Int32Array>>();

  /**
   * Takes a column of a counter.
   *
   * @param key tells the column from all others of the target
   * @param timeMs of the values
   * @param rowStartMs since when a series counts that is new
   * @param keepStart whether that is to be kept for each series, as it is not always the same for a row
   * @param source of `StatsSnapshot`, where the values are told by Sora
   */
  take(
    key: string,
    rows: readonly Row[],
    column: Column,
    timeMs: number,
    rowStartMs: (row: number) => number,
    keepStart: boolean,
    source: string | undefined,
  ): Counted {
    const last = this.#last.get(key);
    const lags = mayLag(last?.source, source);
    const { values } = column;
    const befores = last === undefined ? undefined : this.#befores(last, rows, column);
    let starts: Float64Array | undefined;
    const setStart = (i: number, startMs: number) => {
      starts ??= new Float64Array(values.length).fill(NaN);
      starts[i] = startMs;
    };
    for (let i = 0; i < values.length; i++) {
      const at = befores?.[i] ?? -1;
      if (at === -1) {
        if (keepStart) setStart(i, rowStartMs(rowOf(column, i)));
        continue;
      }
      const startMs = last!.starts?.[at] ?? NaN;
      if (values[i]! < last!.column.values[at]!) {
        const beforeMs = Number.isNaN(startMs) ? rowStartMs(rowOf(column, i)) : startMs;
        // What was pushed once may have started with that push; a start that stayed would tell of no new beginning.
        setStart(i, lags ? timeMs : Math.min(Math.max(last!.timeMs, beforeMs + 1), timeMs));
      } else if (!Number.isNaN(startMs)) setStart(i, startMs);
    }
    this.#next.set(key, { timeMs, rows, column, source, starts, index: undefined });
    return {
      startMs: (i) => {
        const startMs = starts?.[i];
        return startMs === undefined || Number.isNaN(startMs) ? rowStartMs(rowOf(column, i)) : startMs;
      },
      before: (i) => {
        const at = befores?.[i] ?? -1;
        if (at === -1) return undefined;
        const before = last!.column.values[at]!;
        if (values[i]! >= before) return before;
        return lags ? values[i]! : 0;
      },
      beforeMs: last?.timeMs,
    };
  }

  /**
   * Ends a push. Where all was delivered, what was not in it is not there any more and is forgotten; where nothing was, the
   * push before remains the last one.
   */
  end(outcome: Outcome): void {
    if (outcome === "all") this.#last = this.#next;
    if (outcome === "some") this.#last = new Map([...this.#last, ...this.#next]);
    this.#next = new Map();
    this.#sameRow.clear();
  }

  /** Where in the last column each value of this one is; -1 where it is not there. */
  #befores(last: Known, rows: readonly Row[], column: Column): Int32Array {
    const same = this.#same(last.rows, rows);
    const { index = (last.index = indexOf(last)) } = last;
    return Int32Array.from(column.values, (_, i) => {
      const row = same[rowOf(column, i)]!;
      return row === -1 ? -1 : index(row, i, column);
    });
  }

  #same(before: readonly Row[], now: readonly Row[]): Int32Array {
    let byNow = this.#sameRow.get(before);
    if (byNow === undefined) this.#sameRow.set(before, (byNow = new Map<readonly Row[], Int32Array>()));
    let same = byNow.get(now);
    if (same === undefined) {
      const places = new Map(before.map((row, i) => [rowKey(row), i]));
      same = Int32Array.from(now, (row) => places.get(rowKey(row)) ?? -1);
      byNow.set(now, same);
    }
    return same;
  }
}

/** What tells a row from the others of its level. */
export function rowKey({ connectionId, channelId }: Row): string {
  return connectionId ?? channelId ?? "";
}

/** The row of a value. */
export function rowOf({ rows }: Column, i: number): number {
  return rows === undefined ? i : rows[i]!;
}

function indexOf({ rows, column }: Known): NonNullable<Known["index"]> {
  const { entryLabels } = column;
  if (entryLabels !== undefined) {
    const places = new Map(
      entryLabels.map((labels, i) => [`${rowOf(column, i)} ${JSON.stringify(labels)}`, i]),
    );
    return (row, i, of) => places.get(`${row} ${JSON.stringify(of.entryLabels?.[i] ?? [])}`) ?? -1;
  }
  if (column.rows === undefined) return (row) => (row < column.values.length ? row : -1);
  const places = new Int32Array(rows.length).fill(-1);
  for (const [i, row] of column.rows.entries()) places[row] = i;
  return (row) => places[row]!;
}
