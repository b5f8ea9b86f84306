/**
 * Recordings. All nodes know of all of them; which connections are being recorded, each node knows of its own. A channel
 * can be recorded before anybody is in it.
 *
 * Documented errors: `STARTED-RECORDING`, `NOT-STARTED-RECORDING`, and `NOT-CLUSTER-MAJORITY` for all but ListArchiving.
 */

import { createId } from "../names.ts";
import { createRandom, hash } from "../prng.ts";
import type { Recording } from "../recording.ts";
import { isRunning } from "../recording.ts";
import type { World } from "../world.ts";
import { hasMajority } from "./find.ts";
import type { Body, Context, Operations } from "./operation.ts";
import { invalid, readBoolean, readInteger, readOptionalObject, readString, Refusal } from "./operation.ts";
import { described } from "./signaling.ts";

/** Seconds. */
const DAY = 86_400;

export const RECORDING: Operations = {
  "Sora_20161101.StartRecording": (body, context) => {
    const { world } = context;
    const channelId = readString(body, "channel_id");
    const wish = readWish(body);
    requireMajority(context);
    if (running(world, channelId) !== undefined) throw new Refusal("STARTED-RECORDING");
    const recording = {
      channelId,
      recordingId: createRecordingId(world, channelId),
      startMs: world.nowMs,
      ...wish,
    };
    world.recordings.set(channelId, recording);
    return {
      channel_id: channelId,
      expire_time: wish.expireTime,
      recording_id: recording.recordingId,
      ...(wish.splitDuration === undefined ? {} : { split_duration: wish.splitDuration }),
      ...(wish.splitOnly === undefined ? {} : { split_only: wish.splitOnly }),
    };
  },

  "Sora_20161101.StopRecording": (body, context) => {
    const channelId = readString(body, "channel_id");
    requireRunning(context, channelId);
    context.world.recordings.delete(channelId);
    return { channel_id: channelId };
  },

  "Sora_20161101.GetStartedRecording": (body, context) => {
    const recording = requireRunning(context, readString(body, "channel_id"));
    return {
      channel_id: recording.channelId,
      expire_time: recording.expireTime,
      ...expiry(recording),
      start_time: seconds(recording.startMs),
    };
  },

  "Sora_20161101.ListStartedRecording": (_body, context) => {
    requireMajority(context);
    return allRunning(context.world).map((recording) => ({
      channel_id: recording.channelId,
      created_at: seconds(recording.startMs),
      expire_time: recording.expireTime,
      ...expiry(recording),
      recording_id: recording.recordingId,
      ...(recording.splitDuration === undefined ? {} : { split_duration: recording.splitDuration }),
      split_only: recording.splitOnly ?? false,
    }));
  },

  "Sora_20161101.ListArchiving": (_body, { world, node }) => {
    const { startMs } = world.options;
    return world.members().flatMap(({ plan }) => {
      const recording = running(world, plan.channelId);
      if (recording === undefined || !plan.sends || plan.slot.node !== node) return [];
      // Whoever joined later has been recorded for as long as it is there.
      const sinceMs = Math.max(recording.startMs, startMs + plan.life.joinTick * 1_000);
      return {
        ...described(plan),
        seconds: seconds(world.nowMs - sinceMs),
      };
    });
  },
};

type Wish = Pick<Recording, "expireTime" | "splitDuration" | "splitOnly">;

function readWish(body: Body): Wish {
  const expireTime = readInteger(body, "expire_time", 0, DAY);
  const splitDuration =
    body["split_duration"] === undefined ? undefined : readInteger(body, "split_duration", 1, DAY);
  const splitOnly = readBoolean(body, "split_only", undefined);
  readOptionalObject(body, "metadata");
  if (splitOnly === true && expireTime !== 0) throw invalid("expire_time");
  if (splitOnly === true && splitDuration === undefined) throw invalid("split_duration");
  return { expireTime, splitDuration, splitOnly };
}

function requireMajority(context: Context): void {
  if (!hasMajority(context)) throw new Refusal("NOT-CLUSTER-MAJORITY");
}

function requireRunning(context: Context, channelId: string): Recording {
  requireMajority(context);
  const recording = running(context.world, channelId);
  if (recording === undefined) throw new Refusal("NOT-STARTED-RECORDING");
  return recording;
}

function running({ recordings, nowMs }: World, channelId: string): Recording | undefined {
  const recording = recordings.get(channelId);
  return recording !== undefined && isRunning(recording, nowMs) ? recording : undefined;
}

/** Those that still run, after the others have been cleared away. */
function allRunning({ recordings, nowMs }: World): Recording[] {
  for (const [channelId, recording] of recordings) {
    if (!isRunning(recording, nowMs)) recordings.delete(channelId);
  }
  return [...recordings.values()];
}

/** A recording without end has no `expired_at`. */
function expiry({ startMs, expireTime }: Recording): { expired_at?: number } {
  return expireTime === 0 ? {} : { expired_at: seconds(startMs) + expireTime };
}

/** The same for the same channel and time, as everything here. */
function createRecordingId({ options, nowMs }: World, channelId: string): string {
  let key = 0;
  for (const character of channelId)
    key = hash(options.seed, key, character.codePointAt(0)!, 91) * 4_294_967_296;
  return createId(createRandom(key, nowMs % 4_294_967_296, Math.floor(nowMs / 4_294_967_296)));
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
