/** One Sora that is polled: what it last said, how old that is, and what went wrong since. */

import type { Logger } from "pino";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import { type Built, SnapshotBuilder } from "../snapshot/build.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { SoraClient } from "../sora/client.ts";
import { decodeStats } from "../sora/decode.ts";
import { type FailureReason, SoraFailure } from "../sora/failure.ts";
import type { Clock } from "./clock.ts";
import type { Pollable } from "./poller.ts";

/** After this many intervals without a good poll the last good one is no longer shown. */
export const STALE_INTERVALS = 3;

export interface TargetOptions {
  readonly name: string;
  readonly intervalMs: number;
  /** Whether to ask for the connections of the asked node alone. */
  readonly local: boolean;
}

export interface Target extends Pollable {
  readonly name: string;
  /** Whether a first poll has been tried. */
  readonly attempted: boolean;
  /** The last good poll's snapshot, as long as it is not stale. */
  snapshot(): Snapshot | undefined;
}

export interface TargetEdges {
  readonly client: SoraClient;
  readonly clock: Clock;
  readonly metrics: OwnMetrics;
  readonly log: Logger;
}

/** Makes a target; nothing happens before its first poll. */
export function createTarget(options: TargetOptions, { client, clock, metrics, log }: TargetEdges): Target {
  const { name, intervalMs, local } = options;
  const builder = new SnapshotBuilder(name);
  const report = createReporter(log);
  let last: { snapshot: Snapshot; at: number } | undefined;
  let attempted = false;

  function snapshot(): Snapshot | undefined {
    if (last !== undefined && clock.monotonic() - last.at > STALE_INTERVALS * intervalMs) last = undefined;
    return last?.snapshot;
  }

  metrics.addTarget(name, () => snapshot()?.series ?? 0);

  return {
    name,
    intervalMs,
    get attempted() {
      return attempted;
    },
    snapshot,
    async poll(signal) {
      const start = clock.monotonic();
      try {
        const body = await client.call("GetStatsAllConnections", { local }, signal);
        const { connections, validUtf8 } = decodeStats(body);
        const built = builder.build(connections, clock.now(), validUtf8);
        last = { snapshot: built.snapshot, at: clock.monotonic() };
        metrics.pollSucceeded(name, { built, bytes: body.length, seconds: (last.at - start) / 1000 });
        report.succeeded(built);
      } catch (error) {
        if (signal.aborted) return; // We gave up, not Sora.
        const failure =
          error instanceof SoraFailure
            ? error
            : new SoraFailure("unexpected_body", String(error), { cause: error });
        metrics.pollFailed(name, { reason: failure.reason, seconds: (clock.monotonic() - start) / 1000 });
        report.failed(failure);
      } finally {
        attempted = true;
      }
    },
  };
}

/** Logs what changes, not what goes on: a line when polls begin to fail, for another reason, or work again. */
function createReporter(log: Logger): { succeeded(built: Built): void; failed(failure: SoraFailure): void } {
  let state: FailureReason | "up" | undefined;
  const leftOut = { connections: false, values: false };
  const unknown = new Set<string>();

  function reportLeftOut(
    what: "connections" | "values",
    counts: ReadonlyMap<string, number>,
    first?: string,
  ): void {
    const any = counts.size > 0;
    if (any && !leftOut[what]) {
      log.warn({ counts: Object.fromEntries(counts), first }, `some ${what} in Sora's answer are left out`);
    } else if (!any && leftOut[what]) log.info(`no ${what} in Sora's answer are left out any more`);
    leftOut[what] = any;
  }

  return {
    succeeded({ snapshot, connections, values }) {
      if (state !== "up") {
        log.info({ connections: snapshot.connections.length, series: snapshot.series }, "Sora answers");
      }
      state = "up";
      reportLeftOut("connections", connections.counts, connections.first);
      reportLeftOut("values", values.counts, values.first);
      const fresh = snapshot.unknownPaths.filter((path) => !unknown.has(path));
      if (fresh.length > 0) {
        log.info(
          { paths: fresh.slice(0, 20), count: fresh.length },
          "fields that this version does not know",
        );
      }
      // Only those of now: a set of all that ever were could grow without end.
      unknown.clear();
      for (const path of snapshot.unknownPaths) unknown.add(path);
    },
    failed({ reason, message }) {
      if (state !== reason) log.error({ reason }, `poll failed: ${message}`);
      state = reason;
    },
  };
}
