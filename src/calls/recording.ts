/** ListStartedRecording and ListArchiving: what is recorded; Sora has neither any more since 2025.2. */

import { Draft, type Drafted } from "../snapshot/draft.ts";
import { toLabelValue } from "../snapshot/label-value.ts";
import type { Row } from "../snapshot/snapshot.ts";
import type { AnswerContext, CallMetric } from "./call-metric.ts";
import { forEachNamed } from "./elements.ts";

export const RECORDING_METRICS = {
  active: {
    name: "sora_recording_active",
    type: "gauge",
    help: "A recording of a channel that has been started, always 1; it is gone once the recording ended",
    labels: ["recording_id", "split_only"],
    sora: "`channel_id`, `recording_id`, `split_only`",
  },
  created: {
    name: "sora_recording_created_timestamp_seconds",
    type: "gauge",
    help: "When the recording of the channel was started",
    labels: [],
    sora: "`created_at`",
  },
  expires: {
    name: "sora_recording_expires_timestamp_seconds",
    type: "gauge",
    help: "When the recording of the channel ends by itself; absent where it has no limit",
    labels: [],
    sora: "`expired_at`, where `expire_time` is not 0",
  },
} as const satisfies Record<string, CallMetric>;

export const ARCHIVING_SECONDS: CallMetric = {
  name: "sora_archiving_seconds",
  type: "gauge",
  help: "For how long the connection has been recorded; only connections of the asked node",
  labels: [],
  sora: "`seconds`",
};

/** @param recordings answer of ListStartedRecording; what is malformed in it is left out and counted */
export function draftRecordings(recordings: readonly unknown[], { target, timeMs }: AnswerContext): Drafted {
  const rows: Row[] = [];
  const draft = new Draft(target, timeMs, rows);
  const { active, created, expires } = RECORDING_METRICS;
  forEachNamed(recordings, ["channel_id"], draft, (recording, channelId, where) => {
    const row = rows.push({ channelId }) - 1;
    const labels = active.labels.map((name) => [name, toLabelValue(recording[name])] as const);
    draft.add(active, 1, labels, row);
    draft.addNumber(created, recording["created_at"], `${where}: created_at`, { row });
    if (recording["expire_time"] !== 0)
      draft.addNumber(expires, recording["expired_at"], `${where}: expired_at`, { row });
  });
  return draft.finish();
}

/** @param archives answer of ListArchiving; what is malformed in it is left out and counted */
export function draftArchives(archives: readonly unknown[], { target, timeMs }: AnswerContext): Drafted {
  const rows: Row[] = [];
  const draft = new Draft(target, timeMs, rows);
  forEachNamed(archives, ["connection_id"], draft, (archive, connectionId, where) => {
    const channelId = toLabelValue(archive["channel_id"]);
    if (channelId === "") {
      draft.reject("no_name", `${where}: channel_id`);
      return;
    }
    const row = rows.push({ channelId, connectionId }) - 1;
    draft.addNumber(ARCHIVING_SECONDS, archive["seconds"], `${where}: seconds`, { row });
  });
  return draft.finish();
}
