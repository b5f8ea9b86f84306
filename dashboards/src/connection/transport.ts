/** Connection: how its packets get there and back. */

import { ICE_CHANGE_COLORS, OUT_OF_REACH_COLORS, SCTP_COLORS } from "../colors.ts";
import { type LinesSpec, table, timeseries } from "../panels.ts";
import { BY_CONNECTION, lostChecks, ofConnection } from "../promql.ts";
import { bits, gauge, perSecond } from "./queries.ts";

export const ice = [
  timeseries({
    title: "ICE state changes per minute",
    description:
      "connected → checking is the first sign of trouble; disconnected → failed is the end of the connection.",
    unit: "cpm",
    queries: [[`${perSecond("ice_state_transitions_total", "from, to")} * 60`, "{{from}} → {{to}}"]],
    colors: ICE_CHANGE_COLORS,
  }),
  timeseries({
    title: "ICE checks by state",
    description:
      "Connectivity checks that Sora sent and that were answered, by the state they were sent in; sent minus answered is lost.",
    unit: "cps",
    queries: [
      [perSecond("ice_checks_sent_total", "state"), "sent {{state}}"],
      [perSecond("ice_checks_answered_total", "state"), "answered {{state}}"],
      [lostChecks(ofConnection, "connection", BY_CONNECTION), "lost"],
    ],
    colors: { lost: "red" },
  }),
  timeseries({
    title: "Time out of reach",
    description:
      "Share of the time in ICE's states checking and disconnected, in which Sora could not reach the client.",
    unit: "percentunit",
    queries: [[perSecond("ice_state_seconds_total", "state"), "{{state}}"]],
    colors: OUT_OF_REACH_COLORS,
  }),
];

export const turn = [
  timeseries({
    title: "TURN and STUN received by type",
    description:
      "Messages from the client, by type. channel_data and send_indication carry media; stun_invalid, unknown_packet and their like should stay at 0.",
    unit: "mps",
    queries: [[perSecond("turn_received_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "TURN and STUN sent by type",
    description:
      "Messages to the client, by type. Those that end in _error should stay at 0: wrong credentials, an expired allocation, or an attack.",
    unit: "mps",
    queries: [[perSecond("turn_sent_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "DTLS and signaling",
    description:
      "DTLS packets, and the pings and pongs of signaling, a second. DTLS comes at the start; much of it later is a handshake that does not end.",
    unit: "cps",
    queries: [
      [perSecond("dtls_received_packets_total"), "DTLS received"],
      [perSecond("dtls_sent_packets_total"), "DTLS sent"],
      [perSecond("signaling_sent_messages_total", "type"), "{{type}} sent"],
      [perSecond("signaling_received_messages_total", "type"), "{{type}} received"],
    ],
  }),
];

export const sctp = [
  timeseries({
    title: "SCTP bit rate",
    description: "What carries the data channels. Sent without received: the client no longer acknowledges.",
    width: 12,
    unit: "bps",
    queries: [
      [bits("sctp_received_bytes_total"), "received"],
      [bits("sctp_sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "SCTP packets",
    description:
      "SCTP packets, those with checksum 0, and those that were invalid or unknown, as well as pruned DATA chunks. Invalid or unknown above 0 for long: a client that is broken.",
    width: 12,
    unit: "pps",
    queries: [
      [perSecond("sctp_received_packets_total"), "received"],
      [perSecond("sctp_sent_packets_total"), "sent"],
      [perSecond("sctp_received_zero_checksum_packets_total"), "received with checksum 0"],
      [perSecond("sctp_sent_zero_checksum_packets_total"), "sent with checksum 0"],
      [perSecond("sctp_received_invalid_packets_total"), "invalid"],
      [perSecond("sctp_received_unknown_packets_total"), "unknown"],
      [perSecond("sctp_pruned_data_chunks_total"), "pruned chunks"],
    ],
    colors: SCTP_COLORS,
  }),
  timeseries({
    title: "SCTP chunks received by type",
    description:
      "Chunks from the client, by type; a packet can carry several. abort and shutdown end the data channels.",
    width: 12,
    unit: "cps",
    queries: [[perSecond("sctp_received_chunks_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "SCTP chunks sent by type",
    description:
      "Chunks to the client, by type. forward_tsn: messages were given up. error and abort should stay at 0.",
    width: 12,
    unit: "cps",
    queries: [[perSecond("sctp_sent_chunks_total", "type"), "{{type}}"]],
    many: true,
  }),
];

const NO_CHANNELS = "No data where the connection has no data channels.";
const byLabel = (spec: Omit<LinesSpec, "many" | "height">) =>
  timeseries({ ...spec, description: `${spec.description} ${NO_CHANNELS}`, many: true });
export const dataChannels = [
  byLabel({
    title: "Data channels: bit rate",
    description: "Bytes of messages by label of the data channel.",
    unit: "bps",
    queries: [
      [bits("data_channel_received_bytes_total", "label"), "{{label}} received"],
      [bits("data_channel_sent_bytes_total", "label"), "{{label}} sent"],
    ],
  }),
  byLabel({
    title: "Data channels: messages",
    description:
      "Messages by label. Sent without any received on a channel that should be talked back on: the client hangs.",
    unit: "mps",
    queries: [
      [perSecond("data_channel_received_messages_total", "label"), "{{label}} received"],
      [perSecond("data_channel_sent_messages_total", "label"), "{{label}} sent"],
    ],
  }),
  byLabel({
    title: "Data channels: given up and retransmitted",
    description:
      "Messages that were abandoned or retransmitted, by label. Abandoned: the client never got them.",
    unit: "mps",
    queries: [
      [perSecond("data_channel_abandon_messages_total", "label"), "{{label}} abandoned"],
      [perSecond("data_channel_retransmit_messages_total", "label"), "{{label}} retransmitted"],
    ],
  }),
  byLabel({
    title: "Data channels: opened and acknowledged",
    description:
      "Open and ack messages by label. Opened again and again: the client makes its data channels anew.",
    unit: "mps",
    queries: [
      [perSecond("data_channel_open_messages_total", "label"), "{{label}} open"],
      [perSecond("data_channel_ack_messages_total", "label"), "{{label}} ack"],
    ],
  }),
  table({
    title: "Data channels: settings",
    description: `How each data channel is set up. Lifetime and retransmissions are there where they are set; both limit what is repaired. ${NO_CHANNELS}`,
    unit: "none",
    width: 16,
    height: 8,
    keys: [
      { label: "label", name: "Label" },
      { label: "direction", name: "Direction" },
      { label: "ordered", name: "Ordered" },
      { label: "compress", name: "Compressed" },
      { label: "protocol", name: "Protocol" },
    ],
    columns: [
      {
        name: "Info",
        expr: gauge("data_channel_info", "label, direction, ordered, compress, protocol"),
        hidden: true,
      },
      {
        name: "Lifetime",
        expr: gauge("data_channel_max_packet_life_time_seconds", "label"),
        unit: "s",
      },
      { name: "Retransmissions", expr: gauge("data_channel_max_retransmits", "label") },
    ],
    sortBy: [],
  }),
];
