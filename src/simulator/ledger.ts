/**
 * What a node of Sora counts over all of its connections, those that have left among them. Exact while the world runs
 * second by second; what nobody looked at while the world leapt is estimated from the connections that are there.
 */

import { hash } from "./prng.ts";
import type { Connection } from "./state.ts";

/** Packets and bytes of connections. */
export type Traffic = Record<
  `${"received" | "sent" | "decrypted"}Srtp${"" | "Bytes"}` | `${"received" | "sent"}Sctp${"" | "Bytes"}`,
  number
>;

/** What a node has counted since its start. */
export interface Ledger {
  /** Connections. */
  created: number;
  failed: number;
  /** Of those that failed: refused by the authentication webhook, or for an error in SDP or signaling. */
  denied: number;
  sdpErrors: number;
  signalingErrors: number;
  turnUdp: number;
  turnTcp: number;
  /** Sessions: a channel has one while anybody is in it. */
  sessionsCreated: number;
  sessionsDestroyed: number;
  /** Connections by the client's type. */
  successfulClients: Record<string, number>;
  failedClients: Record<string, number>;
  /** Of connections that have left. */
  seconds: number;
  traffic: Traffic;
  /** Seconds of connections that have left whose traffic has not been counted yet. */
  uncounted: number;
  /** What `erlang_vm` said at the last call, from which it tells the difference. */
  lastCall: { reductions: number; runtimeMs: number; wallClockMs: number };
}

/** What clients say they are, the first being the most common by far. */
const CLIENTS = [
  "sora_js_sdk",
  "sora_js_sdk",
  "sora_js_sdk",
  "sora_js_sdk",
  "sora_ios_sdk",
  "sora_android_sdk",
  "sora_unity_sdk",
  "webrtc_native_client_momo",
  "webrtc_load_testing_tool_zakuro",
  "obs_studio_whip",
  "unknown",
] as const;

const AUDIO_BYTES = 98;
/** Below the mean, as padding and the last packet of a frame are smaller. */
const VIDEO_BYTES = 900;
const FAILED_SHARE = 0.03;
/** So many seconds of connections are estimated together. */
const SETTLE_AT = 300;

/** The ledger of a node that has just started. */
export function createLedger(): Ledger {
  return {
    ...{ created: 0, failed: 0, denied: 0, sdpErrors: 0, signalingErrors: 0, turnUdp: 0, turnTcp: 0 },
    ...{ sessionsCreated: 0, sessionsDestroyed: 0, successfulClients: {}, failedClients: {} },
    ...{ seconds: 0, traffic: noTraffic(), uncounted: 0 },
    lastCall: { reductions: 0, runtimeMs: 0, wallClockMs: 0 },
  };
}

/** Notes a connection that joins, and now and then an attempt before it that failed. */
export function noteJoin(ledger: Ledger, { plan }: Connection): void {
  ledger.created += 1;
  const client = CLIENTS[plan.lifeKey % CLIENTS.length] ?? "unknown";
  increase(ledger.successfulClients, client, 1);
  if (plan.relays && plan.lifeKey % 8 === 0) ledger.turnTcp += 1;
  else if (plan.relays) ledger.turnUdp += 1;
  const draw = hash(plan.lifeKey, 0, 0, 81);
  if (draw >= FAILED_SHARE) return;
  ledger.failed += 1;
  increase(ledger.failedClients, client, 1);
  if (draw < FAILED_SHARE * 0.4) ledger.denied += 1;
  else if (draw < FAILED_SHARE * 0.7) ledger.sdpErrors += 1;
  else ledger.signalingErrors += 1;
}

/**
 * Notes a connection that has left.
 *
 * @param leaveTick when; its life may have been planned to be longer
 * @param uncounted the last so many seconds of it were not counted
 */
export function noteLeave(
  ledger: Ledger,
  connection: Connection,
  leaveTick: number,
  uncounted: number,
): void {
  ledger.seconds += leaveTick - connection.plan.life.joinTick;
  ledger.uncounted += uncounted;
  addTraffic(ledger.traffic, connection);
}

/** Notes lives that came and went while the world leapt over them. */
export function noteMissed(ledger: Ledger, lives: number, seconds: number): void {
  ledger.created += lives;
  ledger.seconds += seconds;
  ledger.uncounted += seconds;
  ledger.turnUdp += Math.floor(lives / 2);
  increase(ledger.successfulClients, CLIENTS[0], lives);
}

/**
 * Estimates the traffic of seconds that were not counted by that of the connections that are there.
 *
 * @param connections of all nodes, each counted from its first second
 */
export function settle(
  ledger: Ledger,
  node: number,
  connections: readonly (Connection | undefined)[],
  tick: number,
): void {
  if (ledger.uncounted < SETTLE_AT) return;
  const there = noTraffic();
  let seconds = 0;
  for (const connection of connections) {
    if (connection?.plan.slot.node !== node) continue;
    seconds += tick - connection.plan.life.joinTick;
    addTraffic(there, connection);
  }
  // With next to nobody there, somebody will be later.
  if (seconds < SETTLE_AT) return;
  for (const key of Object.keys(there) as (keyof Traffic)[]) {
    ledger.traffic[key] += Math.floor((there[key] / seconds) * ledger.uncounted);
  }
  ledger.uncounted = 0;
}

/** The traffic of all connections that a node has had, and of those that it has. */
export function totalTraffic(ledger: Ledger, connections: readonly Connection[]): Traffic {
  const total = { ...ledger.traffic };
  for (const connection of connections) addTraffic(total, connection);
  return total;
}

/** Adds what a connection has had so far. */
export function addTraffic(
  traffic: Traffic,
  { sections: { rtp, rtp_hdr_ext: extensions, sctp } }: Connection,
): void {
  // Every packet of audio says how loud it is, and no other does.
  const audio = extensions.total_received_rtp_hdr_ext_audio_level;
  const decryptedAudio = audio - rtp.total_decrypt_skipped_audio_srtp;
  const decryptedVideo = rtp.total_received_rtp - audio - rtp.total_decrypt_skipped_video_srtp;
  traffic.receivedSrtp += rtp.total_received_rtp;
  traffic.receivedSrtpBytes += rtp.total_received_rtp_byte_size;
  traffic.sentSrtp += rtp.total_sent_rtp;
  traffic.sentSrtpBytes += rtp.total_sent_rtp_byte_size;
  traffic.decryptedSrtp += decryptedAudio + decryptedVideo;
  traffic.decryptedSrtpBytes += Math.min(
    decryptedAudio * AUDIO_BYTES + decryptedVideo * VIDEO_BYTES,
    rtp.total_received_rtp_byte_size,
  );
  traffic.receivedSctp += sctp.total_received_sctp;
  traffic.receivedSctpBytes += sctp.total_received_sctp_byte_size;
  traffic.sentSctp += sctp.total_sent_sctp;
  traffic.sentSctpBytes += sctp.total_sent_sctp_byte_size;
}

/** Traffic of nobody. */
export function noTraffic(): Traffic {
  return {
    ...{ receivedSrtp: 0, receivedSrtpBytes: 0, sentSrtp: 0, sentSrtpBytes: 0 },
    ...{ decryptedSrtp: 0, decryptedSrtpBytes: 0 },
    ...{ receivedSctp: 0, receivedSctpBytes: 0, sentSctp: 0, sentSctpBytes: 0 },
  };
}

function increase(counts: Record<string, number>, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}
