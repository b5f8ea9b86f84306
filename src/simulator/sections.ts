/**
 * The statistics of a connection as the simulator keeps them: a tree in the 2024 form, changed in place, from which
 * an answer in either form is copied.
 */

import type { Form } from "../sora/documented.ts";
import { documentedFields } from "../sora/documented.ts";

/** The counters of one data channel, with the settings that Sora lists beside them. */
export interface DataChannel extends Record<DataChannelCounter, number> {
  compress: boolean;
  direction: "sendrecv" | "sendonly" | "recvonly";
  ordered: boolean;
  protocol: string;
  /** Milliseconds; there only where the channel sets it. */
  max_packet_life_time?: number;
  max_retransmits?: number;
}

type DataChannelCounter =
  | `total_data_channel_${"abandon" | "ack" | "open" | "retransmit"}_message`
  | `total_${Direction}_data_channel_message${"" | "_byte_size"}`;

type Direction = "received" | "sent";

type HeaderExtension =
  | "abs_send_time"
  | "audio_level"
  | "av1_rtp_sepc"
  | "color_space"
  | "playout_delay"
  | "sdes_mid"
  | "sdes_repaired_rtp_stream_id"
  | "sdes_rtp_stream_id"
  | "transport_wide_cc"
  | "video_content_type"
  | "video_orientation"
  | "video_timeing";

type RtcpType =
  | "bye"
  | "psfb_afb"
  | "psfb_pli"
  | "rr"
  | "rtpfb_generic_nack"
  | "rtpfb_transport_wide"
  | "sdes"
  | "sr"
  | "xr";

type SctpChunk =
  | "cookie_ack"
  | "cookie_echo"
  | "data"
  | "forward_tsn"
  | "heartbeat"
  | "heartbeat_ack"
  | "init"
  | "init_ack"
  | "reconfig"
  | "sack";

/** What Sora counts of the RTP it receives, for a connection and for each simulcast layer. */
export type ReceivedRtp = Record<
  | "total_decrypt_skipped_srtp"
  | `total_received_rtp${"" | "_byte_size" | "_padding" | "_padding_size" | "_red" | "_red_rtx" | "_red_ulpfec" | "_rtx"}`,
  number
>;

/** Header extensions on the RTP that Sora receives, for a connection and for each simulcast layer. */
export type ReceivedExtensions = Record<`total_received_rtp_hdr_ext_${HeaderExtension}`, number>;

/** One layer of a simulcast sender. */
export interface Layer {
  rtp: ReceivedRtp;
  rtp_hdr_ext: ReceivedExtensions;
}

/** All sections but `data_channel`. The types name the fields that move; the others are there too and stay 0. */
export interface Sections {
  cc: Record<
    | "bwe_period"
    | "congestion_window"
    | "delay_based_estimated_bitrate"
    | "pacer_data_window"
    | "pacer_padding_window"
    | "round_trip_time"
    | "stable_target_bitrate"
    | "target_bitrate",
    number
  >;
  dtls: Record<`total_${Direction}_dtls`, number>;
  ice_connection_state: Record<
    | `total_${"checking" | "connected" | "disconnected"}_${"ack" | "req"}`
    | `total_${"checking" | "disconnected"}_duration_ms`
    | `total_checking_to_${"connected" | "disconnected"}`
    | "total_connected_to_checking"
    | `total_disconnected_to_${"checking" | "failed"}`,
    number
  >;
  network_status: Record<"unstable_level" | `total_unstable_level${0 | 1 | 2 | 3}`, number>;
  packet_loss_simulator: object;
  rtcp: Record<
    | `total_generic_nack_cache_${"hit" | "miss"}`
    | "total_pli_trigger"
    | `total_${Direction}_rtcp${"" | "_byte_size" | `_${RtcpType}`}`,
    number
  >;
  rtp: ReceivedRtp &
    Record<
      | `total_${Direction}${"" | "_rtp"}${"" | "_byte_size"}`
      | `total_decrypt_skipped_${"audio" | "video"}_srtp`
      | `total_received_${"intra_frame" | "sounding_rtp"}`
      | "total_ulpfec_recovered",
      number
    >;
  rtp_hdr_ext: ReceivedExtensions & Record<`total_sent_rtp_hdr_ext_${HeaderExtension}`, number>;
  sctp: Record<
    `total_${Direction}_sctp${"" | "_byte_size" | "_zero_checksum" | `_chunk_${SctpChunk}`}`,
    number
  >;
  signaling: Record<"total_received_signaling_pong" | "total_sent_signaling_ping", number>;
  simulcast: { r0: Layer; r1: Layer; r2: Layer };
  spotlight: Record<
    "total_spotlight_focus_failed" | `total_spotlight_unfocus_audio_${"no_room" | "out_packet" | "publish"}`,
    number
  >;
  turn: Record<
    | `total_received_${"allocate" | "binding" | "channel_bind" | "create_permission" | "refresh"}_request`
    | `total_${Direction}_channel_data`
    | `total_${Direction}_turn_binding_${"request" | "success"}`
    | `total_received_${"expired" | "unknown"}_channel_number`
    | `total_received_${"invalid_channel_data" | "stun_invalid" | "turn_invalid_stun"}`
    | `total_sent_${"allocate" | "channel_bind" | "create_permission" | "refresh"}_error`
    | `total_sent_${"allocate" | "binding" | "channel_bind" | "create_permission" | "refresh"}_success`,
    number
  >;
}

const RIDS = ["r0", "r1", "r2"] as const;
const FIELDS_2022 = fieldsBySection("2022");
const TEMPLATE = JSON.stringify(buildTemplate());
const NO_MESSAGES = zeros(
  (fieldsBySection("2024").get("data_channel.{label}") ?? []).filter((field) => field.startsWith("total_")),
);
const DATA_CHANNEL_2022 = [
  ...["compress", "direction", "ordered", "protocol"],
  ...(FIELDS_2022.get("data_channel.{label}") ?? []),
];

/** Sections with every field of the 2024 form, all 0. */
export function createSections(): Sections {
  // Parsing gives all trees one hidden class, which the hot loop and the copies below live on.
  return JSON.parse(TEMPLATE) as Sections;
}

/** A data channel that has carried nothing. */
export function createDataChannel(settings: Omit<DataChannel, DataChannelCounter>): DataChannel {
  return { ...settings, ...NO_MESSAGES } as DataChannel;
}

/** A copy of the sections in a form of Sora's: later changes to `sections` do not reach it. */
export function copySections(sections: Sections, form: Form): Record<string, unknown> {
  if (form === "2022") return select2022(sections);
  // Spelled out because a spread in one place each is a plain memory copy, and there are ten thousand of these.
  return {
    cc: { ...sections.cc },
    dtls: { ...sections.dtls },
    ice_connection_state: { ...sections.ice_connection_state },
    network_status: { ...sections.network_status },
    packet_loss_simulator: { ...sections.packet_loss_simulator },
    rtcp: { ...sections.rtcp },
    rtp: { ...sections.rtp },
    rtp_hdr_ext: { ...sections.rtp_hdr_ext },
    sctp: { ...sections.sctp },
    signaling: { ...sections.signaling },
    simulcast: {
      r0: copyLayer(sections.simulcast.r0),
      r1: copyLayer(sections.simulcast.r1),
      r2: copyLayer(sections.simulcast.r2),
    },
    spotlight: { ...sections.spotlight },
    turn: { ...sections.turn },
  };
}

/** A copy of a data channel in a form of Sora's. */
export function copyDataChannel(channel: DataChannel, form: Form): object {
  return form === "2024" ? { ...channel } : select(channel, DATA_CHANNEL_2022);
}

function copyLayer(layer: Layer): Layer {
  return { rtp: { ...layer.rtp }, rtp_hdr_ext: { ...layer.rtp_hdr_ext } };
}

function select2022(sections: Sections): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [path, fields] of FIELDS_2022) {
    if (path.includes("{")) continue;
    copy[path] = select(sections[path as Exclude<keyof Sections, "simulcast">], fields);
  }
  copy["simulcast"] = Object.fromEntries(
    RIDS.map((rid) => [
      rid,
      {
        rtp: select(sections.simulcast[rid].rtp, FIELDS_2022.get("simulcast.{rid}.rtp") ?? []),
        rtp_hdr_ext: select(
          sections.simulcast[rid].rtp_hdr_ext,
          FIELDS_2022.get("simulcast.{rid}.rtp_hdr_ext") ?? [],
        ),
      },
    ]),
  );
  return copy;
}

function select(section: object, fields: readonly string[]): object {
  const source = section as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const field of fields) {
    const value = source[field];
    if (value !== undefined) copy[field] = value;
  }
  return copy;
}

function buildTemplate(): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  const layer: Record<string, unknown> = {};
  for (const [path, fields] of fieldsBySection("2024")) {
    if (path.startsWith("simulcast.")) layer[path.slice(path.lastIndexOf(".") + 1)] = zeros(fields);
    else if (!path.includes("{")) tree[path] = zeros(fields);
  }
  tree["simulcast"] = Object.fromEntries(RIDS.map((rid) => [rid, layer]));
  return tree;
}

function fieldsBySection(form: Form): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const field of documentedFields(form)) {
    const dot = field.lastIndexOf(".");
    const section = field.slice(0, dot);
    sections.set(section, [...(sections.get(section) ?? []), field.slice(dot + 1)]);
  }
  return sections;
}

function zeros(fields: readonly string[]): Record<string, number> {
  return Object.fromEntries(fields.map((field) => [field, 0]));
}
