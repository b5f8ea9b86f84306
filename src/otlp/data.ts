/** The data of the metrics SDK as the producer makes it: points come one by one as they are asked for, not all at once. */

import { type HrTime, ValueType } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from "@opentelemetry/sdk-metrics";
import type { Label } from "../catalog/resolve.ts";
import type { OtlpName } from "./names.ts";

export type Point = DataPoint<number> | DataPoint<Histogram>;
export type Temporality = "cumulative" | "delta" | "lowmemory";

/** How much of a push was delivered. Of `some`, all that was taken out of it but what the request had that failed, which may have been. */
export type Outcome = "all" | "some" | "none";

/** The points of a metric. They can be gone through once, as what was pushed is noted meanwhile. */
export interface Points extends Iterable<Point> {
  /** How many there are. */
  readonly length: number;
}

/**
 * A metric of the SDK without its points.
 *
 * @param delta whether sums and histograms tell what was added since the last push
 */
export function metricData({ name, unit, kind }: OtlpName, help: string, delta: boolean): MetricData {
  const descriptor = { name, unit, description: help, valueType: ValueType.DOUBLE };
  const steady = delta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  const dataPoints: never[] = [];
  switch (kind) {
    case "gauge":
      return { descriptor, aggregationTemporality: steady, dataPointType: DataPointType.GAUGE, dataPoints };
    case "histogram":
      return {
        descriptor,
        aggregationTemporality: steady,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints,
      };
    case "sum":
    case "unsteady":
      return {
        descriptor,
        aggregationTemporality: kind === "sum" ? steady : AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.SUM,
        isMonotonic: kind === "sum",
        dataPoints,
      };
  }
}

/** A metric with points. Who takes it from the SDK (`Push`) goes through them batch by batch. */
export function withPoints(data: MetricData, points: Points | readonly Point[]): MetricData {
  return { ...data, dataPoints: points } as unknown as MetricData;
}

/** The points that `withPoints` has put there. */
export function pointsOf(data: MetricData): Points {
  return data.dataPoints as unknown as Points;
}

/** Time of the SDK. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
}

/** A gauge has no start; 0 is none. */
export const NO_START: HrTime = [0, 0];

/** Attributes of labels; an empty one is none, as for Prometheus. */
export function addLabels(attributes: Record<string, string>, labels: readonly Label[]): void {
  for (const [name, value] of labels) if (value !== "") attributes[name] = value;
}
