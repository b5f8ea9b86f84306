/** What the connections of a channel, and all of a target, come to: sums, distributions, numbers. */

import { CONNECTION_PREFIX } from "../catalog/resolve.ts";
import {
  type Column,
  compareNames,
  countSeries,
  type Family,
  type Row,
  type Snapshot,
  type StatsSnapshot,
} from "../snapshot/snapshot.ts";
import { Comings } from "./comings.ts";
import { forgetColumns, type GrownColumn, Increases } from "./increases.ts";
import { Numbers } from "./numbers.ts";
import { type Bounds, DEFAULT_BOUNDS, Observations, SUM_PREFIXES } from "./observations.ts";
import { Places } from "./places.ts";
import { countUnstableLevels } from "./unstable-levels.ts";

/** A channel's series go after so long without a connection, in milliseconds. */
export const KEEP_CHANNEL_MS = 300_000;

/** So much time passes at most between two polls, be it that Sora was away or that it is asked rarely. */
const LONGEST_STEP_MS = 60_000;

interface SumColumn {
  /** Of the connections' metric. Not its family: that would keep the numbers of a poll that is long past. */
  readonly name: string;
  readonly help: string;
  readonly section: string | undefined;
  readonly labels: Column["labels"];
  /** By index of the channel; none where none of its connections had a value. */
  readonly channels: Numbers;
  target: number;
  /** When any connection had a value. */
  seenMs: number;
}

/** What is told of one target's channels and of the target as a whole, poll after poll. */
export class Sums {
  readonly #target: string;
  readonly #increases = new Increases();
  readonly #observations: Observations;
  readonly #comings: Comings;
  readonly #columns = new Map<string, SumColumn>();
  readonly #channels = new Places(KEEP_CHANNEL_MS);
  #lastMs: number | undefined;
  #leftOut = 0;
  /** For how long there have been answers; what is missing while Sora is away is not missing. */
  #observedMs = 0;

  /** @param target name of the target, which becomes the label `target` */
  constructor(target: string, bounds: Bounds = DEFAULT_BOUNDS) {
    this.#target = target;
    this.#observations = new Observations(target, bounds);
    this.#comings = new Comings(target);
  }

  /** How many metrics of the last poll were not added up; see `MAX_COLUMNS`. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * Takes the next poll.
   *
   * @param nowMs of a clock that is never set back
   * @returns snapshots of the channels and of the target; no series is in two of them
   */
  add(snapshot: StatsSnapshot, nowMs: number): Snapshot[] {
    this.#observedMs += Math.min(nowMs - (this.#lastMs ?? nowMs), LONGEST_STEP_MS);
    this.#lastMs = nowMs;
    return this.#addAt(snapshot, this.#observedMs);
  }

  #addAt(snapshot: StatsSnapshot, nowMs: number): Snapshot[] {
    const names = snapshot.rows.map(({ channelId }) => channelId);
    this.#forget(names, nowMs);
    const channelOf = this.#channels.place(names, nowMs);
    this.#leftOut = this.#increases.take(snapshot, nowMs, (grown) =>
      this.#addColumn(grown, channelOf, nowMs),
    );
    const columns = [...this.#columns.values()].sort(
      (a, b) => compareNames(a.name, b.name) || compareNames(labelText(a), labelText(b)),
    );
    return [
      this.#channelSnapshot(columns, snapshot.timeMs),
      this.#targetSnapshot(columns, snapshot.timeMs),
      ...this.#observations.add(snapshot),
      ...countUnstableLevels(snapshot),
      ...this.#comings.add(snapshot),
    ];
  }

  #addColumn({ key, family, column, increases }: GrownColumn, channelOf: Int32Array, nowMs: number): void {
    let sum = this.#columns.get(key);
    if (sum === undefined) {
      const { name, help, section } = family;
      const { labels } = column;
      sum = { name, help, section, labels, channels: new Numbers(), target: 0, seenMs: nowMs };
      this.#columns.set(key, sum);
    }
    sum.seenMs = nowMs;
    const { channels } = sum;
    const { rows } = column;
    const known = channels.array(this.#channels.capacity);
    let total = 0;
    for (let i = 0; i < column.values.length; i++) {
      const increase = increases[i]!;
      const channel = channelOf[rows === undefined ? i : rows[i]!]!;
      const before = known === undefined ? channels.get(channel) : known[channel]!;
      const now = Number.isNaN(before) ? increase : before + increase;
      if (known === undefined) channels.set(channel, now, this.#channels.capacity);
      else known[channel] = now;
      total += increase;
    }
    sum.target += total;
  }

  #channelSnapshot(columns: readonly SumColumn[], timeMs: number): Snapshot {
    const channels = this.#channels.entries();
    const rows: Row[] = channels.map(({ name }) => ({ channelId: name }));
    return this.#toSnapshot(timeMs, rows, "channel", columns, ({ channels: sums }) => {
      const found: number[] = [];
      const values: number[] = [];
      for (const [row, { index }] of channels.entries()) {
        const value = sums.get(index);
        if (Number.isNaN(value)) continue;
        found.push(row);
        values.push(value);
      }
      return { rows: Uint32Array.from(found), values: Float64Array.from(values) };
    });
  }

  #targetSnapshot(columns: readonly SumColumn[], timeMs: number): Snapshot {
    return this.#toSnapshot(timeMs, [{}], "target", columns, ({ target }) => ({
      rows: undefined,
      values: Float64Array.of(target),
    }));
  }

  #toSnapshot(
    timeMs: number,
    rows: readonly Row[],
    level: keyof typeof SUM_PREFIXES,
    columns: readonly SumColumn[],
    read: (sum: SumColumn) => Pick<Column, "rows" | "values">,
  ): Snapshot {
    const byName = new Map<string, { head: SumColumn; columns: Column[] }>();
    for (const sum of columns) {
      const column = { labels: sum.labels, ...read(sum) };
      if (column.values.length === 0) continue;
      const entry = byName.get(sum.name) ?? { head: sum, columns: [] };
      byName.set(sum.name, entry);
      entry.columns.push(column);
    }
    const families = [...byName].map(([name, { head, columns }]): Family => ({
      name: SUM_PREFIXES[level] + name.slice(CONNECTION_PREFIX.length),
      help: `${head.help}; added up over the connections of the ${level}`,
      type: "counter",
      section: head.section,
      columns,
    }));
    return { target: this.#target, timeMs, rows, families, series: countSeries(families), unknownPaths: [] };
  }

  #forget(names: readonly string[], nowMs: number): void {
    for (const { name, index } of this.#channels.forget(names, nowMs)) {
      this.#observations.forget(name);
      this.#comings.forget(name);
      for (const { channels } of this.#columns.values()) channels.delete(index);
    }
    forgetColumns(this.#columns, nowMs);
  }
}

function labelText({ labels }: SumColumn): string {
  return labels.map(([, value]) => value).join("\0");
}
