/** A target in a few words, for people. */

import type { StatsSnapshot } from "../snapshot/snapshot.ts";

export interface TargetStatus {
  readonly target: string;
  /** What the last good poll said, as long as it is not stale. */
  readonly last:
    | {
        /** When, in milliseconds since the epoch. */
        readonly timeMs: number;
        readonly channels: number;
        readonly connections: number;
        readonly series: number;
        /** Connections whose unstable level is not 0. */
        readonly unstable: number;
        /** The worst of them. */
        readonly worst: { readonly level: number; readonly channelId: string } | undefined;
      }
    | undefined;
}

/** Sums a snapshot up. */
export function statusOf(target: string, snapshot: StatsSnapshot | undefined): TargetStatus {
  if (snapshot === undefined) return { target, last: undefined };
  const { timeMs, rows, families, series } = snapshot;
  const levels = families.find(({ name }) => name === "sora_connection_unstable_level")?.columns[0];
  let unstable = 0;
  let worst: { level: number; channelId: string } | undefined;
  for (const [i, level] of levels?.values.entries() ?? []) {
    if (level <= 0) continue;
    unstable++;
    if (worst === undefined || level > worst.level)
      worst = { level, channelId: rows[levels?.rows?.[i] ?? i]!.channelId };
  }
  const channels = new Set(rows.map(({ channelId }) => channelId)).size;
  return { target, last: { timeMs, channels, connections: rows.length, series, unstable, worst } };
}
