/** What a target knows, and what of that is still good when its settings change while the exporter runs. */

import { isDeepStrictEqual } from "node:util";
import { Chooser } from "../choice/chooser.ts";
import type { Log } from "../log.ts";
import { SnapshotBuilder } from "../snapshot/build.ts";
import type { Snapshot, StatsSnapshot } from "../snapshot/snapshot.ts";
import { Watch } from "../status/watch.ts";
import { Sums } from "../sums/sums.ts";
import { type CallLog, createCallLog } from "./call-log.ts";
import type { Clock } from "./clock.ts";
import { createLatest, type Latest } from "./latest.ts";
import type { SideCalls } from "./side-calls.ts";
import type { TargetOptions } from "./target.ts";

/** What the polls of the statistics have come to. */
export interface Known {
  readonly builder: SnapshotBuilder;
  readonly chooser: Chooser;
  readonly sums: Sums;
  readonly latest: Latest<{ readonly statistics: StatsSnapshot; readonly sums: readonly Snapshot[] }>;
  readonly watch: Watch;
  readonly callLog: CallLog;
}

/** All that a target knows, for the one that takes its place. */
export interface Memory extends Known {
  readonly options: TargetOptions;
  readonly side: Pick<SideCalls, "latest">;
  /** URL of the address that answered last. */
  readonly url: string;
  /** Whether the last poll worked. */
  readonly up: boolean;
  /** When the last poll of the statistics began that has ended, by the monotonic clock; undefined before one has. */
  readonly polledMs: number | undefined;
}

/**
 * Whether sums can go on under other settings. They cannot where others may be counted than before, or otherwise: what is
 * not known yet counts in full, and would be an increase that there never was.
 *
 * @param before settings and URLs until now
 */
export function sumsGoOn(before: WithUrls, now: WithUrls): boolean {
  return (
    before.local === now.local &&
    before.urls.some((url) => now.urls.includes(url)) &&
    before.limits.dataChannelLabels === now.limits.dataChannelLabels &&
    before.limits.labelValueLength === now.limits.labelValueLength &&
    isDeepStrictEqual(before.bounds, now.bounds)
  );
}

type WithUrls = Pick<TargetOptions, "local" | "limits" | "bounds"> & { readonly urls: readonly string[] };

/** Whether anybody sees what is added up. */
export function addsUp({ levels }: Pick<TargetOptions, "levels">): boolean {
  return levels.includes("channel") || levels.includes("target");
}

/**
 * What a target begins with.
 *
 * @param before of the target in whose place it comes, where `sumsGoOn`
 */
export function begin(options: TargetOptions, edges: { clock: Clock; log: Log }, before?: Memory): Known {
  const { name, limits, choice, bounds, intervalMs } = options;
  const words = { answers: "Sora answers", fails: "poll failed" };
  const sameChoice =
    before !== undefined &&
    isDeepStrictEqual(before.options.choice, choice) &&
    isDeepStrictEqual(before.options.limits, limits);
  return {
    builder: before?.builder ?? new SnapshotBuilder(name, limits),
    chooser: sameChoice ? before.chooser : new Chooser(choice, limits),
    // Those that nobody wanted to see were not added up.
    sums: before !== undefined && addsUp(before.options) ? before.sums : new Sums(name, bounds),
    latest: createLatest(intervalMs, edges.clock, before?.latest),
    watch: before?.watch ?? new Watch(),
    callLog: before?.callLog ?? createCallLog(edges.log, words, true),
  };
}
