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
          error instanceof SoraFailure ? error : new SoraFailure("internal", String(error), { cause: error });
        metrics.pollFailed(name, { reason: failure.reason, seconds: (clock.monotonic() - start) / 1000 });
        report.failed(failure);
      } finally {
        attempted = true;
      }
    },
  };
}

/** Paths that were logged and are kept in mind, so that each is logged once. */
const MAX_LOGGED_PATHS = 10_000;
const PATHS_A_LINE = 50;

/**
 * Logs what changes, not what goes on: a line when polls begin to fail, one for each further reason until they work
 * again, and one when they do.
 */
function createReporter(log: Logger): { succeeded(built: Built): void; failed(failure: SoraFailure): void } {
  let up = false;
  const reasons = new Set<FailureReason>();
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

  function reportUnknown(paths: readonly string[]): void {
    const fresh = paths.filter((path) => !unknown.has(path));
    for (let i = 0; i < fresh.length && unknown.size < MAX_LOGGED_PATHS; i += PATHS_A_LINE) {
      const chunk = fresh.slice(i, i + PATHS_A_LINE);
      log.info({ paths: chunk }, "fields that this version does not know");
      for (const path of chunk) unknown.add(path);
    }
  }

  return {
    succeeded({ snapshot, connections, values }) {
      if (!up)
        log.info({ connections: snapshot.connections.length, series: snapshot.series }, "Sora answers");
      up = true;
      reasons.clear();
      reportLeftOut("connections", connections.counts, connections.first);
      reportLeftOut("values", values.counts, values.first);
      reportUnknown(snapshot.unknownPaths);
    },
    failed({ reason, message, cause }) {
      if (!reasons.has(reason)) {
        const stack = reason === "internal" && cause instanceof Error ? { stack: cause.stack } : {};
        log.error({ reason, ...stack }, `poll failed: ${message}`);
      }
      up = false;
      reasons.add(reason);
    },
  };
}
