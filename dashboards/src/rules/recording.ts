/** Recording rules: what several alerts, or the same one at several moments, are made from. */

import type { Thresholds } from "../thresholds.ts";
import { recordingRule, type RecordingRule } from "./rule.ts";

/** Names of what is recorded, `level:metric:operations`. A `job_target` is one Sora, its exporters added up. */
export const RECORDED = {
  connections: "job_target:sora_target_connections:sum",
  withLevel: "job_target:sora_target_unstable_level_connections:sum",
  unstable: "job_target:sora_target_unstable_connections:sum",
  channelWithLevel: "job_target_channel_id:sora_channel_unstable_level_connections:sum",
  channelUnstable: "job_target_channel_id:sora_channel_unstable_connections:sum",
  channelUnstableShare: (window: string) =>
    `job_target_channel_id:sora_channel_unstable_connections:ratio_${window}`,
  unstableShare: (window: string) => `job_target:sora_target_unstable_connections:ratio_${window}`,
  leaves: (window: string) => `job_target:sora_target_leaves:increase${window}`,
  checksSent: (window: string) => `job_target:sora_target_ice_checks_sent:rate${window}`,
  checksLostShare: (window: string) => `job_target:sora_target_ice_checks_lost:ratio_rate${window}`,
  turnRefused: (window: string) => `job_target:sora_target_turn_refused_requests:rate${window}`,
  turnGranted: (window: string) => `job_target:sora_target_turn_granted_requests:rate${window}`,
} as const;

const R = RECORDED;

/** Makes the recording rules; each comes after those it reads. */
export function recordingRules(t: Thresholds): RecordingRule[] {
  const window = t.rateWindow;
  return [
    ...connectionRules(t),
    recordingRule(R.leaves(window), `sum by (job, target) (increase(sora_target_leaves_total[${window}]))`),
    ...iceRules(window),
    ...turnRules(window),
  ];
}

function connectionRules(t: Thresholds): RecordingRule[] {
  const windows = [
    ...new Set([
      t.rateWindow,
      t.burnFast.shortWindow,
      t.burnFast.longWindow,
      t.burnSlow.shortWindow,
      t.burnSlow.longWindow,
    ]),
  ];
  return [
    recordingRule(R.connections, "sum by (job, target) (sora_target_connections)"),
    recordingRule(R.withLevel, "sum by (job, target) (sora_target_unstable_level_connections)"),
    recordingRule(R.unstable, `sum by (job, target) (sora_target_unstable_level_connections{level!="0"})`),
    ...windows.map((window) =>
      recordingRule(R.unstableShare(window), shareOfTime(R.unstable, R.withLevel, window)),
    ),
    recordingRule(
      R.channelWithLevel,
      "sum by (job, target, channel_id) (sora_channel_unstable_level_connections)",
    ),
    recordingRule(
      R.channelUnstable,
      `sum by (job, target, channel_id) (sora_channel_unstable_level_connections{level!="0"})`,
    ),
    recordingRule(
      R.channelUnstableShare(t.rateWindow),
      shareOfTime(R.channelUnstable, R.channelWithLevel, t.rateWindow),
    ),
  ];
}

/** Connection-time in which a part of the connections was, by the whole. Only where the whole is there now: what is stale says nothing. */
function shareOfTime(part: string, whole: string, window: string): string {
  return `
    sum_over_time(${part}[${window}])
      / sum_over_time(${whole}[${window}])
      and ${whole} > 0`;
}

/**
 * Checks in the states connected and checking. In disconnected one is sent every 50 ms: a single connection would
 * outweigh fifty good ones.
 */
function iceRules(window: string): RecordingRule[] {
  const rate = (direction: string) =>
    `sum by (job, target) (rate(sora_target_ice_checks_${direction}_total{state=~"connected|checking"}[${window}]))`;
  return [
    recordingRule(R.checksSent(window), rate("sent")),
    recordingRule(
      R.checksLostShare(window),
      // Without a single answer the counter can be absent (metrics.zero: omit).
      `
        1 - (${rate("answered")} or 0 * ${R.checksSent(window)})
          / (${R.checksSent(window)} > 0)`,
    ),
  ];
}

/** The requests that need credentials; binding requests, which come all the time, would hide the others. */
function turnRules(window: string): RecordingRule[] {
  const requests = "allocate|refresh|create_permission|channel_bind";
  const rate = (types: string) =>
    `sum by (job, target) (rate(sora_target_turn_sent_messages_total{type=~"${types}"}[${window}]))`;
  return [
    recordingRule(R.turnGranted(window), rate(`(${requests})_success`)),
    recordingRule(
      R.turnRefused(window),
      // TURN refuses the first request for every allocation, as it brings no credentials yet.
      `
        ${rate(`(${requests})_error`)}
          - (${rate("allocate_success")} or 0 * ${rate(`(${requests})_error`)})`,
    ),
  ];
}
