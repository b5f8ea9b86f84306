/** The rhythm of the polls: one loop a call, polls that never overlap, the same pace whether they succeed or not. */

import type { Clock } from "./clock.ts";

/** What is polled. */
export interface Pollable {
  readonly intervalMs: number;
  /** One poll; must not reject, and ends soon once the signal aborts. */
  poll(signal: AbortSignal): Promise<void>;
  /** Takes what has the next poll begin at once, whatever the interval. */
  onDue?(wake: () => void): void;
}

/** What is polled of one Sora, each at its own pace. */
export interface Polled {
  readonly statistics: Pollable;
  /** They begin when the first poll of the statistics has ended, so that they know all connections that it knew. */
  readonly sideCalls: readonly Pollable[];
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
  targets: readonly Polled[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    targets.map((target, i) =>
      pollTarget(target, { firstAfterMs: spreadMs(target, i, targets.length), clock, signal }),
    ),
  );
}

/** When the first poll of a target is due, the `i`th of so many that begin together, in milliseconds from now. */
export function spreadMs({ statistics }: Polled, i: number, targets: number): number {
  return (Math.min(statistics.intervalMs, MAX_SPREAD_MS) * i) / targets;
}

export interface Pace {
  /** When the first poll is due, in milliseconds from now. */
  readonly firstAfterMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what a poll rejects with, against all promises: the next one comes as if nothing had been. */
  readonly complain?: (error: unknown) => void;
}

/** Polls one target until the signal aborts; `runPolling` says how. */
export async function pollTarget({ statistics, sideCalls }: Polled, pace: Pace): Promise<void> {
  let begin: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const first: Pollable = {
    intervalMs: statistics.intervalMs,
    poll: (stop) => statistics.poll(stop).finally(() => begin()),
  };
  await Promise.all([
    // An end before the first poll lets the other loops see that it is the end.
    runLoop(first, pace).finally(() => begin()),
    ...sideCalls.map((call) => begun.then(() => runLoop(call, { ...pace, firstAfterMs: 0 }))),
  ]);
}

async function runLoop(call: Pollable, { firstAfterMs, clock, signal, complain }: Pace): Promise<void> {
  let due = clock.monotonic() + firstAfterMs;
  let nap = new AbortController();
  call.onDue?.(() => nap.abort());
  for (;;) {
    const rested = await sleepUntil(due, clock, AbortSignal.any([signal, nap.signal]));
    if (signal.aborted) return;
    if (!rested) due = clock.monotonic();
    nap = new AbortController();
    await call.poll(signal).catch((error: unknown) => {
      if (complain === undefined) throw error;
      complain(error);
    });
    due = Math.max(due + call.intervalMs, clock.monotonic());
  }
}

/** @returns whether it was due; else the signal ended the wait */
async function sleepUntil(due: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(Math.max(0, due - clock.monotonic()), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}
