/** A snapshot put together series by series, for answers that are small; build.ts is for the large one. */

import type { Label } from "../catalog/resolve.ts";
import { type Rejections, Tally, type ValueRejection } from "./rejections.ts";
import {
  type Column,
  compareNames,
  countSeries,
  type Family,
  type Row,
  type Snapshot,
  type ValueType,
} from "./snapshot.ts";

/** What there is to know of a metric beside its series. */
export interface MetricHead {
  /** Full name. */
  readonly name: string;
  readonly type: ValueType;
  readonly help: string;
  /** As of a `Family`. */
  readonly section?: string;
}

/** A snapshot, and what was left out of it. */
export interface Drafted {
  readonly snapshot: Snapshot;
  readonly values: Rejections<ValueRejection>;
}

interface Entries {
  readonly head: MetricHead;
  readonly rows: number[];
  readonly values: number[];
  readonly labels: (readonly Label[])[];
}

/** Collects the series of one answer, checks their values, and counts what it leaves out. */
export class Draft {
  readonly #target: string;
  readonly #timeMs: number;
  readonly #rows: readonly Row[];
  readonly #entries = new Map<string, Entries>();
  readonly #rejected = new Tally<ValueRejection>();
  readonly #unknownPaths = new Set<string>();

  /**
   * @param target becomes the label `target`
   * @param timeMs when the answer was there, in milliseconds since the epoch
   * @param rows whom the series are about; by default the target alone
   */
  constructor(target: string, timeMs: number, rows: readonly Row[] = [{}]) {
    this.#target = target;
    this.#timeMs = timeMs;
    this.#rows = rows;
  }

  /** Adds a series, of the row with an index. The caller sees to it that no series is added twice. */
  add(head: MetricHead, value: number, labels: readonly Label[] = [], row = 0): void {
    let entries = this.#entries.get(head.name);
    if (entries === undefined) {
      entries = { head, rows: [], values: [], labels: [] };
      this.#entries.set(head.name, entries);
    }
    entries.rows.push(row);
    entries.values.push(value);
    entries.labels.push(labels);
  }

  /**
   * Adds a series for a value as Sora sent it; what is no number, or a counter below zero, is left out and counted. An
   * absent value (undefined or null) is just absent.
   *
   * @param where names the value in the log, such as `total_sent_srtp`
   * @param divisor from Sora's unit to the base unit
   */
  addNumber(
    head: MetricHead,
    value: unknown,
    where: string,
    { labels = [], row = 0, divisor = 1 }: { labels?: readonly Label[]; row?: number; divisor?: number } = {},
  ): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) this.reject("array", where);
    else if (typeof value !== "number") this.reject("not_a_number", where);
    else if (!Number.isFinite(value)) this.reject("not_finite", where);
    else if (value < 0 && head.type === "counter") this.reject("negative", where);
    else this.add(head, divisor === 1 ? value : value / divisor, labels, row);
  }

  /** Counts something that is left out. */
  reject(reason: ValueRejection, where: string): void {
    this.#rejected.add(reason, () => `${where} (${reason})`);
  }

  /** Notes a path that the catalog does not know. */
  noteUnknown(path: string): void {
    this.#unknownPaths.add(path);
  }

  finish(): Drafted {
    const families = [...this.#entries.values()]
      .map(({ head, ...entries }): Family => ({ ...head, columns: [this.#toColumn(entries)] }))
      .sort((a, b) => compareNames(a.name, b.name));
    return {
      snapshot: {
        target: this.#target,
        timeMs: this.#timeMs,
        rows: this.#rows,
        families,
        series: countSeries(families),
        unknownPaths: [...this.#unknownPaths],
      },
      values: this.#rejected.result(),
    };
  }

  #toColumn({ rows, values, labels }: Omit<Entries, "head">): Column {
    const column = { labels: [], rows: Uint32Array.from(rows), values: Float64Array.from(values) };
    return labels.some((one) => one.length > 0) ? { ...column, entryLabels: labels } : column;
  }
}
