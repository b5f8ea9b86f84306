/** How many connections came and went from poll to poll, in each channel and in all of them. */

import { Draft, type MetricHead } from "../snapshot/draft.ts";
import type { Snapshot, StatsSnapshot } from "../snapshot/snapshot.ts";

/** The metrics, by whom they are about. */
export const COMINGS_METRICS = {
  channel: {
    joins: {
      name: "sora_channel_joins_total",
      type: "counter",
      help: "Connections of the channel that are in an answer and were not in the one before",
    },
    leaves: {
      name: "sora_channel_leaves_total",
      type: "counter",
      help: "Connections of the channel that were in an answer and are not in the next one",
    },
  },
  target: {
    joins: {
      name: "sora_target_joins_total",
      type: "counter",
      help: "Connections that are in an answer and were not in the one before",
    },
    leaves: {
      name: "sora_target_leaves_total",
      type: "counter",
      help: "Connections that were in an answer and are not in the next one",
    },
  },
} as const satisfies Record<string, Record<string, MetricHead>>;

interface Count {
  joins: number;
  leaves: number;
}

/** The comings and goings of one target's connections. What the first poll finds has not joined. */
export class Comings {
  readonly #target: string;
  /** Of the last poll: the channel of each connection. */
  #last: ReadonlyMap<string, string> | undefined;
  readonly #channels = new Map<string, Count>();
  readonly #whole: Count = { joins: 0, leaves: 0 };

  /** @param target name of the target, which becomes the label `target` */
  constructor(target: string) {
    this.#target = target;
  }

  /** Forgets a channel; it begins anew with its next connection. */
  forget(channelId: string): void {
    this.#channels.delete(channelId);
  }

  /**
   * Takes the next poll. A connection that is in another channel than before has left the one and joined the other.
   *
   * @returns a snapshot of the channels and one of the target
   */
  add({ timeMs, rows }: StatsSnapshot): Snapshot[] {
    const now = new Map(rows.map(({ connectionId, channelId }) => [connectionId, channelId]));
    const last = this.#last ?? now;
    for (const [connectionId, channelId] of now) {
      const count = this.#of(channelId);
      if (last.get(connectionId) === channelId) continue;
      count.joins++;
      this.#whole.joins++;
    }
    for (const [connectionId, channelId] of last) {
      if (now.get(connectionId) === channelId) continue;
      this.#of(channelId).leaves++;
      this.#whole.leaves++;
    }
    this.#last = now;
    return this.#snapshots(timeMs);
  }

  #of(channelId: string): Count {
    let count = this.#channels.get(channelId);
    if (count === undefined) this.#channels.set(channelId, (count = { joins: 0, leaves: 0 }));
    return count;
  }

  #snapshots(timeMs: number): Snapshot[] {
    const rows = [...this.#channels.keys()].map((channelId) => ({ channelId }));
    const channels = new Draft(this.#target, timeMs, rows);
    for (const [row, { joins, leaves }] of [...this.#channels.values()].entries()) {
      channels.add(COMINGS_METRICS.channel.joins, joins, [], row);
      channels.add(COMINGS_METRICS.channel.leaves, leaves, [], row);
    }
    const whole = new Draft(this.#target, timeMs);
    whole.add(COMINGS_METRICS.target.joins, this.#whole.joins);
    whole.add(COMINGS_METRICS.target.leaves, this.#whole.leaves);
    return [channels, whole].map((draft) => draft.finish().snapshot);
  }
}
