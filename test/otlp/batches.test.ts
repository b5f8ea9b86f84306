import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { batches, countPoints } from "../../src/otlp/batches.ts";
import { hrTime, metricData, type Point, pointsOf, withPoints } from "../../src/otlp/data.ts";

/** What gRPC servers take by default. */
const LIMIT_BYTES = 4 * 1024 * 1024;

/** Metrics with so many points, numbered throughout; `asked` is told of each that is asked for. */
function metricsOf(sizes: readonly number[], text: string, asked: (value: number) => void): ResourceMetrics {
  const time = hrTime(0);
  let value = 0;
  const metrics = sizes.map((length, i) => {
    const points = {
      length,
      *[Symbol.iterator](): Iterator<Point> {
        for (let n = 0; n < length; n++) {
          asked(value);
          yield { attributes: { text }, startTime: time, endTime: time, value: value++ };
        }
      },
    };
    return withPoints(metricData({ name: `m${i}`, unit: "", kind: "gauge" }, "", false), points);
  });
  return { resource: resourceFromAttributes({}), scopeMetrics: [{ scope: { name: "s" }, metrics }] };
}

const valuesOf = ({ scopeMetrics }: ResourceMetrics) =>
  scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap((data) => [...pointsOf(data)].map(({ value }) => value)),
  );

test.each([
  [[1], 1, [1]],
  [[3, 2], 2, [2, 2, 1]],
  [[2, 2], 2, [2, 2]],
  [[5, 0, 5], 4, [4, 4, 2]],
  [[2], 100, [2]],
  [[], 100, []],
])(
  "metrics of %j points go out, at most %i at a time, as %j, in order, and are made no sooner",
  (sizes, max, expected) => {
    let asked = -1;
    const all = metricsOf(sizes, "x", (value) => (asked = value));
    expect(countPoints(all)).toBe(sizes.reduce((a, b) => a + b, 0));
    const sent: unknown[] = [];
    const points = [];
    for (const batch of batches(all, max)) {
      sent.push(...valuesOf(batch.metrics));
      points.push(batch.points);
      expect(asked).toBe(sent.length - 1);
    }
    expect(points).toEqual(expected);
    expect(sent).toEqual(sent.map((_, i) => i));
  },
);

test("a batch of long texts has fewer points, and fewer bytes than receivers take", () => {
  const text = "統".repeat(1000);
  const sizes = [
    ...batches(
      metricsOf([5000], text, () => {}),
      100_000,
    ),
  ].map(({ points }) => points);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(5000);
  // Each point has its times, its value and its attribute besides.
  for (const points of sizes) expect(points * (Buffer.byteLength(text) + 100)).toBeLessThan(LIMIT_BYTES);
});
