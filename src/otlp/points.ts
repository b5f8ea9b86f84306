/** A snapshot's families become metrics of OTLP, whose points are made as they are asked for. */

import type { DataPoint, Histogram, MetricData } from "@opentelemetry/sdk-metrics";
import type { HrTime } from "@opentelemetry/api";
import { type Column, columnKey, type Family, type Row, type Snapshot } from "../snapshot/snapshot.ts";
import { addLabels, hrTime, metricData, NO_START, type Point, type Points, withPoints } from "./data.ts";
import { type Counted, type History, rowOf } from "./history.ts";
import type { OtlpName } from "./names.ts";

/** What is pushed of one target at a time. */
export interface Pushed {
  readonly history: History;
  /** Of all its points, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** Of the statistics, where they are known: whose counters the connections' are. */
  readonly source: string | undefined;
  readonly delta: boolean;
  /** By index of a row: since when its series count that were not pushed before. */
  readonly starts: (rows: readonly Row[], family: Family) => (row: number) => number;
  /** Whether what such a series counts is to be told where only what was added is told. */
  readonly countsInFull: (row: Row, family: Family) => boolean;
}

/** Makes a metric of a family. */
export function toMetric(family: Family, snapshot: Snapshot, name: OtlpName, pushed: Pushed): MetricData {
  const data = metricData(name, family.help, pushed.delta);
  const points = new FamilyPoints(family, snapshot, name, pushed);
  return withPoints(data, points);
}

class FamilyPoints implements Points {
  readonly length: number;
  readonly #family: Family;
  readonly #snapshot: Snapshot;
  readonly #name: OtlpName;
  readonly #pushed: Pushed;
  readonly #time: HrTime;

  constructor(family: Family, snapshot: Snapshot, name: OtlpName, pushed: Pushed) {
    this.#family = family;
    this.#snapshot = snapshot;
    this.#name = name;
    this.#pushed = pushed;
    this.#time = hrTime(pushed.timeMs);
    this.length =
      family.type === "histogram"
        ? family.columns.at(-1)!.values.length
        : family.columns.reduce((sum, { values }) => sum + values.length, 0);
  }

  *[Symbol.iterator](): Iterator<Point> {
    switch (this.#family.type) {
      case "gauge":
        for (const column of this.#family.columns) yield* this.#gauges(column);
        break;
      case "counter":
        for (const column of this.#family.columns) yield* this.#counters(column);
        break;
      case "histogram":
        yield* this.#histograms();
    }
  }

  *#gauges(column: Column): Generator<DataPoint<number>> {
    for (const [i, value] of column.values.entries())
      yield { attributes: this.#attributes(column, i), startTime: NO_START, endTime: this.#time, value };
  }

  *#counters(column: Column): Generator<DataPoint<number>> {
    const { family, delta } = {
      family: this.#family,
      delta: this.#pushed.delta && this.#name.kind === "sum",
    };
    const counted = this.#count(columnKey(family.name, column.labels), column);
    for (const [i, value] of column.values.entries()) {
      const attributes = this.#attributes(column, i);
      const endTime = this.#time;
      if (delta) {
        const { from, startTime } = this.#since(counted, column, i, value);
        yield { attributes, startTime, endTime, value: value - from };
      } else yield { attributes, startTime: hrTime(counted.startMs(i)), endTime, value };
    }
  }

  *#histograms(): Generator<DataPoint<Histogram>> {
    const { name, columns } = this.#family;
    const buckets = columns.filter(({ suffix }) => suffix === "_bucket");
    const sum = columns.find(({ suffix }) => suffix === "_sum");
    const count = columns.find(({ suffix }) => suffix === "_count");
    if (sum === undefined || count === undefined) return;
    const boundaries = buckets.map(({ labels }) => Number(labels[0]![1])).filter(Number.isFinite);
    const counted = [...buckets, sum, count].map((column) =>
      this.#count(columnKey(name + column.suffix!, column.labels), column),
    );
    const ofCount = counted.at(-1)!;
    for (const [i, total] of count.values.entries()) {
      const attributes = this.#attributes(count, i);
      const { startTime } = this.#pushed.delta
        ? this.#since(ofCount, count, i, total)
        : { startTime: hrTime(ofCount.startMs(i)) };
      const read = (column: Column, at: number) =>
        column.values[i]! -
        (this.#pushed.delta ? this.#since(counted[at]!, column, i, column.values[i]!).from : 0);
      const upTo = buckets.map(read);
      yield {
        attributes,
        startTime,
        endTime: this.#time,
        value: {
          buckets: { boundaries, counts: upTo.map((n, bucket) => n - (upTo[bucket - 1] ?? 0)) },
          sum: read(sum, buckets.length),
          count: read(count, buckets.length + 1),
        },
      };
    }
  }

  #count(key: string, column: Column): Counted {
    const { rows } = this.#snapshot;
    const { history, starts, timeMs, source } = this.#pushed;
    const family = this.#family;
    // What is about the target itself may begin at different times.
    const keepStart = rows[0]?.channelId === undefined;
    const ofSora = rows[0]?.connectionId === undefined ? undefined : source;
    return history.take(key, rows, column, timeMs, starts(rows, family), keepStart, ofSora);
  }

  /** From what, and since when, is told what was added. */
  #since(counted: Counted, column: Column, i: number, value: number): { from: number; startTime: HrTime } {
    const before = counted.before(i);
    if (before !== undefined) return { from: before, startTime: hrTime(counted.beforeMs!) };
    const inFull = this.#pushed.countsInFull(this.#snapshot.rows[rowOf(column, i)]!, this.#family);
    return inFull
      ? { from: 0, startTime: hrTime(counted.startMs(i)) }
      : { from: value, startTime: this.#time };
  }

  #attributes(column: Column, i: number): Record<string, string> {
    const { target, rows } = this.#snapshot;
    const { channelId, connectionId } = rows[rowOf(column, i)]!;
    const attributes: Record<string, string> = { target };
    if (channelId !== undefined) attributes["channel_id"] = channelId;
    if (connectionId !== undefined) attributes["connection_id"] = connectionId;
    if (column.suffix === undefined) addLabels(attributes, column.labels);
    if (column.entryLabels !== undefined) addLabels(attributes, column.entryLabels[i]!);
    return attributes;
  }
}
