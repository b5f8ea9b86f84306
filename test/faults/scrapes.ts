/** Scrapes of a whole exporter, and what has to hold in every one of them, whatever goes wrong. */

import { setTimeout } from "node:timers/promises";
import { type Operation } from "../../src/sora/operations.ts";
import { parseExposition, type ParsedFamily } from "../support/parse.ts";

/** As METRICS.md promises; the exporter's own number is not asked. */
const STALE_INTERVALS = 3;

/** Prometheus gives up on a scrape after as long. */
const BOUND_MS = 10_000;
/** Between two scrapes. */
const PAUSE_MS = 500;
/** Two clocks are not read at the same moment. */
const SLACK_MS = 1000;

/** The value of a series, and the calls that it is from: it is known as long as any of them works. */
export interface Told {
  readonly value: number;
  readonly from: readonly Operation[];
}

/** A scrape of one target. */
export interface Seen {
  /** Values of what Sora said, by name and labels. */
  readonly series: ReadonlyMap<string, Told>;
  /** The exporter's own metric of the target; those of several reasons are added up. */
  readonly own: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

export interface View {
  readonly text: string;
  readonly targets: ReadonlyMap<string, Seen>;
}

export interface Scrapes {
  /** A scrape that begins after now. @throws Error where something does not hold that always has to */
  fresh(): Promise<View>;
  /** How many there were, and how long the longest took, in milliseconds. */
  readonly statistics: { count: number; longestMs: number };
}

/**
 * Makes the scrapes of an exporter all of whose targets are polled, and called, at one interval. One is made at a time,
 * for all who want one, in either format in turn.
 */
export function createScrapes(url: string, intervalMs: number): Scrapes {
  const statistics = { count: 0, longestMs: 0 };
  /** The highest value of each series of a counter. */
  const highest = new Map<string, number>();
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<View> | undefined;

  async function scrape(): Promise<View> {
    next = undefined;
    const openMetrics = ++statistics.count % 2 === 0;
    const accept = openMetrics ? "application/openmetrics-text;version=1.0.0" : "text/plain";
    const start = performance.now();
    const startedMs = Date.now();
    const response = await fetch(`${url}/metrics`, { headers: { accept } });
    const text = await response.text();
    const tookMs = performance.now() - start;
    statistics.longestMs = Math.max(statistics.longestMs, tookMs);
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}`);
    if (tookMs > BOUND_MS) throw new Error(`/metrics took ${tookMs} ms`);
    const families = parseExposition(text, openMetrics ? "openmetrics" : "prometheus-text");
    for (const family of families.values()) mustNotFall(family, highest);
    const targets = byTarget(families);
    for (const [target, seen] of targets) mustBeOfItsAge(target, seen, { startedMs, intervalMs });
    return { text, targets };
  }

  return {
    statistics,
    fresh() {
      if (next === undefined) {
        next = running.then(scrape);
        running = next.catch(() => undefined).then(() => setTimeout(PAUSE_MS));
      }
      return next;
    },
  };
}

function mustNotFall({ type, samples }: ParsedFamily, highest: Map<string, number>): void {
  if (type !== "counter" && type !== "histogram") return;
  for (const sample of samples) {
    const key = keyOf(sample.name, sample.labels);
    const before = highest.get(key) ?? 0;
    if (sample.value < before) throw new Error(`${key} has fallen from ${before} to ${sample.value}`);
    highest.set(key, sample.value);
  }
}

/** What was said last has to be there for three intervals, and not longer. */
function mustBeOfItsAge(
  target: string,
  { series, own }: Seen,
  { startedMs, intervalMs }: { startedMs: number; intervalMs: number },
): void {
  const lastMs = own("sora_last_poll_success_timestamp_seconds") * 1000;
  const shown = [...series.values()].some(({ from }) => from === STATISTICS);
  const bound = STALE_INTERVALS * intervalMs;
  if (shown && startedMs - lastMs > bound + SLACK_MS)
    throw new Error(`${target} shows statistics that are ${startedMs - lastMs} ms old`);
  const now = Date.now();
  // What came while the scrape was made need not be in it.
  if (!shown && lastMs > 0 && lastMs < startedMs - 100 && now - lastMs < bound - SLACK_MS)
    throw new Error(`${target} does not show statistics that are at most ${now - lastMs} ms old`);
}

function byTarget(families: ReadonlyMap<string, ParsedFamily>): Map<string, Seen> {
  const all = new Map<string, { series: Map<string, Told>; own: Own[] }>();
  for (const { samples } of families.values()) {
    for (const { name, labels, value } of samples) {
      const target = labels["target"];
      if (target === undefined) continue;
      let one = all.get(target);
      if (one === undefined) all.set(target, (one = { series: new Map(), own: [] }));
      const from = callsOf(name, labels);
      if (from === undefined) one.own.push({ name, labels, value });
      else one.series.set(keyOf(name, labels), { value, from });
    }
  }
  return new Map([...all].map(([target, { series, own }]) => [target, { series, own: sumOf(own) }]));
}

type Own = Readonly<{ name: string; labels: Record<string, string>; value: number }>;

function sumOf(all: readonly Own[]): Seen["own"] {
  return (name, labels = {}) =>
    all
      .filter((one) => one.name === name && Object.entries(labels).every(([l, v]) => one.labels[l] === v))
      .reduce((sum, { value }) => sum + value, 0);
}

function keyOf(name: string, labels: Record<string, string>): string {
  // The formats write it differently.
  const le = labels["le"] === undefined ? {} : { le: String(Number(labels["le"])) };
  return `${name}${JSON.stringify({ ...labels, ...le })}`;
}

const STATISTICS: readonly Operation[] = ["GetStatsAllConnections"];
const LISTS: readonly [pattern: RegExp, from: readonly Operation[]][] = [
  // Who is there, two calls tell.
  [
    /^sora_(connection_info|(channel|target)_connections|target_channels)$/,
    [...STATISTICS, "ListConnections"],
  ],
  [/^sora_connection_(created|video_bit_rate_limit)/, ["ListConnections"]],
  [/^sora_cluster_node/, ["ListClusterNodes"]],
  [/^sora_license_/, ["GetLicense"]],
  [/^sora_recording_/, ["ListStartedRecording"]],
  [/^sora_archiving_/, ["ListArchiving"]],
  [/^sora_target_/, STATISTICS],
];

/** The calls that a series is from; undefined for the exporter's own. */
function callsOf(name: string, labels: Readonly<Record<string, string>>): readonly Operation[] | undefined {
  if (/^sora_(exporter_|up$|cluster_up$|time_seconds$|last_poll_)/.test(name)) return undefined;
  const listed = LISTS.find(([pattern]) => pattern.test(name))?.[1];
  return listed ?? (labels["channel_id"] === undefined ? REPORT : STATISTICS);
}

const REPORT: readonly Operation[] = ["GetStatsReport"];
