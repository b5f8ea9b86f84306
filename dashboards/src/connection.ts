/** Connection: everything that Sora tells of one connection. */

import { board, linkTo } from "./board.ts";
import { LEVEL_COLORS, LEVEL_STEPS, NACK_COLORS } from "./colors.ts";
import { type LinesSpec, stat, table, timeseries } from "./panels.ts";
import { BY_CONNECTION, info, lostChecks, max, ofConnection, sumRate } from "./promql.ts";

const name = (metric: string) => `sora_connection_${metric}`;
const perSecond = (metric: string, by?: string, matchers?: string) =>
  sumRate(ofConnection(name(metric), matchers), by);
const bits = (metric: string, by?: string) => `${perSecond(metric, by)} * 8`;
const last = (metric: string) => `max(${ofConnection(name(metric))})`;

const RAW = "Raw values of Sora's congestion controller; Sora documents no unit.";

const INFO_LABELS = [
  ["channel_id", "Channel"],
  ["connection_id", "Connection"],
  ["client_id", "Client"],
  ["bundle_id", "Bundle"],
  ["session_id", "Session"],
  ["role", "Role"],
  ["audio_codec", "Audio"],
  ["video_codec", "Video"],
  ["simulcast", "Simulcast"],
  ["spotlight", "Spotlight"],
  ["multistream", "Multistream"],
  ["node_name", "Node"],
  ["target", "Target"],
  ["job", "Job"],
] as const;

const who = [
  table({
    title: "Who it is",
    description:
      "What Sora tells of the connection; a cell is empty where it tells nothing. Empty altogether: the connection has left; choose a time when it was there.",
    unit: "none",
    height: 4,
    keys: INFO_LABELS.map(([label, shown]) => ({
      label,
      name: shown,
      ...(label === "channel_id" && {
        link: linkTo("channel", "Show the channel", ["job", "target", "channel_id"]),
      }),
    })),
    columns: [
      {
        name: "Info",
        expr: info(
          ofConnection,
          "client_id, bundle_id, session_id, role, audio_codec, video_codec, simulcast, spotlight, multistream, node_name",
        ),
        hidden: true,
      },
    ],
    sortBy: [],
  }),
  stat({
    title: "Unstable level",
    description:
      "How unstable Sora finds the connection now, 0 to 3. No data: this Sora does not tell it, or the connection has left.",
    unit: "none",
    max: 3,
    queries: [[last("unstable_level"), ""]],
    steps: LEVEL_STEPS,
  }),
  stat({
    title: "Connected for",
    description:
      "Time since the connection was made. Short, and the client is here again and again: it reconnects.",
    unit: "s",
    decimals: 0,
    queries: [[`max(time() - ${ofConnection(name("created_timestamp_seconds"))})`, ""]],
    still: true,
  }),
  stat({
    title: "Received",
    description: "Bits per second that Sora receives from the client, RTP and RTCP.",
    unit: "bps",
    queries: [[bits("received_bytes_total"), ""]],
  }),
  stat({
    title: "Sent",
    description: "Bits per second that Sora sends to the client, RTP and RTCP.",
    unit: "bps",
    queries: [[bits("sent_bytes_total"), ""]],
  }),
  stat({
    title: "Video limit",
    description:
      "Bit rate that the client's video may have, by its signaling. A bit rate far below it: the client's network or CPU does not carry more. No data without video.",
    unit: "bps",
    queries: [[last("video_bit_rate_limit_bits_per_second"), ""]],
    still: true,
  }),
  stat({
    title: "Round trip time (raw)",
    description: `cc.round_trip_time, which looks like milliseconds. ${RAW} Judge it by how it changes.`,
    unit: "none",
    queries: [[last("cc_round_trip_time"), ""]],
  }),
];

const stability = [
  timeseries({
    title: "Unstable level",
    description:
      "How unstable Sora found the connection, 0 (stable) to 3 (worst). Compare with the loss below and with the others of the channel. No data: this Sora does not tell it.",
    unit: "none",
    max: 3,
    decimals: 0,
    queries: [[last("unstable_level"), "level"]],
    steps: LEVEL_STEPS,
  }),
  timeseries({
    title: "Times at each unstable level",
    description: "How often a minute Sora found the connection at each level; it catches what is short.",
    unit: "cpm",
    queries: [[`${perSecond("unstable_level_observations_total", "level")} * 60`, "level {{level}}"]],
    colors: LEVEL_COLORS,
    stacked: true,
  }),
  timeseries({
    title: "Retransmission requests per minute",
    description:
      "Packets that the client missed and asked for again (NACK). Missed: Sora no longer had them. Triggered: Sora asked for a key frame instead (PLI).",
    unit: "cpm",
    queries: [
      [`${perSecond("rtcp_generic_nack_cache_requests_total", undefined, 'result="hit"')} * 60`, "answered"],
      [`${perSecond("rtcp_generic_nack_cache_requests_total", undefined, 'result="miss"')} * 60`, "missed"],
      [`${perSecond("rtcp_pli_triggers_total")} * 60`, "PLI triggered"],
    ],
    colors: { ...NACK_COLORS, "PLI triggered": "orange" },
  }),
];

const rtp = [
  timeseries({
    title: "Bit rate",
    description:
      "RTP and RTCP together. Received falls: the client sends less. Sent falls: Sora holds back for it.",
    unit: "bps",
    queries: [
      [bits("received_bytes_total"), "received"],
      [bits("sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "RTP bit rate",
    description: "RTP alone, without RTCP.",
    unit: "bps",
    queries: [
      [bits("rtp_received_bytes_total"), "received"],
      [bits("rtp_sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "Packets",
    description: "RTP and RTCP packets, and RTP alone. Packets without bytes are padding or keep-alives.",
    unit: "pps",
    queries: [
      [perSecond("received_packets_total"), "received"],
      [perSecond("rtp_received_packets_total"), "received RTP"],
      [perSecond("sent_packets_total"), "sent"],
      [perSecond("rtp_sent_packets_total"), "sent RTP"],
    ],
  }),
  timeseries({
    title: "Received by kind",
    description:
      "RTP packets as retransmission (RTX), redundancy (RED), error correction (ULPFEC), what was recovered by it, and padding. Much RTX: the client's uplink loses.",
    unit: "pps",
    queries: [
      [perSecond("rtp_received_rtx_packets_total"), "RTX"],
      [perSecond("rtp_received_red_packets_total"), "RED"],
      [perSecond("rtp_received_red_rtx_packets_total"), "RTX in RED"],
      [perSecond("rtp_received_red_ulpfec_packets_total"), "ULPFEC in RED"],
      [perSecond("rtp_ulpfec_recovered_packets_total"), "recovered by ULPFEC"],
      [perSecond("rtp_received_padding_packets_total"), "padding"],
    ],
  }),
  timeseries({
    title: "Intra frames and sound",
    description:
      "Key frames received a second, and RTP packets that Sora counts as sounding. No key frames from a sender of video: viewers who join see nothing.",
    unit: "cps",
    queries: [
      [perSecond("rtp_received_intra_frames_total"), "intra frames"],
      [perSecond("rtp_received_sounding_packets_total"), "sounding packets"],
    ],
  }),
  timeseries({
    title: "Invalid and skipped SRTP",
    description:
      "SRTP packets that were invalid, and those whose decryption Sora skipped, by media. Invalid above 0 for long: damaged packets, or a client with wrong keys.",
    unit: "pps",
    queries: [
      [perSecond("rtp_received_invalid_packets_total"), "invalid"],
      [perSecond("rtp_decrypt_skipped_packets_total"), "skipped"],
      [perSecond("rtp_decrypt_skipped_media_packets_total", "media"), "skipped {{media}}"],
    ],
  }),
];

const rtcp = [
  timeseries({
    title: "RTCP received by type",
    description:
      "RTCP messages from the client, by type; packets are compound, so the types are more than the packets. rtpfb_generic_nack and psfb_pli that grow: the client misses packets.",
    unit: "mps",
    queries: [[perSecond("rtcp_received_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "RTCP sent by type",
    description:
      "RTCP messages to the client, by type. rtpfb_generic_nack and psfb_pli that grow: what the client sends gets lost on its way to Sora.",
    unit: "mps",
    queries: [[perSecond("rtcp_sent_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "RTCP bit rate",
    description: "What RTCP takes of the bit rate. Far above a few percent of it: something asks too often.",
    unit: "bps",
    queries: [
      [bits("rtcp_received_bytes_total"), "received"],
      [bits("rtcp_sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "RTCP packets",
    description: "RTCP packets received and sent. None received: the client is gone, or its uplink is.",
    unit: "pps",
    queries: [
      [perSecond("rtcp_received_packets_total"), "received"],
      [perSecond("rtcp_sent_packets_total"), "sent"],
    ],
  }),
];

const BY_RID = "No data where the connection sends no simulcast.";
const simulcast = [
  timeseries({
    title: "Bit rate by layer",
    description: `What Sora receives of each simulcast layer. A layer at 0: the client dropped it as its uplink or CPU did not carry it. ${BY_RID}`,
    unit: "bps",
    queries: [[bits("simulcast_rtp_received_bytes_total", "rid"), "{{rid}}"]],
  }),
  timeseries({
    title: "Packets by layer",
    description: `RTP packets received of each simulcast layer. ${BY_RID}`,
    unit: "pps",
    queries: [[perSecond("simulcast_rtp_received_packets_total", "rid"), "{{rid}}"]],
  }),
  timeseries({
    title: "Retransmission and padding by layer",
    description: `RTX, RED and padding packets and skipped decryptions of each simulcast layer. Much RTX: the uplink loses. ${BY_RID}`,
    unit: "pps",
    queries: [
      [perSecond("simulcast_rtp_received_rtx_packets_total", "rid"), "RTX {{rid}}"],
      [perSecond("simulcast_rtp_received_red_packets_total", "rid"), "RED {{rid}}"],
      [perSecond("simulcast_rtp_received_padding_packets_total", "rid"), "padding {{rid}}"],
      [perSecond("simulcast_rtp_decrypt_skipped_packets_total", "rid"), "skipped {{rid}}"],
    ],
    many: true,
  }),
];

const congestion = [
  timeseries({
    title: "Estimated bit rates (raw)",
    description: `Which bit rate the congestion controller thinks the way to the client carries. ${RAW} A target that falls: Sora sends less, as delay or loss grows.`,
    unit: "none",
    queries: [
      [last("cc_target_bitrate"), "target"],
      [last("cc_stable_target_bitrate"), "stable target"],
      [last("cc_delay_based_estimated_bitrate"), "by delay"],
    ],
  }),
  timeseries({
    title: "Round trip time (raw)",
    description: `cc.round_trip_time. ${RAW} A rise before levels or losses rise: queues fill somewhere on the way.`,
    unit: "none",
    queries: [[last("cc_round_trip_time"), "round trip time"]],
  }),
  timeseries({
    title: "Windows and period (raw)",
    description: `Windows of the controller and of its pacer, and the period of its estimate. ${RAW} For comparison with other connections.`,
    unit: "none",
    queries: [
      [last("cc_congestion_window"), "congestion window"],
      [last("cc_pacer_data_window"), "pacer data window"],
      [last("cc_pacer_padding_window"), "pacer padding window"],
      [last("cc_bwe_period"), "bwe period"],
    ],
  }),
];

const ice = [
  timeseries({
    title: "ICE state changes per minute",
    description:
      "connected → checking is the first sign of trouble; disconnected → failed is the end of the connection.",
    unit: "cpm",
    queries: [[`${perSecond("ice_state_transitions_total", "from, to")} * 60`, "{{from}} → {{to}}"]],
    colors: { "disconnected → failed": "red", "connected → checking": "yellow" },
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
    colors: { checking: "yellow", disconnected: "red" },
  }),
];

const turn = [
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

const sctp = [
  timeseries({
    title: "SCTP bit rate",
    description: "What carries the data channels. Sent without received: the client no longer acknowledges.",
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
    colors: { invalid: "red", unknown: "orange" },
  }),
  timeseries({
    title: "SCTP chunks received by type",
    description:
      "Chunks from the client, by type; a packet can carry several. abort and shutdown end the data channels.",
    unit: "cps",
    queries: [[perSecond("sctp_received_chunks_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "SCTP chunks sent by type",
    description:
      "Chunks to the client, by type. forward_tsn: messages were given up. error and abort should stay at 0.",
    unit: "cps",
    queries: [[perSecond("sctp_sent_chunks_total", "type"), "{{type}}"]],
    many: true,
  }),
];

const NO_CHANNELS = "No data where the connection has no data channels.";
const byLabel = (spec: Omit<LinesSpec, "many" | "height">) =>
  timeseries({ ...spec, description: `${spec.description} ${NO_CHANNELS}`, many: true });
const dataChannels = [
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
        expr: max(ofConnection(name("data_channel_info")), "label, direction, ordered, compress, protocol"),
        hidden: true,
      },
      {
        name: "Lifetime",
        expr: max(ofConnection(name("data_channel_max_packet_life_time_seconds")), "label"),
        unit: "s",
      },
      { name: "Retransmissions", expr: max(ofConnection(name("data_channel_max_retransmits")), "label") },
    ],
    sortBy: [],
  }),
];

const extensions = [
  timeseries({
    title: "Header extensions received",
    description:
      "RTP header extensions from the client, by extension. Those that were agreed on in signaling should be here; unknown should stay at 0.",
    unit: "cps",
    queries: [[perSecond("rtp_received_header_extensions_total", "extension"), "{{extension}}"]],
    many: true,
  }),
  timeseries({
    title: "Header extensions sent",
    description:
      "RTP header extensions to the client, by extension. Without transport_wide_cc the client cannot report delays.",
    unit: "cps",
    queries: [[perSecond("rtp_sent_header_extensions_total", "extension"), "{{extension}}"]],
    many: true,
  }),
  timeseries({
    title: "Header extensions by layer",
    description: `RTP header extensions received of each simulcast layer. ${BY_RID}`,
    unit: "cps",
    queries: [
      [
        perSecond("simulcast_rtp_received_header_extensions_total", "rid, extension"),
        "{{rid}} {{extension}}",
      ],
    ],
    many: true,
  }),
];

const rest = [
  timeseries({
    title: "Padding size (raw)",
    description:
      "Padding received in RTP packets, a second; Sora documents no unit. It probes for bandwidth.",
    unit: "none",
    queries: [
      [perSecond("rtp_received_padding_size_total"), "all"],
      [perSecond("simulcast_rtp_received_padding_size_total", "rid"), "{{rid}}"],
    ],
  }),
  timeseries({
    title: "Spotlight per minute",
    description:
      "How often focusing failed, and how often the connection's audio lost the focus, by reason. Often no_room: more speak than there is room for.",
    unit: "cpm",
    queries: [
      [`${perSecond("spotlight_focus_failed_total")} * 60`, "focus failed"],
      [`${perSecond("spotlight_unfocus_audio_total", "reason")} * 60`, "{{reason}}"],
    ],
  }),
  timeseries({
    title: "Packet-loss simulator",
    description:
      "Packets that Sora itself dropped, for tests. In production it must be 0: else somebody has left the simulator on.",
    unit: "pps",
    queries: [
      [perSecond("packet_loss_simulator_received_dropped_packets_total", "type"), "received {{type}}"],
      [perSecond("packet_loss_simulator_sent_dropped_packets_total", "type"), "sent {{type}}"],
    ],
  }),
];

export const connection = board({
  name: "connection",
  title: "Sora / Connection",
  description: "Everything that Sora tells of one connection.",
  channels: "all",
  connection: true,
  rows: [
    { title: "Who it is", panels: who },
    { title: "Stability", panels: stability },
    { title: "RTP", panels: rtp },
    { title: "RTCP", panels: rtcp },
    { title: "Simulcast", panels: simulcast },
    { title: "Congestion control", panels: congestion },
    { title: "ICE", panels: ice },
    { title: "TURN, DTLS, signaling", panels: turn },
    { title: "SCTP", panels: sctp },
    { title: "Data channels", panels: dataChannels },
    { title: "Header extensions", panels: extensions },
    { title: "Padding, spotlight, packet-loss simulator", panels: rest },
  ],
});
