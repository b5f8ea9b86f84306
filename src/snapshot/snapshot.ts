/**
 * The snapshot: what one good answer of one target said, ready to be exposed. It is never changed, only replaced.
 *
 * It is columnar. A column is one series per row, a row being a connection, a channel or the target itself: one metric
 * with one set of labels besides those of identity. Its numbers lie side by side in a Float64Array; most columns of an
 * answer of GetStatsAllConnections share one buffer. A column that some rows lack says which rows its numbers belong to. So 10,000 connections of 334 numbers are 27 MB, and are written out family by family without looking anything up.
 */

import type { Label } from "../catalog/resolve.ts";

/** The types that have one number a series. */
export type ValueType = "counter" | "gauge";
export type MetricType = ValueType | "histogram";

/** Whom a row is about: a connection, a channel, or with neither the target itself. */
export interface Row {
  readonly channelId?: string;
  readonly connectionId?: string;
}

/** What a series is about. */
export const LEVELS = ["target", "channel", "connection"] as const;
export type Level = (typeof LEVELS)[number];

/** The level of a row's series. */
export function levelOf({ channelId, connectionId }: Row): Level {
  if (connectionId !== undefined) return "connection";
  return channelId !== undefined ? "channel" : "target";
}

/** The snapshots of some levels; all rows of one are of the same. */
export function selectLevels(snapshots: readonly Snapshot[], levels: ReadonlySet<Level>): Snapshot[] {
  return snapshots.filter((snapshot) => isOfLevels(snapshot, levels));
}

/** Whether a snapshot has rows, and they are of one of some levels. */
export function isOfLevels({ rows }: Snapshot, levels: ReadonlySet<Level>): boolean {
  return rows[0] !== undefined && levels.has(levelOf(rows[0]));
}

/** A row of the statistics. */
export interface Connection extends Row {
  readonly channelId: string;
  readonly connectionId: string;
  /** Empty where the statistics do not say. */
  readonly clientId: string;
  readonly bundleId: string;
}

/** One metric with one set of labels, for the connections that have it. */
export interface Column {
  /** Labels besides those of identity. */
  readonly labels: readonly Label[];
  /** Row of each value, ascending; undefined where every row has one, in order. */
  readonly rows: Uint32Array | undefined;
  readonly values: Float64Array;
  /** In a histogram, what follows the family's name: `_bucket`, `_sum` or `_count`. Its columns have the same rows. */
  readonly suffix?: string;
  /** Labels that differ from value to value, for info metrics. */
  readonly entryLabels?: readonly (readonly Label[])[];
}

/** One metric. */
export interface Family {
  /** Full name, with `_total` where it is a counter. */
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** Sora's section of a connection that it comes from, such as `rtp`; that of its first column. */
  readonly section?: string | undefined;
  readonly columns: readonly Column[];
}

export interface Snapshot {
  readonly target: string;
  /** When the answer was there, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly rows: readonly Row[];
  /** By name, ascending. */
  readonly families: readonly Family[];
  /** Number of series, over all families. */
  readonly series: number;
  /** Paths that no rule of the catalog knows, with captures as `{name}`, in the order they were found. */
  readonly unknownPaths: readonly string[];
}

/** What an answer of GetStatsAllConnections becomes: a row a connection. */
export interface StatsSnapshot extends Snapshot {
  readonly rows: readonly Connection[];
  /** URL of the node that said it, where it is known: what another one says next may be older. */
  readonly source?: string;
}

/**
 * Whether a counter that is lower than before has not begun anew, but is told by another node, which lags. A connection's
 * counters begin anew with no failover.
 *
 * @param before `source` of what was said before
 * @param now of what is said now
 */
export function mayLag(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && now !== undefined && before !== now;
}

/** Number of series, over all families. */
export function countSeries(families: readonly Family[]): number {
  return families.reduce(
    (sum, { columns }) => sum + columns.reduce((n, { values }) => n + values.length, 0),
    0,
  );
}

/** Number of series, over all snapshots. */
export function seriesOf(snapshots: readonly Snapshot[]): number {
  return snapshots.reduce((sum, { series }) => sum + series, 0);
}

/** What tells a metric with one set of labels from all others. */
export function columnKey(name: string, labels: readonly Label[]): string {
  return JSON.stringify([name, labels]);
}

/** By code unit, so that the order does not depend on a locale. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The type that a metric's name tells. */
export function typeOf(name: string): ValueType {
  return name.endsWith("_total") ? "counter" : "gauge";
}

/** The unit that a metric's name tells, as OpenMetrics wants it, or undefined where it tells none. */
export function unitOf(name: string): "bytes" | "seconds" | undefined {
  const base = name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
  return base.endsWith("_bytes") ? "bytes" : base.endsWith("_seconds") ? "seconds" : undefined;
}
