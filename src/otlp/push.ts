/** A push: all that was collected goes out in batches, one after the other, and ends with the first that fails for good. */

import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { Log } from "../log.ts";
import { type Batch, batches, countPoints } from "./batches.ts";
import type { Outcome } from "./data.ts";
import type { OtlpEvents } from "./events.ts";
import { type OtlpFailure, toOtlpFailure } from "./failure.ts";

type ExportResult = Parameters<Parameters<PushMetricExporter["export"]>[1]>[0];
/** `ExportResultCode.SUCCESS` of @opentelemetry/core, of which each of the other packages has its own. */
const SUCCESS = { code: 0 } as unknown as ExportResult;

/** Sends a batch again so often, where that may help and the exporter of OpenTelemetry does not do it itself, as over gRPC. */
const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 500;

export interface PushOptions {
  readonly protocol: "http" | "grpc";
  readonly maxPoints: number;
  /** For one batch, its retries included. */
  readonly timeoutMs: number;
  /** For all batches of a push. */
  readonly pushMs: number;
}

export interface PushEdges {
  /** Sends one batch. */
  readonly exporter: PushMetricExporter;
  readonly events: OtlpEvents;
  readonly log: Log;
  /** Told when a push has ended. */
  readonly onEnd: (outcome: Outcome) => void;
}

/** What the reader exports to. Its result is always success: whatever fails has been counted and logged here. */
export function createPush(
  options: PushOptions,
  { exporter, events, log, onEnd }: PushEdges,
): PushMetricExporter {
  const { protocol, maxPoints, timeoutMs, pushMs } = options;
  let failing = false;
  let current: Promise<void> = Promise.resolve();

  async function push(metrics: ResourceMetrics): Promise<void> {
    const deadline = performance.now() + pushMs;
    const points = countPoints(metrics);
    let sent = 0;
    let failure: OtlpFailure | undefined;
    for (const batch of batches(metrics, maxPoints)) {
      failure = await sendWithin(batch, Math.min(timeoutMs, deadline - performance.now()));
      if (failure !== undefined) {
        events.otlpFailed(failure.reason);
        break;
      }
      sent += batch.points;
      events.otlpExported(batch.points);
    }
    if (failure !== undefined) events.otlpDropped(points - sent);
    tell(failure);
    onEnd(failure === undefined ? "all" : sent === 0 ? "none" : "some");
  }

  async function sendWithin(batch: Batch, withinMs: number): Promise<OtlpFailure | undefined> {
    const end = performance.now() + withinMs;
    for (let attempt = 1, backoffMs = FIRST_BACKOFF_MS; ; attempt++, backoffMs *= 2) {
      const leftMs = end - performance.now();
      if (leftMs <= 0)
        return { reason: "timeout", message: "a push takes longer than the interval", retryable: false };
      const failure = await send(batch, leftMs);
      if (failure?.retryable !== true || attempt === MAX_ATTEMPTS) return failure;
      if (performance.now() + backoffMs >= end) return failure;
      await new Promise((resolve) => setTimeout(resolve, backoffMs));
    }
  }

  function send({ metrics }: Batch, withinMs: number): Promise<OtlpFailure | undefined> {
    return new Promise((resolve) => {
      // The exporter's own timeout is one for silence: whoever answers a byte at a time would have no end.
      const timeout = setTimeout(
        () =>
          resolve({ reason: "timeout", message: "no complete answer within the timeout", retryable: false }),
        withinMs,
      );
      const done = ({ code, error }: ExportResult) => {
        clearTimeout(timeout);
        resolve(code === SUCCESS.code ? undefined : toOtlpFailure(error, protocol));
      };
      try {
        exporter.export(metrics, done);
      } catch (error) {
        clearTimeout(timeout);
        resolve(toOtlpFailure(error, protocol));
      }
    });
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
          log.error({ stack: error instanceof Error ? error.stack : String(error) }, "a push by OTLP failed");
          onEnd("some");
        });
      void current.then(() => done(SUCCESS));
    },
    forceFlush: () => current,
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality!(type),
    shutdown: () => exporter.shutdown(),
  };
}
