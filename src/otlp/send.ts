/** One request, which ends within its time, and of which nothing goes on then. */

import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { CreateExporter } from "./exporters.ts";
import { type OtlpFailure, type ToFailure } from "./failure.ts";

type ExportResult = Parameters<Parameters<PushMetricExporter["export"]>[1]>[0];
/** `ExportResultCode.SUCCESS` of @opentelemetry/core, of which each of the other packages has its own. */
const SUCCESS = 0;
/** What an exporter tells, as soon as it has nothing more to do. */
export const EXPORTED = { code: SUCCESS } as unknown as ExportResult;

const TIMEOUT: OtlpFailure = {
  reason: "timeout",
  message: "no complete answer within the timeout",
  retryable: false,
  mayBeTaken: true,
};

/**
 * Sends a request.
 *
 * @param withinMs more than 0; it is given up then, or when `signal` says so
 * @returns undefined once it is delivered, or why it is not
 */
export async function send(
  metrics: ResourceMetrics,
  withinMs: number,
  { create, signal, toFailure }: { create: CreateExporter; signal: AbortSignal; toFailure: ToFailure },
): Promise<OtlpFailure | undefined> {
  const over = Promise.withResolvers<OtlpFailure | undefined>();
  let request: ReturnType<CreateExporter> | undefined;
  const giveUp = () => {
    over.resolve(TIMEOUT);
    request?.giveUp();
  };
  // The exporter's own timeout is one for silence: whoever answers a byte at a time would have no end.
  const timer = setTimeout(giveUp, withinMs);
  signal.addEventListener("abort", giveUp);
  try {
    request = create(Math.ceil(withinMs));
    request.exporter.export(metrics, ({ code, error }: ExportResult) =>
      over.resolve((code as number) === SUCCESS ? undefined : toFailure(error)),
    );
  } catch (error) {
    over.resolve(toFailure(error));
  }
  const failure = await over.promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", giveUp);
  request?.end(failure === undefined);
  return failure;
}
