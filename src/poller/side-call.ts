/** A call besides GetStatsAllConnections: made at its own pace, failing by itself, perhaps not offered by this Sora. */

import type { Log } from "../log.ts";
import type { PollEvents } from "./events.ts";
import type { Rejections, ValueRejection } from "../snapshot/rejections.ts";
import { formatDuration } from "../config/units.ts";
import type { SoraFailure } from "../sora/failure.ts";
import type { Operation } from "../sora/operations.ts";
import { createCallLog, toFailure } from "./call-log.ts";
import type { Clock } from "./clock.ts";
import { createLatest, type Latest } from "./latest.ts";
import type { Pollable } from "./poller.ts";

/** How long an operation that Sora refused is left alone. */
export const REFUSED_RETRY_MS = 600_000;
/** A turn that comes so much too early is the one that was meant: timers are not exact. */
const TIMER_SLACK_MS = 1000;

/** What an answer is made into. */
export interface Reading<T> {
  readonly value: T;
  /** What had to be left out. */
  readonly values: Rejections<ValueRejection>;
  readonly unknownPaths?: readonly string[];
}

export interface SideCallOptions<T> {
  readonly target: string;
  readonly operation: Operation;
  readonly intervalMs: number;
  /** Calls the operation and reads its answer; whatever it throws is a failure of this call alone. */
  readonly ask: (signal: AbortSignal) => Promise<Reading<T>>;
  /**
   * Whether the statistics were answered last. Where they were not, it is Sora that fails and not this call: that has
   * been logged, and a refusal says nothing of what Sora offers.
   */
  readonly isUp: () => boolean;
  /** The address that is asked at the moment. */
  readonly url: () => string;
  /** What was known before of the same. */
  readonly before?: Latest<T> | undefined;
}

export interface SideCall<T> extends Pollable {
  /** What the last good answer was made into. */
  readonly latest: Latest<T>;
  /** Why the last call failed; undefined where it did not. */
  failure(): SoraFailure | undefined;
  /**
   * Has the call made at once where it failed last, or where Sora refused it: it may be another Sora now, or another
   * version of it.
   */
  hurry(): void;
}

export function createSideCall<T>(
  { target, operation, intervalMs, ask, isUp, url, before }: SideCallOptions<T>,
  { clock, metrics, log }: { clock: Clock; metrics: PollEvents; log: Log },
): SideCall<T> {
  const words = { answers: `${operation} answers again`, fails: `${operation} failed` };
  const callLog = createCallLog(log, words, false);
  const latest = createLatest<T>(intervalMs, clock, before);
  let refusedUntil = -Infinity;
  let saidRefused = false;
  let failed: SoraFailure | undefined;
  let hurries = 0;
  let wake = () => {};
  return {
    intervalMs,
    latest,
    failure: () => failed,
    onDue(callback) {
      wake = callback;
    },
    hurry() {
      refusedUntil = -Infinity;
      hurries++;
      if (failed !== undefined) wake();
    },
    async poll(signal) {
      const start = clock.monotonic();
      if (start < refusedUntil - TIMER_SLACK_MS) return;
      const asked = url();
      const hurriesBefore = hurries;
      try {
        const { value, values, unknownPaths = [] } = await ask(signal);
        latest.set(value);
        failed = undefined;
        saidRefused = false;
        metrics.callSucceeded(target, operation, clock.now());
        metrics.valuesRejected(target, values);
        callLog.succeeded({});
        callLog.leftOut({ [`values of ${operation}`]: values });
        callLog.unknownFields(unknownPaths);
      } catch (error) {
        if (signal.aborted) return; // We gave up, not Sora.
        const failure = toFailure(error);
        metrics.callFailed(target, operation, failure.reason);
        failed = failure;
        if (hurries > hurriesBefore || url() !== asked) {
          // Under way when the address changed, or when Sora came back: what it was told is out of date.
          wake();
          return;
        }
        // Of a Sora that is away there is nothing more to say.
        if (!isUp()) return;
        if (!failure.refusal) {
          callLog.failed(failure);
          return;
        }
        refusedUntil = start + Math.max(REFUSED_RETRY_MS, intervalMs);
        if (!saidRefused)
          log.info(
            `Sora does not offer ${operation} (${failure.message}); ` +
              `it is asked again when it has been away, or in ${formatDuration(REFUSED_RETRY_MS)}`,
          );
        saidRefused = true;
      }
    },
  };
}
