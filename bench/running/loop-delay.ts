/**
 * Loaded into the exporter with `--import`, without its types: watches the event loop of the main thread, and tells
 * when asked. It imports nothing of ours and computes nothing, so as to cost the exporter little.
 */

import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** What is told: times between two samples of a timer, in nanoseconds. */
export interface LoopDelays {
  /** How many samples there were. */
  readonly count: number;
  readonly max: number;
  /** The distribution, ascending: as many as `PARTS`, each for an equal share of the samples. */
  readonly gaps: readonly number[];
}

if (isMainThread && process.channel) {
  const PARTS = 100_000;
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  process.on("message", (question) => {
    if (question === "reset") histogram.reset();
    const { count, max } = histogram;
    const gaps = Array.from({ length: question === "report" ? PARTS : 0 }, (_, i) =>
      histogram.percentile((100 * (i + 0.5)) / PARTS),
    );
    process.send!({ count, max, gaps } satisfies LoopDelays);
  });
  process.on("disconnect", () => process.exit());
  process.channel.unref();
}
