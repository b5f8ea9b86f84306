/** A target whose Sora is a function, on a clock that the test moves. */

import { pino } from "pino";
import type { Format } from "../../src/exposition/compose.ts";
import { encode } from "./encode.ts";
import { createOwnMetrics, type OwnMetrics } from "../../src/exposition/own-metrics.ts";
import { createTarget, type Target, type TargetEdges, type TargetOptions } from "../../src/poller/target.ts";
import { LEVELS, seriesOf } from "../../src/snapshot/snapshot.ts";
import { DEFAULT_BOUNDS } from "../../src/sums/observations.ts";
import type { Operation } from "../../src/sora/operations.ts";
import { ALL_GROUPS, ALL_INFO, DEFAULT_LIMITS, everyCall, EVERYTHING, NO_CALLS } from "./exporter.ts";
import { find, samplesOf } from "./parse.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

/** How long every call takes. */
export const CALL_MS = 250;
export const NEVER = new AbortController().signal;

/** Every call, once in ten seconds. */
export const ALL_CALLS = everyCall(10_000);

/** What Sora says: the answer, or an exception. */
export type Sora = (operation: Operation, url: string) => unknown;

export interface TestTarget {
  readonly target: Target;
  readonly clock: VirtualClock;
  readonly metrics: OwnMetrics;
  readonly log: { level: number; msg: string; paths?: string[]; reason?: string; stack?: string }[];
  /** Operation, parameters and URL of each call. */
  readonly calls: [operation: Operation, parameters: unknown, url: string][];
  /** Lines of the log since the last time, such as `info: Sora answers`. */
  readonly lines: () => string[];
  /** Polls the statistics, then makes all other calls. */
  readonly poll: () => Promise<void>;
  exposition(format?: Format): Promise<string>;
  /** The value of one of the exporter's own series. */
  readonly own: (name: string, labels?: Record<string, string>) => Promise<number | undefined>;
}

/** Makes a target called `t` that is polled every ten seconds and makes no other calls, unless told otherwise. */
export function createTestTarget(
  sora: Sora,
  changes: Partial<TargetOptions> = {},
  { urls = ["http://sora/"], ...edges }: Partial<TargetEdges> & { urls?: readonly string[] } = {},
): TestTarget {
  const clock = createVirtualClock();
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => clock.now() });
  const log: TestTarget["log"] = [];
  const calls: TestTarget["calls"] = [];
  const clients = urls.map((url) => {
    const call = async (operation: Operation, parameters: unknown) => {
      calls.push([operation, parameters, url]);
      await clock.sleep(CALL_MS, NEVER);
      const answer = sora(operation, url);
      return Buffer.isBuffer(answer) ? answer : Buffer.from(JSON.stringify(answer));
    };
    const stream = async (operation: Operation, parameters: unknown, consume: (chunk: Buffer) => void) => {
      const body = await call(operation, parameters);
      consume(body);
      return body.length;
    };
    return { url, call, stream, close: () => Promise.resolve() };
  });
  const target = createTarget(
    {
      name: "t",
      intervalMs: 10_000,
      timeoutMs: 5000,
      local: false,
      calls: NO_CALLS,
      report: ALL_GROUPS,
      info: ALL_INFO,
      levels: LEVELS,
      choice: EVERYTHING,
      limits: DEFAULT_LIMITS,
      bounds: DEFAULT_BOUNDS,
      ...changes,
    },
    {
      clients,
      clock,
      metrics,
      log: pino({ base: null }, { write: (line) => log.push(JSON.parse(line) as (typeof log)[number]) }),
      ...edges,
    },
  );

  async function finish(polls: Promise<unknown>): Promise<void> {
    const state = { done: false };
    void polls.then(() => (state.done = true));
    await clock.advance(0);
    for (let i = 0; i < 20 && !state.done; i++) await clock.advance(CALL_MS);
    await polls;
  }

  async function exposition(format: Format = "prometheus-text"): Promise<string> {
    const snapshots = target.snapshots();
    const own = await metrics.collect(new Map([["t", seriesOf(snapshots)]]));
    return encode(own, snapshots, format).toString();
  }

  return {
    target,
    clock,
    metrics,
    log,
    calls,
    lines: () =>
      log.splice(0).map(({ level, msg }) => `${{ 30: "info", 40: "warn", 50: "error" }[level]!}: ${msg}`),
    async poll() {
      await finish(target.statistics.poll(NEVER));
      await finish(Promise.all(target.sideCalls.map((call) => call.poll(NEVER))));
    },
    exposition,
    async own(name, labels = { target: "t" }) {
      return find(samplesOf(await exposition(), "prometheus-text"), name, labels)?.value;
    },
  };
}
