/** The status as JSON, whose names are an API: those of the labels, and base units. */

import type { Listed, Status } from "../engine/status.ts";
import type { LevelCounts, RatesOfOne } from "./survey.ts";

/**
 * The body of `/api/status`. Each key is always there; what is not known is null, and never 0. Times are RFC 3339, in UTC.
 *
 * - `time`
 * - `targets`, in the order of the configuration: `target`, `state` (`waiting`, `up`, `failing`, `stale`), `url`,
 *   `interval_seconds`; `last_success` (`time`, `duration_seconds`, `response_bytes`), however long ago; `failing`
 *   (`since`, `polls`), null where the last poll was good; `last_error` (`time`, `duration_seconds`, `reason`, `message`),
 *   however long ago; `cluster_nodes` (`node_name`, `connected`), null where `ListClusterNodes` is not called, or has not
 *   answered; `failing_calls` (`operation`, `reason`, `message`), of the calls besides the polls; `data`, null where none is shown: `time`, `age_seconds`, `channels`, `connections`, `series`,
 *   `dropped_series`, `connections_by_unstable_level`, `rate_seconds`
 * - `channels` and `connections`, worst first: `total` (how many there are, of the targets that have `data`; null where none
 *   has), `matching` (how many fit the filter) and `items`
 * - of a channel: `target`, `channel_id`, `connections`, `connections_by_unstable_level`, `rates`
 * - of a connection: `target`, `channel_id`, `connection_id`, `unstable_level`, `info` (the labels of `sora_connection_info`
 *   that are not empty), `created`, `rates`
 * - `connections_by_unstable_level`: connections by level, such as `{"0": 12, "1": 0, "2": 1, "3": 0}`
 * - `rates`, per second since the previous poll: `received_bits`, `sent_bits`, `received_packets`, `sent_packets`,
 *   `nack_misses`, `nack_hits`, `received_pli`, `lost_ice_checks`
 */
export function statusJson({ timeMs, targets, channels, connections }: Status): object {
  return {
    time: time(timeMs),
    targets: targets.map(
      ({ target, state, url, intervalMs, good, failing, error, clusterNodes, failingCalls, last }) => ({
        target,
        state,
        url,
        interval_seconds: intervalMs / 1000,
        last_success: good
          ? { time: time(good.timeMs), duration_seconds: good.seconds, response_bytes: good.bytes }
          : null,
        failing: failing ? { since: time(failing.sinceMs), polls: failing.polls } : null,
        last_error: error
          ? {
              time: time(error.timeMs),
              duration_seconds: error.seconds,
              reason: error.reason,
              message: error.message,
            }
          : null,
        cluster_nodes: clusterNodes?.map(({ name, connected }) => ({ node_name: name, connected })) ?? null,
        failing_calls: failingCalls.map(({ operation, reason, message }) => ({ operation, reason, message })),
        data: last
          ? {
              time: time(last.timeMs),
              age_seconds: Math.max(0, timeMs - last.timeMs) / 1000,
              channels: last.channels,
              connections: last.connections,
              series: last.series,
              dropped_series: last.droppedSeries,
              connections_by_unstable_level: levels(last.levels),
              rate_seconds: last.rateSeconds ?? null,
            }
          : null,
      }),
    ),
    channels: list(channels, (one) => ({
      target: one.target,
      channel_id: one.channelId,
      connections: one.connections,
      connections_by_unstable_level: levels(one.levels),
      rates: rates(one.rates),
    })),
    connections: list(connections, (one) => ({
      target: one.target,
      channel_id: one.channelId,
      connection_id: one.connectionId,
      unstable_level: one.level ?? null,
      info: one.info,
      created: one.createdMs === undefined ? null : time(one.createdMs),
      rates: rates(one.rates),
    })),
  };
}

function list<T>({ all, matching, shown }: Listed<T>, item: (one: T) => object): object {
  return { total: all ?? null, matching: matching ?? null, items: shown.map(item) };
}

function levels(counts: LevelCounts | undefined): object | null {
  return counts === undefined
    ? null
    : Object.fromEntries(counts.map(({ level, connections }) => [level, connections]));
}

function rates(of: RatesOfOne): object {
  return {
    received_bits: of.receivedBits ?? null,
    sent_bits: of.sentBits ?? null,
    received_packets: of.receivedPackets ?? null,
    sent_packets: of.sentPackets ?? null,
    nack_misses: of.nackMisses ?? null,
    nack_hits: of.nackHits ?? null,
    received_pli: of.pliReceived ?? null,
    lost_ice_checks: of.lostChecks ?? null,
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
