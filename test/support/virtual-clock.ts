/** A clock that a test moves. */

import type { Clock } from "../../src/poller/clock.ts";

export interface VirtualClock extends Clock {
  /** Moves time on, waking sleepers in the order they are due, and lets what they started run as far as it can. */
  advance(ms: number): Promise<void>;
}

export function createVirtualClock(): VirtualClock {
  const epoch = 1_700_000_000_000;
  let time = 0;
  let sleepers: { due: number; wake: () => void }[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => epoch + time,
    monotonic: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const sleeper = { due: time + ms, wake: resolve };
        sleepers.push(sleeper);
        signal.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          reject(signal.reason as Error);
        });
      }),
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        await settle();
        const next = sleepers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (next === undefined) break;
        time = Math.max(time, next.due);
        sleepers = sleepers.filter((one) => one !== next);
        next.wake();
      }
      time = end;
    },
  };
}
