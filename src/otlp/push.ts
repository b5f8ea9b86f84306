/** A push: all that was collected goes out in batches, one after the other, and ends with the first that fails for good. */

import { setTimeout as wait } from "node:timers/promises";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { Log } from "../log.ts";
import { stackOf } from "../stack-of.ts";
import { type Batch, batches, countPoints } from "./batches.ts";
import type { Outcome } from "./data.ts";
import type { OtlpEvents } from "./events.ts";
import type { CreateExporter } from "./exporters.ts";
import type { OtlpFailure, ToFailure } from "./failure.ts";
import { EXPORTED, send } from "./send.ts";

/** Sends a batch again so often, where that may help and the exporter of OpenTelemetry does not do it itself, as over gRPC. */
const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 500;

/** In less time nobody answers, and nothing is sent; timers are not more exact either. */
const LEAST_MS = 10;

const TOO_LONG: OtlpFailure = {
  reason: "timeout",
  message: "a push takes longer than it may",
  retryable: false,
  mayBeTaken: false,
};

export interface PushOptions {
  readonly maxPoints: number;
  /** For one batch, its retries included. */
  readonly timeoutMs: number;
  /** For all batches of a push. */
  readonly pushMs: number;
}

export interface PushEdges {
  readonly create: CreateExporter;
  readonly toFailure: ToFailure;
  readonly events: OtlpEvents;
  readonly log: Log;
  /** Told when a push has ended. */
  readonly onEnd: (outcome: Outcome) => void;
}

/** What the reader exports to. Its result is always success: whatever fails has been counted and logged here. */
export interface Push extends PushMetricExporter {
  /** Gives up what has not gone out within some milliseconds: nothing is sent after that. */
  endWithin(ms: number): void;
}

/** Makes what pushes: one request is open at a time, and pushes go out in order. */
export function createPush(options: PushOptions, { create, toFailure, events, log, onEnd }: PushEdges): Push {
  const { maxPoints, timeoutMs, pushMs } = options;
  const end = new AbortController();
  let lastMs = Infinity;
  let failing = false;
  let current: Promise<void> = Promise.resolve();

  const leftMs = (untilMs: number) =>
    end.signal.aborted ? 0 : Math.min(untilMs, lastMs) - performance.now();

  async function push(metrics: ResourceMetrics): Promise<void> {
    const deadline = performance.now() + pushMs;
    const points = countPoints(metrics);
    const left = batches(metrics, maxPoints);
    let sent = 0;
    let failure: OtlpFailure | undefined;
    while (sent < points && failure === undefined) {
      // What is taken out of `left` counts as told where a part of a push is, so nothing is that cannot be sent.
      const batch = leftMs(deadline) > LEAST_MS ? left.next().value : undefined;
      failure = batch ? await sendBy(batch, Math.min(performance.now() + timeoutMs, deadline)) : TOO_LONG;
      if (batch === undefined || failure !== undefined) continue;
      sent += batch.points;
      events.otlpExported(batch.points);
    }
    if (failure !== undefined) {
      events.otlpFailed(failure.reason);
      events.otlpDropped(points - sent);
    }
    tell(failure);
    onEnd(failure === undefined ? "all" : sent === 0 && !failure.mayBeTaken ? "none" : "some");
  }

  async function sendBy({ metrics }: Batch, deadline: number): Promise<OtlpFailure | undefined> {
    let mayBeTaken = false;
    for (let attempt = 1, backoffMs = FIRST_BACKOFF_MS; ; attempt++, backoffMs *= 2) {
      const failure = await send(metrics, leftMs(deadline), { create, signal: end.signal, toFailure });
      if (failure === undefined) return undefined;
      mayBeTaken ||= failure.mayBeTaken;
      const isLast = !failure.retryable || attempt === MAX_ATTEMPTS || backoffMs >= leftMs(deadline);
      if (!isLast) await wait(backoffMs, undefined, { signal: end.signal }).catch(() => undefined);
      if (isLast || leftMs(deadline) <= LEAST_MS) return { ...failure, mayBeTaken };
    }
  }

  function tell(failure: OtlpFailure | undefined): void {
    if (failure === undefined) {
      if (failing) log.info("pushes by OTLP work again");
    } else if (!failing)
      log.warn(
        { reason: failure.reason },
        `a push by OTLP failed, until it works again this is said once: ${failure.message}`,
      );
    failing = failure !== undefined;
  }

  return {
    export(metrics, done) {
      current = current
        .then(() => push(metrics))
        .catch((error: unknown) => {
          events.otlpFailed("internal");
          log.error({ stack: stackOf(error) }, "a push by OTLP failed");
          onEnd("some");
        });
      void current.then(() => done(EXPORTED));
    },
    forceFlush: () => current,
    shutdown: () => current,
    endWithin(ms) {
      lastMs = performance.now() + ms;
      setTimeout(() => end.abort(), ms).unref();
    },
  };
}
