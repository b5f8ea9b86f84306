/**
 * `npm run bench [-- --json] [-- --sizes=100,1000]`: the pipeline from an answer's bytes to the exposition's bytes, beside
 * `JSON.parse` of the same bytes in the same run. Times are medians; on a noisy machine only the ratios mean something.
 */

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { encode } from "../src/exposition/encode.ts";
import { createWorld } from "../src/simulator/world.ts";
import { SnapshotBuilder } from "../src/snapshot/build.ts";
import type { Snapshot, StatsSnapshot } from "../src/snapshot/snapshot.ts";
import { Sums } from "../src/sums/sums.ts";

const ROUNDS = 9;
/** Rounds that do not count: at least three, and enough for small answers to be compiled as large ones are. */
const WARM_UP_CONNECTIONS = 20_000;
/** As a socket hands it over. */
const CHUNK_BYTES = 65_536;
/** So that counters are what they are in a call that goes on, not all zero. */
const WORLD_SECONDS = 120;

interface Result {
  connections: number;
  series: number;
  answerMB: number;
  expositionMB: number;
  /** Of that, what is of channels and of the target. */
  sumsMB: number;
  /** Medians, in milliseconds. */
  jsonParseMs: number;
  /** From the answer's bytes to the snapshot. */
  buildMs: number;
  /** For the sums of channels and of the target. */
  sumsMs: number;
  encodeMs: number;
  pipelineMs: number;
  pipelineOverJsonParse: number;
  /** The same where only channels and the target are exported. */
  sumsOnlyOverJsonParse: number;
  /** Kept by one snapshot, in bytes a connection, measured around garbage collections. */
  snapshotBytesPerConnection: number;
}

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    sizes: { type: "string", default: "100,1000,10000" },
  },
});
const results = flags.sizes.split(",").map((size) => measure(Number(size)));
const machine = `Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`;
if (flags.json) console.log(JSON.stringify({ machine, rounds: ROUNDS, results }, null, 2));
else {
  console.log(`${machine}; medians of ${ROUNDS} rounds after a warm-up`);
  console.table(results.map(rounded));
}

function measure(size: number): Result {
  const body = answerOf(size);
  const builder = new SnapshotBuilder("bench");
  const sums = new Sums("bench");
  let snapshot: StatsSnapshot | undefined;
  let added: Snapshot[] = [];
  let expositionBytes = 0;
  let sumBytes = 0;
  const times = {
    jsonParse: [] as number[],
    build: [] as number[],
    sums: [] as number[],
    encode: [] as number[],
    pipeline: [] as number[],
    sumsOnly: [] as number[],
  };
  const warmUp = Math.max(3, Math.ceil(WARM_UP_CONNECTIONS / size));
  // One after the other, not in turns: each parse of a large answer changes how the collector treats the next one.
  for (let round = -warmUp; round < ROUNDS; round++) {
    const parse = time(() => void JSON.parse(body.toString("utf8")));
    if (round >= 0) times.jsonParse.push(parse);
  }
  for (let round = -warmUp; round < ROUNDS; round++) {
    const build = time(() => (snapshot = buildFrom(builder, body)));
    const adding = time(() => (added = sums.add(snapshot!, (warmUp + round) * 10_000)));
    expositionBytes = sumBytes = 0;
    const encoding = time(() => {
      for (const chunk of encode([], [snapshot!, ...added], "openmetrics")) expositionBytes += chunk.length;
    });
    const encodingSums = time(() => {
      for (const chunk of encode([], added, "openmetrics")) sumBytes += chunk.length;
    });
    if (round < 0) continue;
    times.build.push(build);
    times.sums.push(adding);
    times.encode.push(encoding);
    times.pipeline.push(build + adding + encoding);
    times.sumsOnly.push(build + adding + encodingSums);
  }
  const pipelineMs = median(times.pipeline);
  const jsonParseMs = median(times.jsonParse);
  return {
    connections: snapshot!.rows.length,
    series: [snapshot!, ...added].reduce((sum, { series }) => sum + series, 0),
    answerMB: body.length / 1e6,
    expositionMB: expositionBytes / 1e6,
    sumsMB: sumBytes / 1e6,
    jsonParseMs,
    buildMs: median(times.build),
    sumsMs: median(times.sums),
    encodeMs: median(times.encode),
    pipelineMs,
    pipelineOverJsonParse: pipelineMs / jsonParseMs,
    sumsOnlyOverJsonParse: median(times.sumsOnly) / jsonParseMs,
    snapshotBytesPerConnection: snapshotMemory(body) / snapshot!.rows.length,
  };
}

function answerOf(size: number): Buffer {
  const startMs = Date.UTC(2026, 0, 1);
  const world = createWorld({
    seed: 1,
    channels: Math.ceil(size / 10),
    connections: size,
    nodes: 1,
    form: "2024",
    startMs,
  });
  world.advanceTo(startMs + WORLD_SECONDS * 1000);
  return Buffer.from(JSON.stringify(world.connections({ local: false })));
}

/** Reads an answer in pieces, as it arrives. */
function buildFrom(builder: SnapshotBuilder, body: Buffer): StatsSnapshot {
  const building = builder.begin();
  for (let at = 0; at < body.length; at += CHUNK_BYTES) building.write(body.subarray(at, at + CHUNK_BYTES));
  return building.end(0).snapshot;
}

/** What stays in memory for one more snapshot once a builder has seen the answer. */
function snapshotMemory(body: Buffer): number {
  const builder = new SnapshotBuilder("bench");
  buildFrom(builder, body);
  const before = used();
  const snapshot = buildFrom(builder, body);
  const after = used();
  return snapshot.series > 0 ? after - before : 0;
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("run with node --expose-gc");
  globalThis.gc();
}

function used(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Milliseconds that a task takes. The garbage of what ran before is collected first, or the task would pay for it. */
function time(task: () => void): number {
  collectGarbage();
  const start = performance.now();
  task();
  return performance.now() - start;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function rounded(result: Result): Record<string, number> {
  return Object.fromEntries(
    Object.entries(result).map(([name, value]: [string, number]) => [
      name,
      Number.isInteger(value) ? value : Number(value.toPrecision(3)),
    ]),
  );
}
