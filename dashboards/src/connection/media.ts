/** Connection: what carries its sound and pictures. */

import { timeseries } from "../panels.ts";
import { bits, gauge, perSecond, RAW } from "./queries.ts";

export const rtp = [
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

export const rtcp = [
  timeseries({
    title: "RTCP received by type",
    description:
      "RTCP messages from the client, by type; packets are compound, so the types are more than the packets. rtpfb_generic_nack and psfb_pli that grow: the client misses packets.",
    width: 12,
    unit: "mps",
    queries: [[perSecond("rtcp_received_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "RTCP sent by type",
    description:
      "RTCP messages to the client, by type. rtpfb_generic_nack and psfb_pli that grow: what the client sends gets lost on its way to Sora.",
    width: 12,
    unit: "mps",
    queries: [[perSecond("rtcp_sent_messages_total", "type"), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "RTCP bit rate",
    description: "What RTCP takes of the bit rate. Far above a few percent of it: something asks too often.",
    width: 12,
    unit: "bps",
    queries: [
      [bits("rtcp_received_bytes_total"), "received"],
      [bits("rtcp_sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "RTCP packets",
    description: "RTCP packets received and sent. None received: the client is gone, or its uplink is.",
    width: 12,
    unit: "pps",
    queries: [
      [perSecond("rtcp_received_packets_total"), "received"],
      [perSecond("rtcp_sent_packets_total"), "sent"],
    ],
  }),
];

const BY_RID = "No data where the connection sends no simulcast.";
export const simulcast = [
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
      [perSecond("simulcast_rtp_received_red_rtx_packets_total", "rid"), "RTX in RED {{rid}}"],
      [perSecond("simulcast_rtp_received_red_ulpfec_packets_total", "rid"), "ULPFEC in RED {{rid}}"],
      [perSecond("simulcast_rtp_received_padding_packets_total", "rid"), "padding {{rid}}"],
      [perSecond("simulcast_rtp_decrypt_skipped_packets_total", "rid"), "skipped {{rid}}"],
    ],
    many: true,
  }),
];

export const congestion = [
  timeseries({
    title: "Estimated bit rates (raw)",
    description: `Which bit rate the congestion controller thinks the way to the client carries. ${RAW} A target that falls: Sora sends less, as delay or loss grows.`,
    unit: "none",
    queries: [
      [gauge("cc_target_bitrate"), "target"],
      [gauge("cc_stable_target_bitrate"), "stable target"],
      [gauge("cc_delay_based_estimated_bitrate"), "by delay"],
    ],
  }),
  timeseries({
    title: "Round trip time (raw)",
    description: `cc.round_trip_time. ${RAW} A rise before levels or losses rise: queues fill somewhere on the way.`,
    unit: "none",
    queries: [[gauge("cc_round_trip_time"), "round trip time"]],
  }),
  timeseries({
    title: "Windows and period (raw)",
    description: `Windows of the controller and of its pacer, and the period of its estimate. ${RAW} For comparison with other connections.`,
    unit: "none",
    queries: [
      [gauge("cc_congestion_window"), "congestion window"],
      [gauge("cc_pacer_data_window"), "pacer data window"],
      [gauge("cc_pacer_padding_window"), "pacer padding window"],
      [gauge("cc_bwe_period"), "bwe period"],
    ],
  }),
];

export const extensions = [
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

export const rest = [
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
