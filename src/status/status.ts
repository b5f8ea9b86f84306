/** What a target knows becomes what people are told. */

import { CONNECTION_METRICS } from "../calls/connections.ts";
import type {
  ChannelStatus,
  ConnectionStatus,
  Listed,
  Status,
  StatusQuery,
  TargetState,
  TargetStatus,
} from "../engine/status.ts";
import type { Label } from "../catalog/resolve.ts";
import type { Column, Snapshot, StatsSnapshot } from "../snapshot/snapshot.ts";
import { createFilter, exactName } from "./filter.ts";
import type { Survey, SurveyedConnection } from "./survey.ts";
import { compareTrouble, type Trouble } from "./trouble.ts";
import type { Watch } from "./watch.ts";

/** A target, as far as it is told of. */
export interface Watched {
  readonly name: string;
  /** The address that is asked now. */
  readonly url: string;
  readonly intervalMs: number;
  readonly watch: Watch;
  /** What the last good poll said, as long as it is not stale. */
  readonly statistics: StatsSnapshot | undefined;
  /** Who its connections are: rows as those of the statistics. */
  readonly identities: readonly Snapshot[];
  readonly clusterNodes: TargetStatus["clusterNodes"];
  readonly failingCalls: TargetStatus["failingCalls"];
  /** That are shown, and that there was no room for. */
  readonly series: number;
  readonly droppedSeries: number;
}

/** @param timeMs now, in milliseconds since the epoch */
export function statusOf(targets: readonly Watched[], query: StatusQuery, timeMs: number): Status {
  const looked = targets.flatMap((target) => lookAt(target, query) ?? []);
  return {
    timeMs,
    targets: targets.map(describe),
    channels: merge(
      looked.map(({ channels }) => channels),
      query.channels,
    ),
    connections: merge(
      looked.map(({ connections }) => connections),
      query.connections,
    ),
  };
}

function describe(watched: Watched): TargetStatus {
  const { name, url, intervalMs, watch, statistics, clusterNodes, failingCalls } = watched;
  const { good, failed, failing } = watch;
  return {
    target: name,
    state: stateOf(watch, statistics !== undefined),
    url,
    intervalMs,
    good: good && { timeMs: good.timeMs, seconds: good.seconds, bytes: good.bytes },
    failing: failing && { ...failing },
    error: failed && { ...failed },
    clusterNodes,
    failingCalls,
    last: statistics && describeData(statistics, watch.survey(statistics), watched),
  };
}

function stateOf({ good, failing }: Watch, hasData: boolean): TargetState {
  if (good === undefined) return failing === undefined ? "waiting" : "failing";
  if (!hasData) return "stale";
  return failing === undefined ? "up" : "failing";
}

function describeData(
  { timeMs, rows }: StatsSnapshot,
  survey: Survey,
  { series, droppedSeries }: Pick<Watched, "series" | "droppedSeries">,
): NonNullable<TargetStatus["last"]> {
  const levels = survey.levels();
  const unstable = levels?.filter(({ level }) => level > 0) ?? [];
  const worst = survey.connections()[0];
  return {
    timeMs,
    channels: survey.channels().length,
    connections: rows.length,
    series,
    droppedSeries,
    levels,
    unstable: unstable.reduce((sum, { connections }) => sum + connections, 0),
    worst: worst && worst.level > 0 ? { level: worst.level, channelId: worst.channelId } : undefined,
    rateSeconds: survey.rates?.seconds,
  };
}

/** What of one target fits a query, worst first. */
interface Fitting<T> {
  readonly all: number;
  readonly fitting: readonly Trouble[];
  readonly show: (one: Trouble) => T;
}

/** @returns undefined where the target has no data */
function lookAt(
  { statistics, watch, identities, name }: Watched,
  query: StatusQuery,
): { channels: Fitting<ChannelStatus>; connections: Fitting<ConnectionStatus> } | undefined {
  if (statistics === undefined) return undefined;
  const survey = watch.survey(statistics);
  const who = new Who(identities);
  const fits = createFit(query, name, who);
  const connections = survey.connections();
  const channels = survey.channels();
  const fitting = fits === undefined ? connections : connections.filter(fits);
  const ofChannels = new Set(fits && fitting.map(({ channelId }) => channelId));
  return {
    connections: {
      all: connections.length,
      fitting,
      show: (one) => showConnection(one as SurveyedConnection, survey, who),
    },
    channels: {
      all: channels.length,
      fitting: fits === undefined ? channels : channels.filter(({ channelId }) => ofChannels.has(channelId)),
      show: (one) => {
        const { target, channelId, rows, levels, rates } = one as (typeof channels)[number];
        return { target, channelId, connections: rows.length, levels, rates };
      },
    },
  };
}

/** @returns undefined where every connection of the target fits */
function createFit(
  { text, channel, target }: StatusQuery,
  name: string,
  who: Who,
): ((one: SurveyedConnection) => boolean) | undefined {
  if (target !== undefined && exactName(name) !== target) return () => false;
  const has = createFilter(text);
  if (has === undefined && channel === undefined) return undefined;
  return ({ channelId, connectionId, row }) =>
    (channel === undefined || exactName(channelId) === channel) &&
    (has === undefined || has([name, channelId, connectionId, ...who.searchable(row)]));
}

function showConnection(
  { row, target, channelId, connectionId, level, hasLevel }: SurveyedConnection,
  survey: Survey,
  who: Who,
): ConnectionStatus {
  return {
    target,
    channelId,
    connectionId,
    level: hasLevel ? level : undefined,
    info: Object.fromEntries(who.labels(row).filter(([, value]) => value !== "")),
    createdMs: who.createdMs(row),
    rates: survey.ratesOf(row),
  };
}

/** The worst of all targets. */
function merge<T>(targets: readonly Fitting<T>[], most: number): Listed<T> {
  const first = targets.flatMap(({ fitting, show }) => fitting.slice(0, most).map((one) => ({ one, show })));
  first.sort((a, b) => compareTrouble(a.one, b.one));
  return {
    all: sum(targets.map(({ all }) => all)),
    matching: sum(targets.map(({ fitting }) => fitting.length)),
    shown: first.slice(0, most).map(({ one, show }) => show(one)),
  };
}

/** @returns undefined where there is nothing to add up */
function sum(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((a, b) => a + b);
}

/** Yes and no are not worth searching. */
const NOT_SEARCHED: ReadonlySet<string> = new Set(["simulcast", "spotlight", "multistream"]);
const NO_LABELS: readonly Label[] = [];

/** Who the connections of a poll are, by row. */
class Who {
  readonly #info: Column | undefined;
  readonly #created: Column | undefined;

  constructor(identities: readonly Snapshot[]) {
    const column = (wanted: string) =>
      identities.flatMap(({ families }) => families).find(({ name }) => name === wanted)?.columns[0];
    this.#info = column(CONNECTION_METRICS.info.name);
    this.#created = column(CONNECTION_METRICS.created.name);
  }

  /** As they are shown: what is not exported is not here either. */
  labels(row: number): readonly Label[] {
    // Each connection has one, in order.
    return this.#info?.entryLabels?.[row] ?? NO_LABELS;
  }

  searchable(row: number): string[] {
    return this.labels(row).flatMap(([name, value]) => (NOT_SEARCHED.has(name) ? [] : [value]));
  }

  createdMs(row: number): number | undefined {
    const at = this.#created?.rows === undefined ? row : this.#created.rows.indexOf(row);
    const seconds = this.#created?.values[at];
    return seconds === undefined ? undefined : seconds * 1000;
  }
}
