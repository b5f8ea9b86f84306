/** One measurement of pushes by OTLP. `node --expose-gc bench/otlp.ts CONNECTIONS`, as a child of the benchmark. */

import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { loadExporter } from "../src/otlp/exporters.ts";
import { createToFailure } from "../src/otlp/failure.ts";
import { createProducer } from "../src/otlp/producer.ts";
import { createPush } from "../src/otlp/push.ts";
import { type Level, LEVELS, type Snapshot, type StatsSnapshot } from "../src/snapshot/snapshot.ts";
import { answersOf, createOldWorld } from "./answers.ts";
import { ask, memoryOf, report, start, stop } from "./child.ts";
import type { OtlpResult } from "./results.ts";
import { createSubject } from "./subject.ts";
import { median } from "./timing.ts";

/** Polls that nothing is pushed of, as what they take is not what pushes take; then those that are pushed. */
const POLLS = 3;
const PUSHES = 5;
const POLL_MS = 5000;
/** As configured where nothing else is. */
const BATCH_POINTS = 5000;
const WAIT_MS = 600_000;

const size = Number(process.argv[2]);
const answers = answersOf(createOldWorld(size));
const subject = createSubject(LEVELS);
let statistics: StatsSnapshot | undefined;
let all: readonly Snapshot[] = [];
const target = { name: "bench", snapshot: () => statistics, snapshots: () => all };
let timeMs = 0;

function poll(): void {
  timeMs += POLL_MS;
  statistics = subject.read(answers.next().value, timeMs);
  all = [statistics, ...subject.addUp(statistics, timeMs)];
}

const sink = start("otlp-sink.ts", []);
const url = await ask<string>(sink, "url");
const times: number[] = [];
const blocks: number[] = [];
let points = 0;
const producer = createProducer({
  targets: [target],
  told: { levels: new Set<Level>(LEVELS), own: undefined, finite: false },
  delta: false,
  scope: { name: "bench", version: "0" },
  processStartMs: 0,
  now: () => 0,
});
const nothing = () => {};
const create = await loadExporter({
  url,
  protocol: "http/protobuf",
  compression: "none",
  headers: () => ({}),
  tls: { ca: undefined, cert: undefined, key: undefined },
});
const push = createPush(
  { maxPoints: BATCH_POINTS, timeoutMs: WAIT_MS, pushMs: WAIT_MS },
  {
    create,
    toFailure: createToFailure("http", (text) => text),
    events: {
      otlpStarted: nothing,
      otlpExported: (n) => (points += n),
      otlpFailed: (reason) => {
        throw new Error(reason);
      },
      otlpRejected: nothing,
      otlpDropped: nothing,
    },
    log: { info: nothing, warn: nothing, error: nothing },
    onEnd: (outcome) => producer.end(outcome),
  },
);

startPeak();
for (let i = 0; i < POLLS; i++) poll();
const withoutPushes = memoryOf("self", "VmHWM");

const delay = monitorEventLoopDelay({ resolution: 1 });
let counts = { requests: 0, bytes: 0, largest: 0 };
startPeak();
for (let i = 0; i < PUSHES; i++) {
  poll();
  points = 0;
  delay.reset();
  delay.enable();
  const begin = performance.now();
  const { resourceMetrics } = await producer.collect();
  await new Promise((resolve) => push.export(resourceMetrics, resolve));
  times.push(performance.now() - begin);
  delay.disable();
  blocks.push(delay.max / 1e6);
  counts = await ask(sink, "counts");
}
await stop(sink);
report({
  connections: size,
  points,
  requests: counts.requests,
  bytes: counts.bytes,
  largestRequest: counts.largest,
  // The first one is compiled on its way.
  pushMs: median(times.slice(1)),
  longestBlockMs: median(blocks.slice(1)),
  pollsPeakRssMB: withoutPushes / 1e6,
  peakRssMB: memoryOf("self", "VmHWM") / 1e6,
} satisfies OtlpResult);

/** The highest memory ever is counted from now on, from what is in use. */
function startPeak(): void {
  globalThis.gc!();
  writeFileSync("/proc/self/clear_refs", "5");
}
