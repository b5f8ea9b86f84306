/**
 * Data channels: those that Sora opens and those of the users, and the sections `data_channel`, `sctp` and `dtls`
 * that count what they carry.
 */

import type { Random } from "./prng.ts";
import { amount, below, chance } from "./prng.ts";
import type { DataChannel } from "./sections.ts";
import { createDataChannel } from "./sections.ts";
import type { Channel, Connection, SoraLabel, Tick } from "./state.ts";
import { LOSS } from "./state.ts";

/** A user's data channel while it is open. */
export interface UserLabel {
  label: string;
  kind: UserChannelKind;
  counters: DataChannel;
}

/** A data channel that a user opens for some part of a connection's life. */
export interface UserChannel {
  kind: UserChannelKind;
  /** Seconds after the connection joined. */
  openAge: number;
  closeAge: number;
}

/** What there is to know about a user's data channel but when it is open. */
export interface UserChannelKind {
  label: string;
  settings: Parameters<typeof createDataChannel>[0];
  /** Messages a second in each direction, and bytes of each. */
  received: number;
  sent: number;
  bytes: number;
}

/** What the data channels of a connection carry in one tick. */
interface Load {
  receivedChunks: number;
  receivedBytes: number;
  sentChunks: number;
  sentBytes: number;
}

const CHUNK_BYTES = 1_150;
const STATS_TICKS = 15;
const PING_TICKS = 5;
const HEARTBEAT_TICKS = 30;
/** Of the messages to receivers that do not keep up, those that are given up. */
const LATE_SHARE = 0.4;

const ordered = { ordered: true, protocol: "" } as const;

const USER_CHANNELS: readonly UserChannelKind[] = [
  {
    label: "#chat",
    settings: { compress: true, direction: "sendrecv", ...ordered },
    ...{ received: 0.1, sent: 0.4, bytes: 60 },
  },
  {
    label: "#cursor",
    settings: { compress: false, direction: "sendrecv", ordered: false, protocol: "", max_retransmits: 0 },
    ...{ received: 10, sent: 20, bytes: 24 },
  },
  {
    label: "#telemetry",
    settings: {
      ...{ compress: false, direction: "sendonly", ordered: false, protocol: "json" },
      max_packet_life_time: 500,
    },
    ...{ received: 2, sent: 0, bytes: 140 },
  },
  {
    label: "#whiteboard",
    settings: { compress: true, direction: "sendrecv", ...ordered, protocol: "json" },
    ...{ received: 1, sent: 3, bytes: 2_400 },
  },
  {
    label: '#メモ "\\n" <b>',
    settings: { compress: false, direction: "recvonly", ordered: true, protocol: "", max_retransmits: 3 },
    ...{ received: 0, sent: 0.5, bytes: 300 },
  },
];

/**
 * The user channels of a connection: none to three, each open once.
 *
 * @param seconds how long the connection will live
 */
export function planUserChannels(random: Random, seconds: number): UserChannel[] {
  const planned: UserChannel[] = [];
  for (const kind of USER_CHANNELS) {
    if (planned.length === 3 || !chance(random, 0.3)) continue;
    const openAge = 1 + below(random, Math.max(1, Math.floor(seconds / 2)));
    planned.push({ kind, openAge, closeAge: openAge + 10 + below(random, seconds) });
  }
  return planned;
}

/** The channels that Sora opens with every connection, as they are once open. */
export function createSoraLabels(): Record<SoraLabel, DataChannel> {
  const labels = {
    signaling: createDataChannel({ compress: true, direction: "sendrecv", ...ordered }),
    notify: createDataChannel({ compress: true, direction: "recvonly", ...ordered }),
    push: createDataChannel({ compress: true, direction: "recvonly", ...ordered }),
    stats: createDataChannel({ compress: true, direction: "sendrecv", ...ordered }),
    e2ee: createDataChannel({ compress: false, direction: "sendrecv", ...ordered }),
  };
  Object.values(labels).forEach(open);
  return labels;
}

/** Counts the handshakes of DTLS and SCTP that a connection begins with. */
export function shakeHands({ sections: { sctp, dtls } }: Connection): void {
  sctp.total_received_sctp_chunk_init = 1;
  sctp.total_sent_sctp_chunk_init_ack = 1;
  sctp.total_received_sctp_chunk_cookie_echo = 1;
  sctp.total_sent_sctp_chunk_cookie_ack = 1;
  sctp.total_received_sctp = 2;
  sctp.total_received_sctp_byte_size = 420;
  sctp.total_sent_sctp = 2;
  sctp.total_sent_sctp_byte_size = 376;
  dtls.total_received_dtls = 6;
  dtls.total_sent_dtls = 7;
}

/** Counts the messages of one tick on all channels; users' channels open and close. */
export function advanceMessages(connection: Connection, channel: Channel, tick: Tick): void {
  if (connection.network.up < 0.5) return;
  const { plan, random, soraLabels, userLabels } = connection;
  const load: Load = { receivedChunks: 0, receivedBytes: 0, sentChunks: 0, sentBytes: 0 };
  const beat = tick.index + plan.slot.index;
  if (beat % STATS_TICKS === 0) {
    send(soraLabels.stats, load, 1, 24);
    receive(soraLabels.stats, load, 1, 9_600 + below(random, 900));
  }
  if (plan.signalsOverDataChannel && beat % PING_TICKS === 0) {
    send(soraLabels.signaling, load, 1, 21);
    receive(soraLabels.signaling, load, 1, 19);
  }
  if (channel.notices > 0) send(soraLabels.notify, load, channel.notices, channel.notices * 162);
  if (chance(random, 0.01)) send(soraLabels.push, load, 1, 40 + below(random, 200));
  if (channel.notices > 0 && plan.slot.channel % 4 === 0) {
    send(soraLabels.e2ee, load, channel.notices, channel.notices * 96);
    receive(soraLabels.e2ee, load, 1, 96);
  }
  if (plan.userChannels.length > 0) openAndClose(connection, tick.index - plan.life.joinTick);
  for (let at = 0; at < userLabels.length; at++) carryUserChannel(connection, userLabels[at]!, load, tick);
  countSctp(connection, load, beat % HEARTBEAT_TICKS === 0);
}

/** Counts a push that somebody asked for by the API, with the packets that carry it. */
export function pushMessage(connection: Connection, bytes: number): void {
  const { plan, soraLabels, sections } = connection;
  const { dtls, turn } = sections;
  const before = { received: dtls.total_received_dtls, sent: dtls.total_sent_dtls };
  const load: Load = { receivedChunks: 0, receivedBytes: 0, sentChunks: 0, sentBytes: 0 };
  send(soraLabels.push, load, 1, bytes);
  countSctp(connection, load, false);
  if (!plan.relays) return;
  turn.total_received_channel_data += dtls.total_received_dtls - before.received;
  turn.total_sent_channel_data += dtls.total_sent_dtls - before.sent;
}

function openAndClose({ plan, sections: { sctp }, userLabels }: Connection, age: number): void {
  for (const { kind, openAge, closeAge } of plan.userChannels) {
    const at = userLabels.findIndex(({ label }) => label === kind.label);
    if (at < 0 && age >= openAge && age < closeAge) {
      const counters = createDataChannel(kind.settings);
      open(counters);
      userLabels.push({ label: kind.label, kind, counters });
    } else if (at >= 0 && age >= closeAge) {
      userLabels.splice(at, 1);
      sctp.total_received_sctp_chunk_reconfig += 1;
      sctp.total_sent_sctp_chunk_reconfig += 1;
    }
  }
}

function carryUserChannel(
  { random, network, sections: { sctp } }: Connection,
  { kind, counters }: UserLabel,
  load: Load,
  { abandons }: Tick,
): void {
  const received = amount(random, kind.received);
  const sent = amount(random, kind.sent);
  if (received > 0) receive(counters, load, received, received * kind.bytes);
  if (sent > 0) send(counters, load, sent, sent * kind.bytes);
  const { max_retransmits: retransmits, max_packet_life_time: lifeTime } = kind.settings;
  if (abandons && (retransmits !== undefined || lifeTime !== undefined)) {
    const late = amount(random, sent * LATE_SHARE);
    counters.total_data_channel_abandon_message += late;
    sctp.total_sent_sctp_chunk_forward_tsn += Math.min(late, 1);
  }
  if (network.level === 0) return;
  const lost = amount(random, sent * LOSS[network.level]);
  if (retransmits === 0 || lifeTime !== undefined) {
    counters.total_data_channel_abandon_message += lost;
    sctp.total_sent_sctp_chunk_forward_tsn += Math.min(lost, 1);
  } else {
    counters.total_data_channel_retransmit_message += lost;
  }
}

/** Both sides open and acknowledge a channel with one short message, as Sora's own sample shows it. */
function open(counters: DataChannel): void {
  counters.total_data_channel_open_message = 1;
  counters.total_data_channel_ack_message = 1;
  counters.total_received_data_channel_message = 1;
  counters.total_received_data_channel_message_byte_size = 1;
  counters.total_sent_data_channel_message = 1;
  counters.total_sent_data_channel_message_byte_size = 16;
}

function receive(counters: DataChannel, load: Load, messages: number, bytes: number): void {
  counters.total_received_data_channel_message += messages;
  counters.total_received_data_channel_message_byte_size += bytes;
  load.receivedChunks += Math.max(messages, Math.ceil(bytes / CHUNK_BYTES));
  load.receivedBytes += bytes;
}

function send(counters: DataChannel, load: Load, messages: number, bytes: number): void {
  counters.total_sent_data_channel_message += messages;
  counters.total_sent_data_channel_message_byte_size += bytes;
  load.sentChunks += Math.max(messages, Math.ceil(bytes / CHUNK_BYTES));
  load.sentBytes += bytes;
}

/** One packet for each chunk: data one way brings a SACK for every second of them the other way. */
function countSctp({ plan, sections: { sctp, dtls } }: Connection, load: Load, beats: boolean): void {
  const heartbeat = beats ? 1 : 0;
  const sacksReceived = Math.ceil(load.sentChunks / 2);
  const sacksSent = Math.ceil(load.receivedChunks / 2);
  const received = load.receivedChunks + sacksReceived + heartbeat;
  const sent = load.sentChunks + sacksSent + heartbeat;
  if (received + sent === 0) return;
  sctp.total_received_sctp_chunk_data += load.receivedChunks;
  sctp.total_received_sctp_chunk_sack += sacksReceived;
  sctp.total_received_sctp_chunk_heartbeat_ack += heartbeat;
  sctp.total_received_sctp += received;
  sctp.total_received_sctp_byte_size += load.receivedBytes + received * 28;
  sctp.total_sent_sctp_chunk_data += load.sentChunks;
  sctp.total_sent_sctp_chunk_sack += sacksSent;
  sctp.total_sent_sctp_chunk_heartbeat += heartbeat;
  sctp.total_sent_sctp += sent;
  sctp.total_sent_sctp_byte_size += load.sentBytes + sent * 28;
  if (plan.zeroChecksum) {
    sctp.total_received_sctp_zero_checksum += received;
    sctp.total_sent_sctp_zero_checksum += sent;
  }
  dtls.total_received_dtls += received;
  dtls.total_sent_dtls += sent;
}
