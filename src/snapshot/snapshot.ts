/**
 * The snapshot: what one good poll of one target found, ready to be exposed. It is never changed, only replaced.
 *
 * It is columnar. A column is one series per connection: one metric with one set of labels besides those of
 * identity. Its numbers lie side by side in one Float64Array that all columns share; a column that some
 * connections lack says beside it which rows its numbers belong to. So 10,000 connections of 334 numbers are
 * 27 MB, and are written out family by family without looking anything up.
 */

import type { Label } from "../catalog/resolve.ts";

export type MetricType = "counter" | "gauge";

/** Who a row is. */
export interface Connection {
  readonly channelId: string;
  readonly connectionId: string;
}

/** One metric with one set of labels, for the connections that have it. */
export interface Column {
  /** Labels besides those of identity. */
  readonly labels: readonly Label[];
  /** Row of each value, ascending; undefined where every row has one, in order. */
  readonly rows: Uint32Array | undefined;
  readonly values: Float64Array;
  /** Labels that differ from value to value, for info metrics. */
  readonly entryLabels?: readonly (readonly Label[])[];
}

/** One metric. */
export interface Family {
  /** Full name, with `_total` where it is a counter. */
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly columns: readonly Column[];
}

export interface Snapshot {
  readonly target: string;
  /** When the answer was there, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The rows. */
  readonly connections: readonly Connection[];
  /** By name, ascending. */
  readonly families: readonly Family[];
  /** Number of series, over all families. */
  readonly series: number;
  /** Paths that no rule of the catalog knows, with captures as `{name}`, in the order they were found. */
  readonly unknownPaths: readonly string[];
}

/** The type that a metric's name tells. */
export function typeOf(name: string): MetricType {
  return name.endsWith("_total") ? "counter" : "gauge";
}

/** The unit that a metric's name tells, as OpenMetrics wants it, or undefined where it tells none. */
export function unitOf(name: string): "bytes" | "seconds" | undefined {
  const base = name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
  return base.endsWith("_bytes") ? "bytes" : base.endsWith("_seconds") ? "seconds" : undefined;
}
