/** `rate_limit`: a bucket of requests. */

import type { RateLimit } from "./config.ts";

/**
 * Makes a bucket, which is full.
 *
 * @param now milliseconds of a clock that never goes back
 * @returns takes one request from it, and says whether there was one
 */
export function createBucket({ intervalMs, burst }: RateLimit, now: () => number): () => boolean {
  let level = burst;
  let filledMs = now();
  return () => {
    const timeMs = now();
    level = Math.min(burst, level + (timeMs - filledMs) / intervalMs);
    filledMs = timeMs;
    if (level < 1) return false;
    level--;
    return true;
  };
}
