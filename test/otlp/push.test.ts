/** A push and its requests, with exporters that a test answers for. */

import { resourceFromAttributes } from "@opentelemetry/resources";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import { describe, expect, test } from "vitest";
import { hrTime, metricData, type Outcome, withPoints } from "../../src/otlp/data.ts";
import { createToFailure } from "../../src/otlp/failure.ts";
import { EXPORTED } from "../../src/otlp/send.ts";
import { createPush, type Push, type PushOptions } from "../../src/otlp/push.ts";

type Answer = Error | "taken" | "never";

const withCode = (code: string | number, message = "no") => Object.assign(new Error(message), { code });
const REFUSED = withCode("ECONNREFUSED");
const LOST = withCode("ECONNRESET");
const DROPPED = withCode(14, "14 UNAVAILABLE: Connection dropped");
const BUSY = new Error("Export failed with retryable status");

const failedBy = (error: Error) => ({ code: 1, error }) as unknown as typeof EXPORTED;

/** As many points as there are values, in as many metrics. */
function metricsOf(values: readonly number[]) {
  const time = hrTime(0);
  const metrics = values.map((value, i) =>
    withPoints(metricData({ name: `m${i}`, unit: "", kind: "gauge" }, "", false), [
      { attributes: {}, startTime: time, endTime: time, value },
    ]),
  );
  return { resource: resourceFromAttributes({}), scopeMetrics: [{ scope: { name: "s" }, metrics }] };
}

function start(
  answers: Answer[],
  { protocol = "http", ...changes }: Partial<PushOptions> & { protocol?: "http" | "grpc" } = {},
) {
  const outcomes: Outcome[] = [];
  const sent: unknown[] = [];
  const given: number[] = [];
  const told: string[] = [];
  const counts = { open: 0, mostOpen: 0, exported: 0, dropped: 0 };
  const push = createPush(
    { maxPoints: 1, timeoutMs: 1000, pushMs: 2000, ...changes },
    {
      create: (timeoutMs) => {
        given.push(timeoutMs);
        counts.mostOpen = Math.max(counts.mostOpen, ++counts.open);
        let isOpen = true;
        const end = () => {
          if (isOpen) counts.open--;
          isOpen = false;
        };
        const exporter = {
          export({ scopeMetrics }, done) {
            sent.push(
              ...scopeMetrics.flatMap(({ metrics }) => metrics.map((data) => data.dataPoints[0]!.value)),
            );
            const answer = answers.shift() ?? "taken";
            if (answer === "never") return;
            setImmediate(() => {
              end();
              done(answer === "taken" ? EXPORTED : failedBy(answer));
            });
          },
          shutdown: () => Promise.resolve(),
          forceFlush: () => Promise.resolve(),
        } as PushMetricExporter;
        return { exporter, giveUp: end, end: () => {} };
      },
      toFailure: createToFailure(protocol, (text) => text),
      events: {
        otlpStarted: () => {},
        otlpExported: (points) => (counts.exported += points),
        otlpFailed: (reason) => told.push(reason),
        otlpRejected: () => {},
        otlpDropped: (points) => (counts.dropped += points),
      },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      onEnd: (outcome) => outcomes.push(outcome),
    },
  );
  return { push, outcomes, sent, given, told, counts };
}

async function send(push: Push, values: readonly number[]): Promise<void> {
  await new Promise((resolve) => push.export(metricsOf(values), resolve));
}

describe("a push", () => {
  test.for<[what: string, answers: Answer[], outcome: Outcome, reason: string | undefined]>([
    ["is delivered", ["taken", "taken", "taken"], "all", undefined],
    ["has nobody to take it", [REFUSED], "none", "connect"],
    ["is not taken", [BUSY], "none", "overloaded"],
    ["is refused", [withCode(400)], "none", "refused"],
    ["loses the answer to its first request", [LOST], "some", "connect"],
    ["waits for an answer in vain", ["never"], "some", "timeout"],
    ["fails on its way", ["taken", REFUSED], "some", "connect"],
  ])("that %s", async ([, answers, outcome, reason]) => {
    const t = start(answers, { timeoutMs: 50 });
    await send(t.push, [1, 2, 3]);
    expect(t.outcomes).toEqual([outcome]);
    expect(t.told).toEqual(reason === undefined ? [] : [reason]);
    expect(t.counts.exported + t.counts.dropped).toBe(3);
    expect(t.counts.open).toBe(0);
  });

  test("ends with its time, however much each request may have; the next one begins behind it", async () => {
    const t = start(["never", "taken", "never"], { timeoutMs: 60_000, pushMs: 100 });
    await Promise.all([send(t.push, [1, 2]), send(t.push, [3, 4]), send(t.push, [5])]);
    expect(t.sent).toEqual([1, 3, 4, 5]);
    expect(t.told).toEqual(["timeout", "timeout"]);
    expect(t.outcomes).toEqual(["some", "some", "all"]);
    expect(t.counts).toMatchObject({ open: 0, mostOpen: 1, exported: 2, dropped: 3 });
    for (const ms of t.given) expect(ms).toBeLessThanOrEqual(100);
  });

  test("takes nothing out of what is to be sent once its time is up", async () => {
    const t = start([], { pushMs: 0 });
    await send(t.push, [1]);
    expect(t.sent).toEqual([]);
    expect([t.outcomes, t.told]).toEqual([["none"], ["timeout"]]);
  });

  test("sends a request again over gRPC, which may have been taken before", async () => {
    const t = start([DROPPED, withCode(8)], { protocol: "grpc", pushMs: 60_000, timeoutMs: 60_000 });
    await send(t.push, [1]);
    expect(t.sent).toEqual([1, 1]);
    expect([t.outcomes, t.told]).toEqual([["some"], ["overloaded"]]);
    const again = start([DROPPED], { protocol: "grpc", pushMs: 60_000, timeoutMs: 60_000 });
    await send(again.push, [1]);
    expect([again.sent, again.outcomes, again.told]).toEqual([[1, 1], ["all"], []]);
  });

  test("sends nothing after its end", async () => {
    const t = start(["never"], { timeoutMs: 60_000, pushMs: 60_000 });
    const pushes = [send(t.push, [1]), send(t.push, [2])];
    t.push.endWithin(50);
    await Promise.all(pushes);
    expect(t.sent).toEqual([1]);
    expect(t.counts).toMatchObject({ open: 0, dropped: 2 });
    expect(t.outcomes).toEqual(["some", "none"]);
  });

  test("does not wait to send again after its end", async () => {
    const t = start([DROPPED, DROPPED], {
      protocol: "grpc",
      timeoutMs: 60_000,
      pushMs: 60_000,
    });
    const pushed = send(t.push, [1]);
    await new Promise(setImmediate);
    t.push.endWithin(10);
    await pushed;
    expect(t.sent).toEqual([1]);
  });
});
