/** A status in which everything occurs, to be changed by tests. */

import type { ConnectionStatus, Status, TargetStatus } from "../../src/engine/status.ts";
import type { RatesOfOne } from "../../src/status/survey.ts";

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export const NO_RATES: RatesOfOne = {
  receivedBits: undefined,
  sentBits: undefined,
  receivedPackets: undefined,
  sentPackets: undefined,
  nackMisses: undefined,
  nackHits: undefined,
  pliReceived: undefined,
  lostChecks: undefined,
};

export const RATES_OF_ONE: RatesOfOne = {
  receivedBits: 1_234_567,
  sentBits: 400,
  receivedPackets: 1024.4,
  sentPackets: 0,
  nackMisses: 2.25,
  nackHits: 0,
  pliReceived: 0.01,
  lostChecks: 0.5,
};

export function targetStatus(changes: Partial<TargetStatus> = {}): TargetStatus {
  return {
    target: "tokyo",
    state: "up",
    url: "http://127.0.0.1:3000/",
    intervalMs: 10_000,
    good: { timeMs: NOW - 3000, seconds: 0.042, bytes: 13_100_000 },
    failing: undefined,
    error: undefined,
    clusterNodes: undefined,
    failingCalls: [],
    last: {
      timeMs: NOW - 3000,
      channels: 1,
      connections: 1,
      series: 374_000,
      droppedSeries: 0,
      levels: [
        { level: 0, connections: 0 },
        { level: 1, connections: 0 },
        { level: 2, connections: 1 },
        { level: 3, connections: 0 },
      ],
      unstable: 1,
      worst: { level: 2, channelId: "sora" },
      rateSeconds: 10,
    },
    ...changes,
  };
}

export function connectionStatus(changes: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    target: "tokyo",
    channelId: "sora",
    connectionId: "ABC",
    level: 2,
    info: { client_id: "alice", role: "sendrecv", video_codec: "VP9", audio_codec: "OPUS", node_name: "n1" },
    createdMs: NOW - 125_000,
    rates: RATES_OF_ONE,
    ...changes,
  };
}

export function sampleStatus(
  changes: { target?: Partial<TargetStatus>; connection?: Partial<ConnectionStatus> } & Partial<Status> = {},
): Status {
  const { target, connection, ...rest } = changes;
  const shown = [connectionStatus(connection)];
  const { channelId } = shown[0]!;
  return {
    timeMs: NOW,
    targets: [targetStatus(target)],
    channels: {
      all: 1,
      matching: 1,
      shown: [
        {
          target: "tokyo",
          channelId,
          connections: 1,
          levels: [
            { level: 0, connections: 0 },
            { level: 1, connections: 0 },
            { level: 2, connections: 1 },
            { level: 3, connections: 0 },
          ],
          rates: RATES_OF_ONE,
        },
      ],
    },
    connections: { all: 1, matching: 1, shown },
    ...rest,
  };
}
