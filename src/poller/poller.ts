/** The rhythm of the polls: one loop a target, polls that never overlap, the same pace whether they succeed or not. */

import type { Clock } from "./clock.ts";

/** What is polled. */
export interface Pollable {
  readonly intervalMs: number;
  /** One poll; must not reject, and ends soon once the signal aborts. */
  poll(signal: AbortSignal): Promise<void>;
}

/** Spreading first polls further would keep an operator waiting, and `/-/ready` too. */
const MAX_SPREAD_MS = 5000;

/**
 * Polls until the signal aborts. The first polls of several targets are spread over the interval, or over the five
 * seconds at its beginning, so that they do not all answer at once.
 *
 * A poll is due one interval after the one before was due. A poll that takes longer than the interval delays the next
 * one, which then starts at once; what it missed is not made up for.
 *
 * @returns when all loops have ended, polls under way included
 */
export async function runPolling(
  targets: readonly Pollable[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    targets.map((target, i) => {
      const spreadMs = Math.min(target.intervalMs, MAX_SPREAD_MS);
      return runLoop(target, (spreadMs * i) / targets.length, clock, signal);
    }),
  );
}

async function runLoop(
  target: Pollable,
  firstAfterMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let due = clock.monotonic() + firstAfterMs;
  while (await sleepUntil(due, clock, signal)) {
    await target.poll(signal);
    due = Math.max(due + target.intervalMs, clock.monotonic());
  }
}

/** @returns false if the signal ended the wait */
async function sleepUntil(due: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(Math.max(0, due - clock.monotonic()), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}
