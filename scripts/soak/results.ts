/** What a soak finds, as docs/soak.json has it. */

import type { Machine } from "../../bench/results.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";

/** The exporter at a moment. */
export interface SoakSample {
  /** Since the beginning. */
  readonly seconds: number;
  readonly rssMB: number;
  /** Of the main thread. */
  readonly heapMB: number;
  /** Files and sockets that are open. */
  readonly handles: number;
  readonly series: number;
  /** Of all that was logged until then. */
  readonly logBytes: number;
}

export interface SoakResults {
  readonly machine: Machine;
  readonly minutes: number;
  readonly connections: number;
  /** Seconds of the simulated world to one of the clock. */
  readonly speed: number;
  /** Connections that have left. */
  readonly left: number;
  readonly polls: number;
  readonly failedPolls: number;
  /** How often each kind of fault was there. */
  readonly faults: Readonly<Record<string, number>>;
  /** Times that another configuration was to be read, and that it was. */
  readonly reloads: { readonly asked: number; readonly done: number };
  readonly samples: readonly SoakSample[];
  readonly peakRssMB: number;
  /** Of the soak's own scrapes and of each Prometheus', by its interval in seconds. */
  readonly scrapes: readonly {
    readonly by: string;
    readonly count: number;
    readonly unanswered: number;
    readonly longestMs: number;
  }[];
  /** `/-/healthy`. */
  readonly healthChecks: { readonly count: number; readonly failed: number; readonly longestMs: number };
  /** How often counters of channels and targets have fallen in the eyes of a Prometheus, where they had not been forgotten. */
  readonly resets: number;
  /** Where they had been: their channel was empty for so long. */
  readonly begunAnew: number;
  /** What is to be looked into, in lines. */
  readonly problems: readonly string[];
  /** Times that the thread which polls ended by itself. */
  readonly engineRestarts: number;
  /** What Sora was asked. */
  readonly asked: {
    /** How often the exporter asked for each operation. */
    readonly counts: Readonly<Record<string, number>>;
    /** What it asked for that changes something, or is nothing of Sora's. */
    readonly violations: readonly string[];
  };
  /** What the sum of the target's bytes has grown by, over what the simulator has counted. */
  readonly counted: number;
}

/** Something that has to level off, or not to happen. */
export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: string;
}

/** What has to hold; a value above its bound is a failure. */
export function verdictsOf(results: SoakResults): Verdict[] {
  const { samples, scrapes, healthChecks } = results;
  const half = Math.floor(samples.length / 2);
  const [first, second] = [samples.slice(0, half), samples.slice(half)];
  const highest = (of: readonly SoakSample[], what: "handles" | "series") =>
    Math.max(...of.map((sample) => sample[what]));
  const minutes = (second.at(-1)!.seconds - second[0]!.seconds) / 60;
  const logged = second.at(-1)!.logBytes - second[0]!.logBytes;
  return [
    {
      name: "growth of RSS in the second half, over what it is",
      value: growth(second),
      bound: 0.1,
      unit: "",
    },
    {
      name: "handles in the second half above those in the first",
      value: highest(second, "handles") - highest(first, "handles"),
      ...{ bound: 20, unit: "" },
    },
    {
      name: "series in the second half over those in the first, at most",
      value: highest(second, "series") / highest(first, "series"),
      ...{ bound: 1.2, unit: "" },
    },
    { name: "highest RSS", value: results.peakRssMB, bound: 300, unit: "MB" },
    { name: "log a minute in the second half", value: logged / 1000 / minutes, bound: 64, unit: "KB" },
    {
      name: "bytes of the simulator's that were not counted",
      value: 1 - results.counted,
      bound: 0.1,
      unit: "",
    },
    { name: "bytes counted that the simulator has not", value: results.counted - 1, bound: 0, unit: "" },
    { name: "counters that fell", value: results.resets, bound: 0, unit: "" },
    {
      name: "reloads that were asked for and did not come about",
      value: results.reloads.asked - results.reloads.done,
      ...{ bound: 0, unit: "" },
    },
    { name: "ends of the thread that polls", value: results.engineRestarts, bound: 0, unit: "" },
    {
      name: "scrapes without an answer",
      value: scrapes.reduce((sum, { unanswered }) => sum + unanswered, 0),
      ...{ bound: 0, unit: "" },
    },
    { name: "health checks without an answer", value: healthChecks.failed, bound: 0, unit: "" },
    ...verdictsOfRequests(results),
  ];
}

/** A poll that has succeeded and is not in the recording is a failure too: what is missing there proves nothing. */
function verdictsOfRequests({ polls, failedPolls, asked }: SoakResults): Verdict[] {
  const recorded = asked.counts[OPERATIONS.GetStatsAllConnections] ?? 0;
  return [
    { name: "kinds of requests that are no reading", value: asked.violations.length, bound: 0, unit: "" },
    {
      name: "good polls that are not among the recorded requests",
      value: Math.max(0, polls - failedPolls - recorded),
      ...{ bound: 0, unit: "" },
    },
  ];
}

/** By how much the line through the samples rises from the first to the last, over their mean. */
function growth(samples: readonly SoakSample[]): number {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const [x, y] = [mean(samples.map(({ seconds }) => seconds)), mean(samples.map(({ rssMB }) => rssMB))];
  const slope =
    samples.reduce((sum, one) => sum + (one.seconds - x) * (one.rssMB - y), 0) /
    samples.reduce((sum, one) => sum + (one.seconds - x) ** 2, 0);
  return (slope * (samples.at(-1)!.seconds - samples[0]!.seconds)) / y;
}
