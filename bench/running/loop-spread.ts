/** What the times between two samples of a timer of one millisecond say about an event loop. */

import type { Spread } from "../results.ts";
import { percentile } from "../timing.ts";
import type { LoopDelays } from "./loop-delay.ts";

/** Part of every time, as a sample is taken so often where nothing is in the way. */
const RESOLUTION_MS = 1;

/** How late the timer was, sample by sample, without its own millisecond. */
export function loopDelay({ count, max, gaps }: LoopDelays): Spread {
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return { count, p50: ms(percentile(gaps, 0.5)), p99: ms(percentile(gaps, 0.99)), max: ms(max) };
}

/**
 * How long something that happens at any moment waits. A loop that stands still for two seconds in every five gives one
 * sample then, among thousands, so the 99th percentile of samples says nothing of it; here each gap counts by its length.
 */
export function loopWait({ count, max, gaps }: LoopDelays): Spread {
  const ms = gaps.map((gap) => gap / 1e6);
  const wait = (share: number) => Math.max(0, waitWithin(ms, share) - RESOLUTION_MS);
  return { count, p50: wait(0.5), p99: wait(0.99), max: Math.max(0, max / 1e6 - RESOLUTION_MS) };
}

/** Who comes in a gap waits for what is left of it: this is how long a share of all moments waits at most. */
function waitWithin(gaps: readonly number[], share: number): number {
  const PRECISION = 0.01;
  const all = gaps.reduce((sum, gap) => sum + gap, 0);
  let [low, high] = [0, percentile(gaps, 1)];
  while (high - low > PRECISION) {
    const middle = (low + high) / 2;
    const longer = gaps.reduce((sum, gap) => sum + Math.max(0, gap - middle), 0);
    if (longer > all * (1 - share)) low = middle;
    else high = middle;
  }
  return high;
}
