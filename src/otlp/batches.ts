/** What goes out at a time: metrics cut into requests that receivers take, in order, each made when it is asked for. */

import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { type Point, pointsOf, withPoints } from "./data.ts";

export interface Batch {
  readonly metrics: ResourceMetrics;
  /** How many data points it has. */
  readonly points: number;
}

/** Below the 4 MiB that gRPC servers take by default, of which the Collector is one; the last point may go beyond. */
const MAX_BYTES = 3_000_000;
/** What a point takes besides its attributes, and an attribute besides its texts, at most. */
const POINT_BYTES = 64;
const ATTRIBUTE_BYTES = 12;
const BUCKET_BYTES = 16;
/** A character takes at most so many bytes in UTF-8. */
const CHARACTER_BYTES = 3;

/** How many points there are. */
export function countPoints({ scopeMetrics }: ResourceMetrics): number {
  return scopeMetrics.reduce(
    (sum, { metrics }) => sum + metrics.reduce((n, data) => n + pointsOf(data).length, 0),
    0,
  );
}

/**
 * Cuts metrics into batches. Points are made as they are asked for, so one batch is there at a time.
 *
 * @param maxPoints of a batch; it has fewer where they would be too many bytes
 */
export function* batches(all: ResourceMetrics, maxPoints: number): Generator<Batch, void, void> {
  for (const { scope, metrics } of all.scopeMetrics) {
    let batch: MetricData[] = [];
    let points = 0;
    let bytes = 0;
    const take = (): Batch => {
      const taken = { metrics: { ...all, scopeMetrics: [{ scope, metrics: batch }] }, points };
      batch = [];
      points = 0;
      bytes = 0;
      return taken;
    };
    for (const data of metrics) {
      let here: Point[] = [];
      for (const point of pointsOf(data)) {
        here.push(point);
        points++;
        bytes += sizeOf(point);
        // Not before the next one is there: whoever is asked for a point takes it for pushed.
        if (points < maxPoints && bytes < MAX_BYTES) continue;
        batch.push(withPoints(data, here));
        here = [];
        yield take();
      }
      if (here.length > 0) batch.push(withPoints(data, here));
    }
    if (points > 0) yield take();
  }
}

/** At most so many bytes, or thereabouts. */
function sizeOf({ attributes, value }: Point): number {
  let size = POINT_BYTES + (typeof value === "number" ? 0 : BUCKET_BYTES * value.buckets.counts.length);
  for (const name in attributes)
    size += ATTRIBUTE_BYTES + name.length + CHARACTER_BYTES * (attributes[name] as string).length;
  return size;
}
