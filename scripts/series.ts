/** What metrics cost in series, counted by running connections through the exporter's own code. */

import { Chooser } from "../src/choice/chooser.ts";
import type { ChoiceConfig, Limits } from "../src/config/config.ts";
import { createWorld } from "../src/simulator/world.ts";
import { SnapshotBuilder } from "../src/snapshot/build.ts";
import { type Level, LEVELS, levelOf, type Snapshot } from "../src/snapshot/snapshot.ts";
import { documentedFields } from "../src/sora/documented.ts";
import { Sums } from "../src/sums/sums.ts";

/** Numbers of series by what they are about. */
export type Cost = Readonly<Record<Level, number>>;

const ALL: ChoiceConfig = {
  include: [],
  exclude: [],
  includeSections: [],
  excludeSections: [],
  includeChannels: [],
  excludeChannels: [],
  zero: "keep",
};
const NO_LIMITS: Limits = {
  seriesPerTarget: Infinity,
  seriesPerMetric: Infinity,
  dataChannelLabels: Infinity,
  labelValueLength: Infinity,
  answerSizeBytes: Infinity,
};

/**
 * Everything that one connection has which sends every documented field, of three simulcast layers and one data channel, that of its
 * channel, and that of the target.
 */
export function oneConnection(): Snapshot[] {
  const connection: Record<string, unknown> = { channel_id: "channel", connection_id: "connection" };
  for (const field of documentedFields("2024")) {
    for (const path of [...new Set(["r0", "r1", "r2"].map((rid) => field.replace("{rid}", rid)))]) {
      const keys = path.replace("{label}", "#label").split(".");
      let node = connection;
      for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
      node[keys.at(-1)!] = 0;
    }
  }
  return poll(new SnapshotBuilder("target"), new Sums("target"), [connection], 0);
}

/** By name, how many series a metric has. */
export function seriesByName(snapshots: readonly Snapshot[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { families } of snapshots) {
    for (const { name, columns } of families)
      counts.set(name, (counts.get(name) ?? 0) + columns.reduce((sum, { values }) => sum + values.length, 0));
  }
  return counts;
}

/** By section of Sora's, how many series there are. */
export function costBySection(snapshots: readonly Snapshot[]): ReadonlyMap<string, Cost> {
  const costs = new Map<string, Record<Level, number>>();
  for (const { rows, families } of snapshots) {
    for (const { section = "", columns } of families) {
      const cost = costs.get(section) ?? { connection: 0, channel: 0, target: 0 };
      costs.set(section, cost);
      cost[levelOf(rows[0]!)] += columns.reduce((sum, { values }) => sum + values.length, 0);
    }
  }
  return costs;
}

/** How many series there are in all. */
export function costOf(snapshots: readonly Snapshot[]): Cost {
  const costs = [...costBySection(snapshots).values()];
  const [target, channel, connection] = LEVELS.map((level) =>
    costs.reduce((sum, cost) => sum + cost[level], 0),
  );
  return { connection: connection!, channel: channel!, target: target! };
}

/** What a simulated target costs. */
export interface Simulated {
  /** Series of all connections and channels that there are. */
  readonly all: Cost;
  /** With `zero: omit`. */
  readonly withoutZeros: Cost;
  /** How many of the connections' counters are zero, from 0 to 1. */
  readonly zeroShare: number;
  readonly connections: number;
  readonly channels: number;
}

/** Ten connections a channel for ten minutes, of which what is never above zero is told by the last poll of many. */
export function simulate(): Simulated {
  const world = createWorld({ seed: 1, channels: 20, connections: 200, nodes: 1, form: "2024", startMs: 0 });
  const builder = new SnapshotBuilder("target");
  const sums = new Sums("target");
  const chooser = new Chooser({ ...ALL, zero: "omit" }, NO_LIMITS);
  let snapshots: Snapshot[] = [];
  let without: readonly Snapshot[] = [];
  for (let nowMs = 0; nowMs <= 600_000; nowMs += 30_000) {
    world.advanceTo(nowMs);
    snapshots = poll(builder, sums, world.connections({ local: false }), nowMs);
    without = chooser.choose(snapshots, nowMs).snapshots;
  }
  const counters = snapshots[0]!.families
    .filter(({ type }) => type === "counter")
    .flatMap(({ columns }) => columns.flatMap(({ values }) => [...values]));
  return {
    all: costOf(snapshots),
    withoutZeros: costOf(without),
    zeroShare: counters.filter((value) => value === 0).length / counters.length,
    connections: snapshots[0]!.rows.length,
    channels: snapshots[1]!.rows.length,
  };
}

function poll(builder: SnapshotBuilder, sums: Sums, answer: readonly unknown[], nowMs: number): Snapshot[] {
  const { snapshot } = builder.build(answer, nowMs);
  return [snapshot, ...sums.add(snapshot, nowMs)];
}
