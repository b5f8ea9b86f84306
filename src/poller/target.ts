/** One Sora that is polled: what it last said, how old that is, and what went wrong since. */

import type { Log } from "../log.ts";
import type { PollEvents } from "./events.ts";
import { readClusterNodes } from "../calls/cluster.ts";
import { draftConnections } from "../calls/connections.ts";
import type { CallIntervals, ChoiceConfig, InfoConfig, Limits, ReportGroups } from "../config/config.ts";
import type { Built } from "../snapshot/build.ts";
import type { DropReason, Rejections, ValueRejection } from "../snapshot/rejections.ts";
import { isOfLevels, type Level, seriesOf, type Snapshot, type StatsSnapshot } from "../snapshot/snapshot.ts";
import type { Watched } from "../status/status.ts";
import type { Bounds } from "../sums/observations.ts";
import type { SoraClient } from "../sora/client.ts";
import { oneLine, SoraFailure } from "../sora/failure.ts";
import { createAddresses } from "./addresses.ts";
import { toFailure } from "./call-log.ts";
import type { Clock } from "./clock.ts";
import type { Group } from "./groups.ts";
import { addsUp, begin, type Memory } from "./memory.ts";
import type { Pollable } from "./poller.ts";
import { createSideCalls } from "./side-calls.ts";

/** Of a connection in an answer; those of Sora have more than 10 KB. */
const LEAST_CONNECTION_BYTES = 1024;

export interface TargetOptions {
  readonly name: string;
  readonly intervalMs: number;
  /** For one address; at most `intervalMs`, which is for all of them together. */
  readonly timeoutMs: number;
  /** Whether to ask for the connections of the asked node alone. */
  readonly local: boolean;
  readonly calls: CallIntervals;
  readonly report: ReportGroups;
  readonly info: InfoConfig;
  /** Whose series are shown. */
  readonly levels: readonly Level[];
  readonly choice: ChoiceConfig;
  readonly limits: Limits;
  /** Of the histograms. */
  readonly bounds: Bounds;
}

export interface Target {
  readonly name: string;
  /** The polls of the statistics. */
  readonly statistics: Pollable;
  /** The other calls that are made. */
  readonly sideCalls: readonly Pollable[];
  /** What the last good poll of the statistics said, as long as it is not stale. */
  snapshot(): StatsSnapshot | undefined;
  /** What is shown, of some groups or of all: known, not stale, chosen, and within the limits. No series is in two of them. */
  snapshots(groups?: ReadonlySet<Group>): readonly Snapshot[];
  /** What people are told of it. */
  watched(): Watched;
  /** All that it knows, for the target that takes its place; this one must not be polled any more. */
  memory(): Memory;
}

export interface TargetEdges {
  /** One for each address of the target; the first is asked first. */
  readonly clients: readonly SoraClient[];
  readonly clock: Clock;
  readonly metrics: PollEvents;
  readonly log: Log;
  /** Told each good answer of the statistics as it came; must not throw. */
  readonly record?: (timeMs: number, body: Buffer) => Promise<void>;
}

/**
 * Makes a target; nothing happens before its first poll.
 *
 * @param before of the target in whose place it comes, where what that knows is good for this one (`sumsGoOn`)
 */
export function createTarget(options: TargetOptions, edges: TargetEdges, before?: Memory): Target {
  const { name, intervalMs, timeoutMs, local } = options;
  const { clients, clock, metrics, log, record } = edges;
  const begun = begin(options, edges, before);
  const { builder, chooser, sums, latest, watch, callLog } = begun;
  const levels = new Set(options.levels);
  // Many small ones would take far more memory than their bytes.
  const maxConnections = Math.ceil(options.limits.answerSizeBytes / LEAST_CONNECTION_BYTES);
  let up = before?.up ?? false;
  let polledMs = before?.polledMs;
  const addresses = createAddresses(
    { clients, begin: before?.url, timeoutMs, budgetMs: intervalMs, onFailover },
    clock,
  );
  const side = createSideCalls(
    options,
    {
      clock,
      metrics,
      log,
      client: () => addresses.active,
      isUp: () => up,
      several: clients.length > 1,
    },
    before?.side,
  );

  function onFailover(from: SoraClient, to: SoraClient, failure: SoraFailure): void {
    metrics.failedOver(name, { from: from.url, to: to.url });
    log.warn({ from: from.url, to: to.url }, `another address is asked now: ${failure.message}`);
  }

  async function askOne(client: SoraClient, withinMs: number, stop: AbortSignal) {
    try {
      const building = builder.begin();
      const recorded: Buffer[] = [];
      const consume = (chunk: Buffer) => {
        building.write(chunk);
        if (building.connections > maxConnections) throw tooManyConnections(maxConnections);
        if (record !== undefined) recorded.push(chunk);
      };
      const bytes = await client.stream("GetStatsAllConnections", { local }, consume, stop, withinMs);
      const { snapshot, ...rest } = building.end(clock.now());
      const built: Built = { ...rest, snapshot: { ...snapshot, source: client.url } };
      mustHoldConnections(built);
      metrics.callSucceeded(name, "GetStatsAllConnections", clock.now());
      return { built, bytes, recorded };
    } catch (error) {
      const failure = toFailure(error);
      if (!stop.aborted) metrics.callFailed(name, "GetStatsAllConnections", failure.reason);
      throw client.conceal?.(failure) ?? failure;
    }
  }

  async function poll(signal: AbortSignal): Promise<void> {
    const start = clock.monotonic();
    const seconds = () => (clock.monotonic() - start) / 1000;
    try {
      const before = addresses.active;
      const { built, bytes, recorded } = await addresses.ask(
        (client, ms) => askOne(client, ms, signal),
        signal,
      );
      latest.set({ statistics: built.snapshot, sums: addUp(built.snapshot) });
      const { timeMs } = built.snapshot;
      const droppedLabels = total(built.dropped);
      watch.succeed(built.snapshot, { timeMs, seconds: seconds(), bytes, droppedLabels }, clock.monotonic());
      metrics.pollSucceeded(name, {
        timeMs,
        bytes,
        seconds: seconds(),
        unknownFields: built.snapshot.unknownPaths.length,
        connections: built.connections,
        values: built.values,
      });
      // What failed or was refused may work now, and need not wait for its turn.
      const changed = !up || addresses.active !== before;
      up = true;
      if (changed) side.hurry();
      callLog.succeeded({ connections: built.snapshot.rows.length, series: built.snapshot.series });
      metrics.seriesDropped(name, built.dropped);
      metrics.labelValuesShortened(name, built.shortened);
      callLog.leftOut({
        connections: built.connections,
        values: built.values,
        sums: leftOutSums(),
        "labels of data channels": built.dropped,
      });
      choose();
      callLog.unknownFields(built.snapshot.unknownPaths);
      polledMs = start;
      await record?.(timeMs, Buffer.concat(recorded));
    } catch (error) {
      if (signal.aborted) return; // We gave up, not Sora.
      polledMs = start;
      const failure = toFailure(error);
      up = false;
      const { reason, message } = failure;
      watch.fail({ timeMs: clock.now(), seconds: seconds(), reason, message });
      metrics.pollFailed(name, { reason: failure.reason, seconds: seconds() });
      callLog.failed(failure);
    }
  }

  /** What is shown of channels and of the target; nothing where nobody wants to see it. */
  function addUp(statistics: StatsSnapshot): Snapshot[] {
    if (!addsUp(options)) return [];
    return sums.add(statistics, clock.monotonic());
  }

  /** What the sums of the last poll had to leave out; it is counted here. */
  function leftOutSums(): Rejections<ValueRejection> {
    const counts = new Map<ValueRejection, number>();
    if (sums.leftOut > 0) counts.set("too_many_sums", sums.leftOut);
    const rejections = { counts, first: undefined };
    metrics.valuesRejected(name, rejections);
    return rejections;
  }

  function snapshots(groups?: ReadonlySet<Group>): readonly Snapshot[] {
    return choose()
      .known.filter(({ group }) => groups === undefined || groups.has(group))
      .map(({ snapshot }) => snapshot);
  }

  /** Chooses from all that is known; as long as that stays the same, so does what is chosen. */
  function choose(): { readonly known: readonly Known[]; readonly dropped: Rejections<DropReason> } {
    const all = known().filter(({ snapshot }) => isOfLevels(snapshot, levels));
    const { snapshots, dropped, newlyDropped } = chooser.choose(
      all.map(({ snapshot }) => snapshot),
      clock.monotonic(),
    );
    if (newlyDropped.counts.size > 0) metrics.seriesDropped(name, newlyDropped);
    callLog.leftOut({ series: dropped });
    return { known: all.map(({ group }, i) => ({ group, snapshot: snapshots[i]! })), dropped };
  }

  function known(): Known[] {
    const { statistics, sums = [] } = latest.get() ?? {};
    const ofConnections = [...(statistics ? [statistics] : []), ...sums, ...identities(statistics)];
    return [
      ...ofConnections.map((snapshot) => ({ group: "connections" as const, snapshot })),
      ...side.snapshots(),
    ];
  }

  function identities(statistics: StatsSnapshot | undefined): readonly Snapshot[] {
    const listing = side.listing();
    return statistics === undefined && listing === undefined ? [] : draftIdentities(statistics, listing);
  }

  const draftIdentities = memoizeLast(
    (statistics: StatsSnapshot | undefined, listing: ReturnType<typeof side.listing>) =>
      draftConnections(
        { target: name, timeMs: clock.now(), connections: statistics?.rows, listing },
        options.info,
      ),
  );

  function watched(): Watched {
    const statistics = latest.get()?.statistics;
    const { known: shown, dropped } = choose();
    return {
      name,
      url: addresses.active.url,
      intervalMs,
      watch,
      statistics,
      identities: identities(statistics),
      clusterNodes: readClusterNodes(side.snapshots().map(({ snapshot }) => snapshot)),
      failingCalls: side.failing(),
      series: seriesOf(shown.map(({ snapshot }) => snapshot)),
      droppedSeries: total(dropped) + (watch.good?.droppedLabels ?? 0),
    };
  }

  metrics.addTarget(name, {
    operations: ["GetStatsAllConnections", ...side.operations],
    url: addresses.active.url,
    scope: local ? "node" : "cluster",
  });

  return {
    name,
    statistics: { intervalMs, poll },
    sideCalls: side.calls,
    snapshot: () => latest.get()?.statistics,
    snapshots,
    watched,
    memory: () => ({ ...begun, options, side, up, polledMs, url: addresses.active.url }),
  };
}

function tooManyConnections(max: number): SoraFailure {
  const why = "each of which counts as 1 KB at least of limits.answer_size";
  return new SoraFailure("too_large", `more than ${max} connections, ${why}`);
}

/**
 * An answer of which nothing is left is none: to show it as no connections would be a zero that is false.
 *
 * @throws SoraFailure `unexpected_body`
 */
function mustHoldConnections({ snapshot, connections: { counts, first } }: Built): void {
  if (snapshot.rows.length > 0 || counts.size === 0) return;
  throw new SoraFailure("unexpected_body", oneLine(`nothing in the answer is a connection: ${first}`));
}

function total({ counts }: Rejections<string>): number {
  return [...counts.values()].reduce((sum, n) => sum + n, 0);
}

interface Known {
  readonly group: Group;
  readonly snapshot: Snapshot;
}

/** The function, which gives the last result again as long as its arguments stay the same. */
function memoizeLast<A, B, R>(compute: (a: A, b: B) => R): (a: A, b: B) => R {
  let last: { readonly a: A; readonly b: B; readonly result: R } | undefined;
  return (a, b) => {
    if (last === undefined || last.a !== a || last.b !== b) last = { a, b, result: compute(a, b) };
    return last.result;
  };
}
