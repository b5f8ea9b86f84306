/** Clocks, medians, garbage. */

import type { Spread } from "./results.ts";

/**
 * Milliseconds that a task takes. The garbage of what ran before is collected first, or the task would pay for it.
 *
 * @throws Error where Node.js does not run with --expose-gc
 */
export function time(task: () => void): number {
  collectGarbage();
  const start = performance.now();
  task();
  return performance.now() - start;
}

export function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5);
}

/** @param share 0 to 1; the nearest of the numbers is taken, none lies in between */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Bytes that are in use, in JavaScript's heap and outside of it. */
export function usedBytes(): number {
  // V8 keeps the text that a regular expression matched last, which may be a whole answer.
  /./.test(".");
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("run with node --expose-gc");
  globalThis.gc();
}

/** What a set of times comes to. */
export function spread(times: readonly number[]): Spread {
  return {
    count: times.length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: percentile(times, 1),
  };
}
