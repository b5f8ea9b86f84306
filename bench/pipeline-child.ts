/** One measurement of the pipeline. `node --expose-gc bench/pipeline-child.ts KIND CONNECTIONS DIRECTORY` */

import { readFileSync, writeFileSync } from "node:fs";
import { type Level, LEVELS, type Snapshot, type StatsSnapshot } from "../src/snapshot/snapshot.ts";
import { answersOf, countNumbers, createOldWorld } from "./answers.ts";
import { report } from "./child.ts";
import { countSamples } from "./samples.ts";
import type { PipelineResult, PipelineTimes } from "./results.ts";
import { createSubject } from "./subject.ts";
import { median, time, usedBytes } from "./timing.ts";

/** What there is to measure, and what is reported of each. */
export interface Kinds {
  /** Writes the answers that the others read into the directory. */
  readonly prepare: Pick<PipelineResult, "rounds" | "answerBytes" | "numbers" | "nonZeroShare">;
  /** Milliseconds for an answer, round by round. */
  readonly "json-parse": readonly number[];
  readonly "all-levels": PipelineTimes;
  readonly "sums-only": PipelineTimes;
  /** Milliseconds for an answer. */
  readonly copy: number;
  readonly memory: Pick<PipelineResult, "snapshotBytes" | "exposedSnapshotBytes">;
}

const ROUNDS = 7;
/** In a round; a small answer takes too little time to be measured alone. */
const ROUND_CONNECTIONS = 1000;
/** In rounds that do not count, of which there are three at least: small answers must be compiled as large ones are. */
const WARM_UP_CONNECTIONS = 20_000;
const POLL_MS = 5000;

const [kind, connections, directory] = process.argv.slice(2);
const size = Number(connections);
const perRound = Math.max(1, Math.round(ROUND_CONNECTIONS / size));
const warmUp = Math.max(3, Math.ceil(WARM_UP_CONNECTIONS / (size * perRound)));
const kinds: { [K in keyof Kinds]: () => Kinds[K] } = {
  prepare,
  "json-parse": () => rounds(readAnswers(), (body) => void JSON.parse(body.toString())),
  "all-levels": () => measurePipeline(LEVELS),
  "sums-only": () => measurePipeline(["target", "channel"]),
  copy: measureCopy,
  memory: measureMemory,
};
report(kinds[kind as keyof Kinds]());

/** An answer for each poll: a pipeline that remembers must not see the same numbers twice. */
function prepare(): Kinds["prepare"] {
  let last: Buffer | undefined;
  for (const [i, body] of answersOf(createOldWorld(size)).take(polls()).toArray().entries()) {
    writeFileSync(fileOf(i), body);
    last = body;
  }
  const { numbers, nonZero } = countNumbers(JSON.parse(last!.toString()));
  return { rounds: ROUNDS, answerBytes: last!.length, numbers, nonZeroShare: nonZero / numbers };
}

function polls(): number {
  return (warmUp + ROUNDS) * perRound;
}

function fileOf(poll: number): string {
  return `${directory}/${poll}.json`;
}

function readAnswers(): Buffer[] {
  return Array.from({ length: polls() }, (_, poll) => readFileSync(fileOf(poll)));
}

/** Times an answer, in the rounds that count. */
function rounds(answers: readonly Buffer[], task: (body: Buffer, poll: number) => void): number[] {
  return Array.from({ length: warmUp + ROUNDS }, (_, round) => {
    const first = round * perRound;
    const all = time(() => {
      for (let poll = first; poll < first + perRound; poll++) task(answers[poll]!, poll);
    });
    return all / perRound;
  }).slice(warmUp);
}

function measurePipeline(levels: readonly Level[]): PipelineTimes {
  const subject = createSubject(levels);
  let snapshots: readonly Snapshot[] = [];
  let expositionBytes = 0;
  const times: { read: number; addUp: number; write: number }[] = [];
  const total = rounds(readAnswers(), (body, poll) => {
    const start = performance.now();
    const snapshot = subject.read(body, poll * POLL_MS);
    const read = performance.now();
    snapshots = [snapshot, ...subject.addUp(snapshot, poll * POLL_MS)];
    const added = performance.now();
    expositionBytes = 0;
    for (const chunk of subject.write(snapshots)) expositionBytes += chunk.length;
    times.push({ read: read - start, addUp: added - read, write: performance.now() - added });
  });
  const counted = times.slice(warmUp * perRound);
  return {
    series: subject.write(snapshots).reduce((sum, chunk) => sum + countSamples(chunk), 0),
    expositionBytes,
    readMs: median(counted.map(({ read }) => read)),
    sumsMs: median(counted.map(({ addUp }) => addUp)),
    writeMs: median(counted.map(({ write }) => write)),
    totalMs: median(total),
  };
}

function measureCopy(): number {
  const answers = readAnswers();
  const target = Buffer.alloc(Math.max(...answers.map(({ length }) => length)), 1);
  return median(rounds(answers, (body) => target.set(body)));
}

/** What stays in memory for one more snapshot once the pipeline has seen an answer. */
function measureMemory(): Kinds["memory"] {
  const subject = createSubject(LEVELS);
  const answers = readAnswers();
  const write = (snapshot: StatsSnapshot) => subject.write([snapshot]).forEach(() => undefined);
  // In functions of their own, as what a frame has held once is kept up to its end.
  (() => write(subject.read(answers.at(-2)!, 0)))();
  const before = usedBytes();
  const kept = (() => [subject.read(answers.at(-1)!, POLL_MS)])();
  const read = usedBytes();
  (() => write(kept[0]!))();
  const exposed = usedBytes();
  if (kept[0]!.series === 0) throw new Error("the snapshot is empty");
  return { snapshotBytes: read - before, exposedSnapshotBytes: exposed - before };
}
