/** Connection: everything that Sora tells of one connection. */

import { board, CHANNEL_KEY } from "./board.ts";
import { LEVEL_COLORS, LEVEL_STEPS, NACK_COLORS } from "./colors.ts";
import { congestion, extensions, rest, rtcp, rtp, simulcast } from "./connection/media.ts";
import { bits, gauge, perSecond, RAW } from "./connection/queries.ts";
import { dataChannels, ice, sctp, turn } from "./connection/transport.ts";
import { stat, table, timeseries } from "./panels.ts";
import { info, ofConnection } from "./promql.ts";

const TOLD_LABELS = [
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
] as const;

const INFO_LABELS = [
  ["channel_id", "Channel"],
  ["connection_id", "Connection"],
  ...TOLD_LABELS,
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
    keys: INFO_LABELS.map(([label, name]) => (label === CHANNEL_KEY.label ? CHANNEL_KEY : { label, name })),
    columns: [
      {
        name: "Info",
        expr: info(ofConnection, TOLD_LABELS.map(([label]) => label).join(", ")),
        hidden: true,
      },
    ],
    sortBy: [],
  }),
  stat({
    title: "Unstable level now",
    description:
      "How unstable Sora finds the connection now, 0 to 3. No data: this Sora does not tell it, or the connection has left.",
    width: 4,
    unit: "none",
    max: 3,
    queries: [[gauge("unstable_level"), ""]],
    steps: LEVEL_STEPS,
  }),
  stat({
    title: "Connected for",
    description:
      "Time since the connection was made. Short, and the client is here again and again: it reconnects.",
    width: 4,
    unit: "s",
    decimals: 0,
    queries: [[`max(time() - ${ofConnection("sora_connection_created_timestamp_seconds")})`, ""]],
  }),
  stat({
    title: "Received",
    description: "Bits per second that Sora receives from the client, RTP and RTCP.",
    width: 4,
    unit: "bps",
    queries: [[bits("received_bytes_total"), ""]],
  }),
  stat({
    title: "Sent",
    description: "Bits per second that Sora sends to the client, RTP and RTCP.",
    width: 4,
    unit: "bps",
    queries: [[bits("sent_bytes_total"), ""]],
  }),
  stat({
    title: "Video limit",
    description:
      "Bit rate that the client's video may have, by its signaling. A bit rate far below it: the client's network or CPU does not carry more. No data without video.",
    width: 4,
    unit: "bps",
    queries: [[gauge("video_bit_rate_limit_bits_per_second"), ""]],
  }),
  stat({
    title: "Round trip time now (raw)",
    description: `cc.round_trip_time, which looks like milliseconds. ${RAW} Judge it by how it changes.`,
    width: 4,
    unit: "none",
    queries: [[gauge("cc_round_trip_time"), ""]],
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
    queries: [[gauge("unstable_level"), "level"]],
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
