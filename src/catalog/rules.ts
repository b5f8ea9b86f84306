/**
 * The catalog: which field of Sora becomes which metric. It is data; resolve.ts applies it, METRICS.md prints it.
 *
 * A path is dotted. `{name}` in it captures what stands there and makes it a label, so that a type which Sora adds
 * tomorrow is named right. The first rule that matches wins: literal paths stand before patterns.
 */

/** One rule: a Sora path, or a set of them, and the metric that it becomes. */
export interface Rule {
  /** Path in Sora's answer, such as `rtcp.total_received_rtcp_{type}`. */
  readonly path: string;
  /** Other spellings of the same path, from other versions of Sora. */
  readonly aliases?: readonly string[];
  /** Name of the metric after `sora_connection_`; `_total` makes it a counter, `_bytes` and `_seconds` are its unit. */
  readonly name: string;
  /** HELP text. */
  readonly help: string;
  /** What Sora's value is divided by to reach the base unit; a division, because 372 * 0.001 is not 0.372. */
  readonly divisor?: number;
}

/** A part of the tree that repeats under a key which Sora or its users choose; the key becomes a label. */
export interface Scope {
  /** Path with one capture at its end, such as `simulcast.{rid}`. */
  readonly path: string;
  /** What a field without a rule has in front of its name. */
  readonly name: string;
}

/** An info metric, 1 for each object at a path, with some of the object's strings and booleans as labels. */
export interface InfoRule {
  /** Path of the object. */
  readonly path: string;
  /** Name of the metric after `sora_connection_`. */
  readonly name: string;
  readonly help: string;
  /** Keys of the object that become labels, in this order. */
  readonly labels: readonly string[];
}

const RTCP_TYPES = "RTCP packets are compound, so the types add up to more than the packets";
const SEPARATE_TYPES = "Sora counts each type by itself; their sum is no documented total";
const CC = "raw value of the congestion controller; Sora documents no unit";

/** The rules of one direction, for fields that Sora has both as `received` and as `sent`. */
function bothWays(rules: (way: "received" | "sent") => Rule[]): Rule[] {
  return [...rules("received"), ...rules("sent")];
}

const RTP: readonly Rule[] = [
  ...bothWays((way) => [
    { path: `rtp.total_${way}`, name: `${way}_packets_total`, help: `RTP and RTCP packets ${way} together` },
    {
      path: `rtp.total_${way}_byte_size`,
      name: `${way}_bytes_total`,
      help: `Bytes of RTP and RTCP packets ${way} together`,
    },
    { path: `rtp.total_${way}_rtp`, name: `rtp_${way}_packets_total`, help: `RTP packets ${way}` },
    {
      path: `rtp.total_${way}_rtp_byte_size`,
      name: `rtp_${way}_bytes_total`,
      help: `Bytes of RTP packets ${way}`,
    },
  ]),
  {
    path: "rtp.total_received_rtp_red",
    name: "rtp_received_red_packets_total",
    help: "RTP packets received as RED",
  },
  {
    path: "rtp.total_received_rtp_red_rtx",
    name: "rtp_received_red_rtx_packets_total",
    help: "RTP packets received as RED in RTX",
  },
  {
    path: "rtp.total_received_rtp_red_ulpfec",
    name: "rtp_received_red_ulpfec_packets_total",
    help: "RTP packets received as ULPFEC in RED",
  },
  {
    path: "rtp.total_received_rtp_rtx",
    name: "rtp_received_rtx_packets_total",
    help: "RTP packets received as RTX",
  },
  {
    path: "rtp.total_received_sounding_rtp",
    name: "rtp_received_sounding_packets_total",
    help: "RTP packets received that Sora counts as sounding",
  },
  {
    path: "rtp.total_received_srtp_invalid",
    name: "rtp_received_invalid_packets_total",
    help: "SRTP packets received that were invalid",
  },
  {
    path: "rtp.total_received_rtp_padding",
    name: "rtp_received_padding_packets_total",
    help: "RTP packets received with padding",
  },
  {
    path: "rtp.total_received_rtp_padding_size",
    name: "rtp_received_padding_size_total",
    help: "Padding received in RTP packets; Sora documents no unit",
  },
  {
    path: "rtp.total_received_intra_frame",
    name: "rtp_received_intra_frames_total",
    help: "Intra frames (I-frames) received",
  },
  {
    path: "rtp.total_decrypt_skipped_srtp",
    name: "rtp_decrypt_skipped_packets_total",
    help: "SRTP packets whose decryption was skipped, audio and video together",
  },
  {
    path: "rtp.total_decrypt_skipped_{media}_srtp",
    aliases: ["rtp.tocal_decrypt_skipped_{media}_srtp"],
    name: "rtp_decrypt_skipped_media_packets_total",
    help: "SRTP packets whose decryption was skipped, by media",
  },
  {
    path: "rtp.total_ulpfec_recovered",
    name: "rtp_ulpfec_recovered_packets_total",
    help: "Lost RTP packets recovered with ULPFEC",
  },
];

const RTP_HDR_EXT: readonly Rule[] = bothWays((way) => [
  {
    path: `rtp_hdr_ext.total_${way}_rtp_hdr_ext_{extension}`,
    aliases: [`rtp_hdrext.total_${way}_rtp_hdrext_{extension}`],
    name: `rtp_${way}_header_extensions_total`,
    help: `RTP header extensions ${way}, by extension`,
  },
]);

/** The fields of `rtp` and `rtp_hdr_ext` that Sora documents for each simulcast layer too. */
const SIMULCAST_FIELDS: ReadonlySet<string> = new Set([
  "rtp.total_decrypt_skipped_srtp",
  "rtp.total_decrypt_skipped_{media}_srtp",
  "rtp.total_received_rtp",
  "rtp.total_received_rtp_byte_size",
  "rtp.total_received_rtp_padding",
  "rtp.total_received_rtp_padding_size",
  "rtp.total_received_rtp_red",
  "rtp.total_received_rtp_red_rtx",
  "rtp.total_received_rtp_red_ulpfec",
  "rtp.total_received_rtp_rtx",
  "rtp_hdr_ext.total_received_rtp_hdr_ext_{extension}",
]);

const SIMULCAST: readonly Rule[] = [...RTP, ...RTP_HDR_EXT]
  .filter(({ path }) => SIMULCAST_FIELDS.has(path))
  .map((rule) => ({
    ...rule,
    path: `simulcast.{rid}.${rule.path}`,
    ...(rule.aliases && { aliases: rule.aliases.map((alias) => `simulcast.{rid}.${alias}`) }),
    name: `simulcast_${rule.name}`,
    help: `${rule.help}, of one simulcast layer`,
  }));

const RTCP: readonly Rule[] = [
  ...bothWays((way) => [
    { path: `rtcp.total_${way}_rtcp`, name: `rtcp_${way}_packets_total`, help: `RTCP packets ${way}` },
    {
      path: `rtcp.total_${way}_rtcp_byte_size`,
      name: `rtcp_${way}_bytes_total`,
      help: `Bytes of RTCP packets ${way}`,
    },
    {
      path: `rtcp.total_${way}_rtcp_{type}`,
      name: `rtcp_${way}_messages_total`,
      help: `RTCP messages ${way}, by type; ${RTCP_TYPES}`,
    },
  ]),
  {
    path: "rtcp.total_generic_nack_cache_{result}",
    aliases: ["rtp.total_generic_nack_cache_{result}"],
    name: "rtcp_generic_nack_cache_requests_total",
    help: "Retransmission requests (generic NACK) that Sora could answer (hit) or could not (miss)",
  },
  {
    path: "rtcp.total_pli_trigger",
    aliases: ["rtp.total_pli_trigger"],
    name: "rtcp_pli_triggers_total",
    help: "PLI that Sora sent because retransmission requests reached their limit",
  },
];

const SCTP: readonly Rule[] = [
  ...bothWays((way) => [
    { path: `sctp.total_${way}_sctp`, name: `sctp_${way}_packets_total`, help: `SCTP packets ${way}` },
    {
      path: `sctp.total_${way}_sctp_byte_size`,
      name: `sctp_${way}_bytes_total`,
      help: `Bytes of SCTP packets ${way}`,
    },
    {
      path: `sctp.total_${way}_sctp_chunk_{type}`,
      name: `sctp_${way}_chunks_total`,
      help: `SCTP chunks ${way}, by type; a packet can carry several`,
    },
    {
      path: `sctp.total_${way}_sctp_zero_checksum`,
      name: `sctp_${way}_zero_checksum_packets_total`,
      help: `SCTP packets ${way} with checksum 0`,
    },
  ]),
  {
    path: "sctp.total_received_invalid_sctp",
    name: "sctp_received_invalid_packets_total",
    help: "SCTP packets received that were invalid",
  },
  {
    path: "sctp.total_received_unknown_sctp",
    name: "sctp_received_unknown_packets_total",
    help: "SCTP packets received that Sora did not know",
  },
  {
    path: "sctp.total_pruned_sctp_data_chunk",
    name: "sctp_pruned_data_chunks_total",
    help: "SCTP DATA chunks that Sora pruned; in the samples of Sora's API, in no list of it",
  },
];

const TURN: readonly Rule[] = bothWays((way) => [
  {
    path: `turn.total_${way}_{type}`,
    name: `turn_${way}_messages_total`,
    help: `TURN and STUN messages ${way}, by type; ${SEPARATE_TYPES}`,
  },
]);

const DTLS: readonly Rule[] = bothWays((way) => [
  { path: `dtls.total_${way}_dtls`, name: `dtls_${way}_packets_total`, help: `DTLS packets ${way}` },
]);

const ICE: readonly Rule[] = [
  {
    path: "ice_connection_state.total_{from}_to_{to}",
    name: "ice_state_transitions_total",
    help: "Changes of the ICE connection state, by state left and state entered",
  },
  {
    path: "ice_connection_state.total_{state}_duration_ms",
    name: "ice_state_seconds_total",
    help: "Time spent in an ICE connection state (Sora: milliseconds)",
    divisor: 1000,
  },
  {
    path: "ice_connection_state.total_{state}_req",
    name: "ice_checks_sent_total",
    help: "ICE connectivity checks sent, by the state they were sent in",
  },
  {
    path: "ice_connection_state.total_{state}_ack",
    name: "ice_checks_answered_total",
    help: "Answers to ICE connectivity checks received; sent minus answered is lost",
  },
];

const NETWORK_STATUS: readonly Rule[] = [
  {
    path: "network_status.unstable_level",
    name: "unstable_level",
    help: "How unstable the network of the connection is now, from 0 (stable) to 3 (worst)",
  },
  {
    path: "network_status.total_unstable_level{level}",
    name: "unstable_level_observations_total",
    help: "How many times Sora found the connection at an unstable level",
  },
];

const CONGESTION_CONTROL: readonly Rule[] = [
  "bwe_period",
  "congestion_window",
  "delay_based_estimated_bitrate",
  "pacer_data_window",
  "pacer_padding_window",
  "round_trip_time",
  "stable_target_bitrate",
  "target_bitrate",
].map((field) => ({ path: `cc.${field}`, name: `cc_${field}`, help: `cc.${field}, ${CC}` }));

const SIGNALING: readonly Rule[] = bothWays((way) => [
  {
    path: `signaling.total_${way}_signaling_{type}`,
    name: `signaling_${way}_messages_total`,
    help: `Signaling messages ${way}, by type`,
  },
]);

const SPOTLIGHT: readonly Rule[] = [
  {
    path: "spotlight.total_spotlight_focus_failed",
    name: "spotlight_focus_failed_total",
    help: "Times that focusing the connection in the spotlight failed",
  },
  {
    path: "spotlight.total_spotlight_unfocus_audio_{reason}",
    name: "spotlight_unfocus_audio_total",
    help: "Times that the connection's audio lost the spotlight's focus, by reason",
  },
];

const PACKET_LOSS_SIMULATOR: readonly Rule[] = bothWays((way) => [
  {
    path: `packet_loss_simulator.total_dropped_${way}_{type}`,
    name: `packet_loss_simulator_${way}_dropped_packets_total`,
    help: `Packets ${way} that Sora's packet-loss simulator dropped, by type`,
  },
]);

const DATA_CHANNEL: readonly Rule[] = [
  ...bothWays((way) => [
    {
      path: `data_channel.{label}.total_${way}_data_channel_message`,
      name: `data_channel_${way}_messages_total`,
      help: `Messages ${way} on a data channel`,
    },
    {
      path: `data_channel.{label}.total_${way}_data_channel_message_byte_size`,
      name: `data_channel_${way}_bytes_total`,
      help: `Bytes of messages ${way} on a data channel`,
    },
  ]),
  ...["abandon", "ack", "open", "retransmit"].map((kind) => ({
    path: `data_channel.{label}.total_data_channel_${kind}_message`,
    name: `data_channel_${kind}_messages_total`,
    help: `Sora's count of ${kind} messages of a data channel`,
  })),
  {
    path: "data_channel.{label}.max_packet_life_time",
    name: "data_channel_max_packet_life_time_seconds",
    help: "For how long a message may be retransmitted (Sora: milliseconds); only where it is set",
    divisor: 1000,
  },
  {
    path: "data_channel.{label}.max_retransmits",
    name: "data_channel_max_retransmits",
    help: "How often a message may be retransmitted; only where it is set",
  },
];

/** Every rule, by section. */
export const RULES: readonly Rule[] = [
  ...NETWORK_STATUS,
  ...RTP,
  ...RTP_HDR_EXT,
  ...RTCP,
  ...SIMULCAST,
  ...CONGESTION_CONTROL,
  ...ICE,
  ...DTLS,
  ...TURN,
  ...SCTP,
  ...DATA_CHANNEL,
  ...SIGNALING,
  ...SPOTLIGHT,
  ...PACKET_LOSS_SIMULATOR,
];

/** Where a key is a label even for fields that no rule knows. */
export const SCOPES: readonly Scope[] = [
  { path: "simulcast.{rid}", name: "simulcast" },
  { path: "data_channel.{label}", name: "data_channel" },
];

/** The info metrics. */
export const INFO_RULES: readonly InfoRule[] = [
  {
    path: "data_channel.{label}",
    name: "data_channel_info",
    help: "How a data channel is set up",
    labels: ["direction", "ordered", "compress", "protocol"],
  },
];

/** Names after `sora_connection_` that no field may have: other calls give them, or channels and the target have them. */
export const TAKEN_NAMES = [
  "joins_total",
  "leaves_total",
  "info",
  "created_timestamp_seconds",
  "error_total",
  "video_bit_rate_limit_bits_per_second",
] as const;

/** By label, captured values that Sora spells in more than one way, and the one that we expose. */
export const VALUE_SPELLINGS: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  extension: new Map([["video_timeing", "video_timing"]]),
};
