/** Recordings of channels, which all nodes of a cluster know of. */

/** A recording that was started; it is over when its time has come, whether anybody looks or not. */
export interface Recording {
  channelId: string;
  recordingId: string;
  /** Milliseconds since the epoch. */
  startMs: number;
  /** Seconds; 0 for a recording without end. */
  expireTime: number;
  /** Seconds. */
  splitDuration: number | undefined;
  /** `undefined` where the request did not say. */
  splitOnly: boolean | undefined;
}

/** Whether it still runs. */
export function isRunning({ startMs, expireTime }: Recording, nowMs: number): boolean {
  return expireTime === 0 || nowMs < startMs + expireTime * 1_000;
}
