/** How the targets are, for people: their polls, and the worst of their channels and connections. All of it is plain data. */

import type { InfoLabel } from "../config/config.ts";
import type { FailureReason } from "../sora/failure.ts";
import type { Operation } from "../sora/operations.ts";
import type { LevelCounts, RatesOfOne } from "../status/survey.ts";

/** What is asked for. */
export interface StatusQuery {
  /**
   * Of which connections: those in which each of its words occurs, in the names of target, channel and connection or in what is
   * told of who they are; and of the channels that have one. Empty for all.
   */
  readonly text: string;
  /** Of the channel, and of the target, with exactly this name; undefined for all. Both are made by `exactName`. */
  readonly channel?: string | undefined;
  readonly target?: string | undefined;
  /** How many channels and connections to show at most. */
  readonly channels: number;
  readonly connections: number;
}

/** Times are milliseconds since the epoch. */
export interface Status {
  /** When this was so. */
  readonly timeMs: number;
  readonly targets: readonly TargetStatus[];
  /** Of all targets, worst first. */
  readonly channels: Listed<ChannelStatus>;
  readonly connections: Listed<ConnectionStatus>;
}

/** The first of many. */
export interface Listed<T> {
  /** How many there are, of the targets that have data; undefined where none has. */
  readonly all: number | undefined;
  /** How many of them the query fits. */
  readonly matching: number | undefined;
  readonly shown: readonly T[];
}

/**
 * `waiting`: no poll has ended yet. `up`: the last one was good. `failing`: it failed; data of an earlier one may still be
 * shown. `stale`: the last good poll is so long ago that its data are not shown any more.
 */
export type TargetState = "waiting" | "up" | "failing" | "stale";

export interface TargetStatus {
  readonly target: string;
  readonly state: TargetState;
  /** The URL that is asked now. */
  readonly url: string;
  readonly intervalMs: number;
  /** The last good poll, however long ago; undefined where there was none. */
  readonly good: { readonly timeMs: number; readonly seconds: number; readonly bytes: number } | undefined;
  /** Since when polls fail, and how many have; undefined where the last one was good. */
  readonly failing: { readonly sinceMs: number; readonly polls: number } | undefined;
  /** The last poll that failed, however long ago. */
  readonly error:
    | {
        readonly timeMs: number;
        readonly seconds: number;
        readonly reason: FailureReason;
        readonly message: string;
      }
    | undefined;
  /** The nodes of its cluster, as ListClusterNodes said last; undefined where it is not called, or not known now. */
  readonly clusterNodes: readonly ClusterNodeStatus[] | undefined;
  /** The other calls whose last answer was none, or none to be used; those that Sora does not offer are not among them. */
  readonly failingCalls: readonly FailingCall[];
  /** What the last good poll said, as long as it is shown. */
  readonly last:
    | {
        readonly timeMs: number;
        readonly channels: number;
        readonly connections: number;
        /** That a scrape shows of the target, and that there was no room for. */
        readonly series: number;
        readonly droppedSeries: number;
        /** Connections by unstable level; undefined where Sora does not send it. */
        readonly levels: LevelCounts | undefined;
        /** Connections whose unstable level is not 0. */
        readonly unstable: number;
        /** The worst of them. */
        readonly worst: { readonly level: number; readonly channelId: string } | undefined;
        /** The time that rates are over; undefined where there was no poll before. */
        readonly rateSeconds: number | undefined;
      }
    | undefined;
}

export interface ClusterNodeStatus {
  readonly name: string;
  readonly connected: boolean;
}

export interface FailingCall {
  readonly operation: Operation;
  readonly reason: FailureReason;
  /** One line that holds nothing secret. */
  readonly message: string;
}

export interface ChannelStatus {
  readonly target: string;
  readonly channelId: string;
  readonly connections: number;
  /** Undefined where Sora does not send them. */
  readonly levels: LevelCounts | undefined;
  /** Per second, added up over the connections that have one. */
  readonly rates: RatesOfOne;
}

export interface ConnectionStatus {
  readonly target: string;
  readonly channelId: string;
  readonly connectionId: string;
  /** Undefined where Sora does not send it. */
  readonly level: number | undefined;
  /** What `sora_connection_info` tells of it; what is empty is not there. */
  readonly info: Readonly<Partial<Record<InfoLabel, string>>>;
  /** When it was made; undefined where Sora does not say. */
  readonly createdMs: number | undefined;
  /** Per second. */
  readonly rates: RatesOfOne;
}
