/** The last good value of something that is asked for again and again, until it is stale. */

import type { Clock } from "./clock.ts";

/** After this many intervals without a good answer the last good one is no longer shown. */
export const STALE_INTERVALS = 3;

export interface Latest<T> {
  set(value: T): void;
  /** Undefined before the first value, and once the last one is stale. */
  get(): T | undefined;
  /** With when it was there, by the monotonic clock; stale or not. */
  readonly last: { readonly value: T; readonly at: number } | undefined;
}

/**
 * @param intervalMs how often the value is asked for
 * @param before what was known before of the same
 */
export function createLatest<T>(intervalMs: number, clock: Clock, before?: Latest<T>): Latest<T> {
  let last = before?.last;
  return {
    get last() {
      return last;
    },
    set(value) {
      last = { value, at: clock.monotonic() };
    },
    get() {
      if (last !== undefined && clock.monotonic() - last.at > STALE_INTERVALS * intervalMs) last = undefined;
      return last?.value;
    },
  };
}
