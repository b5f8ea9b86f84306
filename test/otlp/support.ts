/** What is pushed, point by point. */

import type { Level } from "../../src/snapshot/snapshot.ts";
import { batches } from "../../src/otlp/batches.ts";
import {
  createProducer,
  type ProducerOptions,
  type SnapshotProducer,
  type Told,
} from "../../src/otlp/producer.ts";
import type { Point } from "../../src/otlp/data.ts";

export interface PushedPoint {
  /** Name in OTLP, and attributes as `name=value` in their order, without the target. */
  readonly series: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly value: Point["value"];
  readonly monotonic: boolean;
}

/** All levels, without the exporter's own metrics. */
export const ALL: Told = {
  levels: new Set<Level>(["target", "channel", "connection"]),
  own: undefined,
  finite: false,
};

/** A producer of all levels, without the exporter's own metrics, unless it is told otherwise. */
export function producerOf(
  targets: ProducerOptions["targets"],
  now: () => number,
  { told, ...changes }: Partial<Omit<ProducerOptions, "told">> & { readonly told?: Partial<Told> } = {},
): SnapshotProducer {
  return createProducer({
    targets,
    told: { ...ALL, ...told },
    delta: false,
    scope: { name: "s", version: "1" },
    processStartMs: now(),
    now,
    ...changes,
  });
}

/** Pushes, and gives all points. */
export async function push(producer: SnapshotProducer): Promise<PushedPoint[]> {
  const { resourceMetrics } = await producer.collect();
  const points = [...batches(resourceMetrics, 1000)].flatMap(({ metrics }) =>
    metrics.scopeMetrics.flatMap((scope) =>
      scope.metrics.flatMap((data) => pointsOf(data as Parameters<typeof pointsOf>[0])),
    ),
  );
  producer.end("all");
  return points;
}

function pointsOf(data: {
  descriptor: { name: string };
  dataPoints: readonly Point[];
  isMonotonic?: boolean;
}): PushedPoint[] {
  const { name } = data.descriptor;
  return data.dataPoints.map(({ attributes, startTime, endTime, value }) => {
    const labels = Object.entries(attributes).filter(([label]) => label !== "target");
    return {
      series: `${name}{${labels.map(([label, text]) => `${label}=${String(text)}`).join(",")}}`,
      attributes,
      name,
      startMs: toMs(startTime),
      endMs: toMs(endTime),
      value,
      monotonic: data.isMonotonic === true,
    };
  });
}

function toMs([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1000 + nanos / 1e6;
}
