/** What goes out of one target, push after push. */

import type { MetricData } from "@opentelemetry/sdk-metrics";
import {
  isOfLevels,
  type Family,
  type Level,
  type Row,
  type Snapshot,
  type StatsSnapshot,
} from "../snapshot/snapshot.ts";
import { KEEP_MISSING_MS } from "../sums/increases.ts";
import { SUM_PREFIXES } from "../sums/observations.ts";
import type { Outcome } from "./data.ts";
import { History, rowKey } from "./history.ts";
import type { OtlpName } from "./names.ts";
import { toMetric } from "./points.ts";

/** A target as far as it concerns pushes. */
export interface Pushable {
  readonly name: string;
  /** What the last good poll of the statistics said, as long as it is not stale. */
  snapshot(): StatsSnapshot | undefined;
  /** All that is shown. */
  snapshots(): readonly Snapshot[];
}

/** What the keys of connections start with. */
const CONNECTION = "connection ";

const CREATED = "sora_connection_created_timestamp_seconds";

/** What goes out of a target in one push, to be named once all that goes out is known. */
export interface Collected {
  /** Of all its points, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly families: readonly { readonly family: Family; readonly snapshot: Snapshot }[];
  /** Makes the metrics, by the names of the families. */
  readonly metrics: (names: ReadonlyMap<string, OtlpName>) => MetricData[];
  /** To be called when they have gone out. */
  readonly end: (outcome: Outcome) => void;
}

/** Collects one target. A poll of its statistics goes out once, and what else is known then with it. */
export class TargetCollector {
  readonly #target: Pushable;
  readonly #levels: () => ReadonlySet<Level>;
  readonly #delta: boolean;
  /** Since when the exporter adds up. */
  readonly #beganMs: number;
  readonly #history = new History();
  /** Since when the series of a channel or a connection count, and when it was pushed last, by level and row. */
  #starts = new Map<string, { readonly startMs: number; readonly seenMs: number }>();
  #pushed: ReadonlySet<Snapshot> = new Set();
  #lastMs: number | undefined;
  /** Whether all of a push was delivered. What is there until then is the baseline. */
  #begun = false;

  /** @param options `levels` is asked for each push */
  constructor(
    target: Pushable,
    options: { levels: () => ReadonlySet<Level>; delta: boolean; beganMs: number },
  ) {
    this.#target = target;
    this.#levels = options.levels;
    this.#delta = options.delta;
    this.#beganMs = options.beganMs;
  }

  /** @returns undefined where nothing is new */
  collect(): Collected | undefined {
    const statistics = this.#target.snapshot();
    const all = this.#target.snapshots();
    const news = statistics === undefined ? all : [statistics];
    if (news.every((snapshot) => this.#pushed.has(snapshot))) return undefined;
    this.#pushed = new Set([...news, ...all]);
    const timeMs = statistics?.timeMs ?? Math.max(...all.map((snapshot) => snapshot.timeMs));
    const levels = this.#levels();
    const shown = all.filter((snapshot) => isOfLevels(snapshot, levels));
    const before = { starts: this.#starts, lastMs: this.#lastMs };
    const { startsOf, isFollowed } = this.#rowStarts(all, timeMs);
    const pushed = {
      history: this.#history,
      timeMs,
      source: statistics?.source,
      delta: this.#delta,
      starts: (rows: readonly Row[], family: Family) => startsOf(rows, isSum(family)),
      countsInFull: (row: Row, family: Family) => isSum(family) || isFollowed(row),
    };
    const families = shown.flatMap((snapshot) => snapshot.families.map((family) => ({ family, snapshot })));
    return {
      timeMs,
      families,
      metrics: (names) =>
        families.map(({ family, snapshot }) => toMetric(family, snapshot, names.get(family.name)!, pushed)),
      end: (outcome) => {
        this.#history.end(outcome);
        if (outcome === "all") this.#begun = true;
        if (outcome === "none") ({ starts: this.#starts, lastMs: this.#lastMs } = before);
      },
    };
  }

  /** Since when rows count: once it is known, it stays. Also of those that are not pushed, as they may be from the next push on. */
  #rowStarts(all: readonly Snapshot[], timeMs: number) {
    const before = this.#starts;
    const lastMs = this.#lastMs;
    const newChannelMs = Math.min(lastMs ?? this.#beganMs, timeMs);
    const created = createdTimes(all);
    const starts: typeof before = new Map();
    for (const { rows } of all) {
      for (const row of rows) {
        const key = startKey(row);
        if (key === undefined || starts.has(key)) continue;
        const fresh = row.connectionId === undefined ? newChannelMs : created.get(row.connectionId);
        const startMs = before.get(key)?.startMs ?? Math.min(fresh ?? timeMs, timeMs);
        starts.set(key, { startMs, seenMs: timeMs });
      }
    }
    // A connection that a lost node hides goes on from what was known of it; a channel that was forgotten begins anew.
    for (const [key, start] of before)
      if (!starts.has(key) && key.startsWith(CONNECTION) && timeMs - start.seenMs <= KEEP_MISSING_MS)
        starts.set(key, start);
    this.#starts = starts;
    this.#lastMs = timeMs;
    const startsByRows = new Map<readonly Row[], Float64Array>();
    const startsOf = (rows: readonly Row[], sum: boolean): ((row: number) => number) => {
      // Of the target: what is added up here, and what Sora counts, of which nobody knows since when.
      if (rows[0]?.channelId === undefined) return () => (sum ? Math.min(this.#beganMs, timeMs) : timeMs);
      let ofRows = startsByRows.get(rows);
      if (ofRows === undefined) {
        ofRows = Float64Array.from(rows, (row) => starts.get(startKey(row)!)?.startMs ?? timeMs);
        startsByRows.set(rows, ofRows);
      }
      return (row) => ofRows[row]!;
    };
    /** Whether a counter that is new has begun since the last push; one of who was hidden then has not. */
    const isFollowed = (row: Row): boolean => {
      if (!this.#begun || row.connectionId === undefined) return false;
      const last = before.get(startKey(row)!);
      return last === undefined || last.seenMs === lastMs;
    };
    return { startsOf, isFollowed };
  }
}

/** Whether the exporter itself adds it up. */
function isSum({ name }: Family): boolean {
  return name.startsWith(SUM_PREFIXES.channel) || name.startsWith(SUM_PREFIXES.target);
}

function startKey(row: Row): string | undefined {
  if (row.channelId === undefined) return undefined;
  return (row.connectionId === undefined ? "channel " : CONNECTION) + rowKey(row);
}

/** When Sora says that connections were created, in milliseconds since the epoch. */
function createdTimes(snapshots: readonly Snapshot[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { rows, families } of snapshots) {
    for (const { rows: indices, values } of families.find(({ name }) => name === CREATED)?.columns ?? []) {
      for (const [i, seconds] of values.entries()) {
        const { connectionId } = rows[indices === undefined ? i : indices[i]!]!;
        if (connectionId !== undefined) times.set(connectionId, seconds * 1000);
      }
    }
  }
  return times;
}
