/** How many connections are at each unstable level, in each channel and in all of them. */

import type { Label } from "../catalog/resolve.ts";
import { Draft, type MetricHead } from "../snapshot/draft.ts";
import type { Snapshot, StatsSnapshot } from "../snapshot/snapshot.ts";

/** The levels that Sora documents, from stable to worst; each has a series, be it 0. */
export const LEVELS: readonly number[] = [0, 1, 2, 3];

/** Where a connection's level stands. */
export const LEVEL_METRIC = "sora_connection_unstable_level";

/** The metrics, by whom they are about. */
export const UNSTABLE_LEVEL_METRICS = {
  channel: {
    name: "sora_channel_unstable_level_connections",
    type: "gauge",
    section: "network_status",
    help: "Number of connections of the channel that are at an unstable level now",
  },
  target: {
    name: "sora_target_unstable_level_connections",
    type: "gauge",
    section: "network_status",
    help: "Number of connections that are at an unstable level now",
  },
} as const satisfies Record<string, MetricHead>;

/**
 * Counts the connections of a poll. Where Sora does not send `unstable_level` there are no series.
 *
 * @returns a snapshot of the channels and one of the target
 */
export function countUnstableLevels({ target, timeMs, rows, families }: StatsSnapshot): Snapshot[] {
  const byChannel = new Map<string, Map<number, number>>();
  const all = new Map<number, number>();
  for (const column of families.find(({ name }) => name === LEVEL_METRIC)?.columns ?? []) {
    for (const [i, level] of column.values.entries()) {
      const { channelId } = rows[column.rows === undefined ? i : column.rows[i]!]!;
      let counts = byChannel.get(channelId);
      if (counts === undefined) byChannel.set(channelId, (counts = new Map<number, number>()));
      counts.set(level, (counts.get(level) ?? 0) + 1);
      all.set(level, (all.get(level) ?? 0) + 1);
    }
  }
  const channels = new Draft(
    target,
    timeMs,
    [...byChannel.keys()].map((channelId) => ({ channelId })),
  );
  for (const [row, counts] of [...byChannel.values()].entries())
    addCounts(channels, UNSTABLE_LEVEL_METRICS.channel, counts, row);
  const whole = new Draft(target, timeMs);
  if (all.size > 0) addCounts(whole, UNSTABLE_LEVEL_METRICS.target, all, 0);
  return [channels, whole].map((draft) => draft.finish().snapshot);
}

function addCounts(draft: Draft, head: MetricHead, counts: ReadonlyMap<number, number>, row: number): void {
  const others = [...counts.keys()].filter((level) => !LEVELS.includes(level)).sort((a, b) => a - b);
  for (const level of [...LEVELS, ...others]) {
    const label: Label = ["level", String(level)];
    draft.add(head, counts.get(level) ?? 0, [label], row);
  }
}
