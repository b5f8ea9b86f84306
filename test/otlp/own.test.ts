/** Deltas of the exporter's own counters. */

import { expect, test } from "vitest";
import { pointsOf } from "../../src/otlp/data.ts";
import { otlpNames } from "../../src/otlp/names.ts";
import { OwnCollector, type OwnMetric } from "../../src/otlp/own.ts";

const START_MS = 1_000_000;

function familiesOf(polls: number, exports: number): OwnMetric[] {
  const counter = (name: string, value: number): OwnMetric => ({
    name,
    type: "counter",
    help: "",
    samples: [{ name, labels: [], value }],
  });
  return [counter("sora_exporter_polls_total", polls), counter("sora_exporter_otlp_exports_total", exports)];
}

function push(collector: OwnCollector, families: OwnMetric[], timeMs: number) {
  const [polls] = collector.metrics(families, otlpNames(families), timeMs);
  const [point] = [...pointsOf(polls!)];
  return { value: point!.value, since: point!.startTime[0] * 1000 - START_MS };
}

test("the first push tells all since the process started, and what is not delivered goes out with the next one", () => {
  const collector = new OwnCollector({ delta: true, startMs: START_MS, finite: () => false });
  expect(push(collector, familiesOf(7, 0), START_MS + 10_000)).toEqual({ value: 7, since: 0 });
  collector.end("none");
  expect(push(collector, familiesOf(9, 1), START_MS + 20_000)).toEqual({ value: 9, since: 0 });
  collector.end("all");
  expect(push(collector, familiesOf(12, 2), START_MS + 30_000)).toEqual({ value: 3, since: 20_000 });
});

test("where another thread has pushed before, the first push is the baseline", () => {
  const collector = new OwnCollector({ delta: true, startMs: START_MS, finite: () => false });
  expect(push(collector, familiesOf(7, 1), START_MS + 10_000)).toEqual({ value: 0, since: 10_000 });
  collector.end("all");
  expect(push(collector, familiesOf(8, 2), START_MS + 20_000)).toEqual({ value: 1, since: 10_000 });
});
