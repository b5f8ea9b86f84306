/** What the results come to: the figures that count, each with its bar. */

import type { PipelineResult, ProcessResult, PromClientResult, Results } from "./results.ts";

export interface Figure {
  readonly name: string;
  /** Undefined where it was not measured. */
  readonly value: number | undefined;
  readonly unit: "" | "ms" | "MB" | "s" | "x" | "bytes";
  /** What it should be at most, or with `x` at least; undefined where there is no bar. */
  readonly bar?: number;
  readonly goal?: number;
}

/** The size that the bars are about. */
const LARGE = 10_000;
const SMALL = 100;

/** All figures; those of a part that was not run have no value. */
export function figuresOf({ pipeline, promClient, process }: Results): Figure[] {
  const large = pipeline.find(({ connections }) => connections === LARGE);
  const medium = pipeline.find(({ connections }) => connections === LARGE / 10);
  const running = process.find(({ connections }) => connections === LARGE);
  const small = process.find(({ connections }) => connections === SMALL);
  const theirs = promClient.filter(({ totalMs }) => totalMs !== undefined).at(-1);
  const at = (figure: string, connections: number | undefined = LARGE) =>
    `${figure}, ${connections.toLocaleString("en")} connections`;
  return [
    { name: at("pipeline / JSON.parse"), value: large && overJsonParse(large), unit: "", bar: 2, goal: 1 },
    {
      name: at("the same with the sums alone"),
      value: large && sumsOverJsonParse(large),
      ...{ unit: "", bar: 1.4, goal: 1.05 },
    },
    { name: at("pipeline / copying its bytes once"), value: large && overCopy(large), unit: "" },
    {
      name: at("prom-client / the pipeline without parsing", theirs?.connections),
      value: theirs && overOwn(theirs),
      ...{ unit: "x", bar: 20, goal: 50 },
    },
    {
      name: "time per connection, 10,000 over 1,000",
      value: large && medium && perConnectionUs(large) / perConnectionUs(medium),
      ...{ unit: "", bar: 1.3, goal: 1.05 },
    },
    {
      name: at("kept by a snapshot, per connection"),
      value: large && large.exposedSnapshotBytes / large.connections,
      unit: "bytes",
    },
    {
      name: at("event-loop delay p99, by samples"),
      value: running?.loopDelay.p99,
      ...{ unit: "ms", bar: 20, goal: 5 },
    },
    {
      name: at("event-loop wait p99, by time"),
      value: running?.loopWait.p99,
      ...{ unit: "ms", bar: 20, goal: 5 },
    },
    { name: at("event-loop delay, longest"), value: running?.loopDelay.max, unit: "ms" },
    { name: at("/-/healthy p99"), value: running?.healthy.p99, ...{ unit: "ms", bar: 50, goal: 10 } },
    { name: at("/metrics with gzip, median"), value: running?.metrics.p50, unit: "ms" },
    {
      name: at("peak RSS"),
      value: running?.peakRssMB,
      ...{ unit: "MB", bar: 600, ...(running && { goal: running.answerBytes / 1e6 }) },
    },
    { name: at("CPU per poll, scrape and all"), value: running?.cpuSecondsPerPoll, unit: "s" },
    {
      name: at("RSS, steady", SMALL),
      value: small?.endRssMB,
      ...{ unit: "MB", bar: 120, goal: 80 },
    },
  ];
}

export function overJsonParse({ allLevels, jsonParseMs }: PipelineResult): number {
  return allLevels.totalMs / jsonParseMs;
}

export function sumsOverJsonParse({ sumsOnly, jsonParseMs }: PipelineResult): number {
  return sumsOnly.totalMs / jsonParseMs;
}

export function overCopy({ allLevels, copyMs }: PipelineResult): number {
  return allLevels.totalMs / copyMs;
}

/** How many times faster than prom-client the exporter is from a snapshot to bytes. */
export function overOwn({ totalMs, ownMs }: PromClientResult): number | undefined {
  return totalMs === undefined || ownMs === undefined ? undefined : totalMs / ownMs;
}

export function perConnectionUs({ allLevels, connections }: PipelineResult): number {
  return (allLevels.totalMs / connections) * 1000;
}

/** Whether a figure is within its bar; undefined where there is none, or no value. */
export function meets({ value, unit, bar }: Figure): boolean | undefined {
  if (value === undefined || bar === undefined) return undefined;
  return unit === "x" ? value >= bar : value <= bar;
}

/** Whether polls were missed or failed, or nothing was shown: then the other numbers are of something else. */
export function troubleOf(result: ProcessResult): string {
  const SERIES_PER_CONNECTION = 300;
  const { polls, pollsExpected, failedPolls, failedScrapes, failedProbes, connections, series } = result;
  return [
    polls < pollsExpected - 1 ? `${polls} polls of ${pollsExpected}` : "",
    failedPolls > 0 ? `polls failed ${failedPolls} times` : "",
    failedScrapes > 0 ? `scrapes failed ${failedScrapes} times` : "",
    failedProbes > 0 ? `/-/healthy failed ${failedProbes} times` : "",
    series < connections * SERIES_PER_CONNECTION ? "series are missing" : "",
  ]
    .filter((trouble) => trouble !== "")
    .join(", ");
}
