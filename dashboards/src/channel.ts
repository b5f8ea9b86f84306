/** Channel: what goes on in one channel, or in some, and whose connections are bad. */

import { board, linkTo } from "./board.ts";
import {
  COMINGS_COLORS,
  ICE_CHANGE_COLORS,
  LEVEL_COLORS,
  LEVEL_STEPS,
  MISS_STEPS,
  NACK_COLORS,
  NONE_STEPS,
  OUT_OF_REACH_COLORS,
  UNSTABLE_STEPS,
} from "./colors.ts";
import { stat, table, timeseries } from "./panels.ts";
import {
  BY_CONNECTION,
  highest,
  info,
  lostChecks,
  max,
  missShare,
  ofChannel,
  only,
  repeated,
  repeatedChecks,
  sum,
  sumRate,
  unstableShare,
  worst,
} from "./promql.ts";

const LEVELS = "sora_channel_unstable_level_connections";
const NACKS = "sora_channel_rtcp_generic_nack_cache_requests_total";
const CONNECTION_NACKS = "sora_connection_rtcp_generic_nack_cache_requests_total";
const WHO = "client_id, role";
const LINES = 20;

/** Lines of the connections whose counter grows most, named by who they are. */
function byConnection(metric: string, factor: string, matchers?: string): [expr: string, legend: string] {
  const selector = ofChannel(metric, matchers);
  const chosen = only(
    sumRate(selector, BY_CONNECTION),
    BY_CONNECTION,
    highest(LINES, selector, BY_CONNECTION),
  );
  const named = `* on (${BY_CONNECTION}) group_left (${WHO}) ${info(ofChannel, WHO)}`;
  return [`(${chosen}) ${named} ${factor}`, "{{client_id}} {{role}} {{connection_id}}"];
}

const now = [
  stat({
    title: "Connections",
    description: "Connections of the channel now.",
    width: 4,
    unit: "short",
    queries: [[sum(ofChannel("sora_channel_connections")), ""]],
  }),
  stat({
    title: "Unstable",
    description:
      "Share of the channel's connections whose unstable level is above 0. All of them: the trouble is Sora's or the sender's. One: it is that client's. No data: this Sora does not tell levels.",
    width: 4,
    unit: "percentunit",
    decimals: 1,
    queries: [[unstableShare(ofChannel, "channel"), ""]],
    steps: UNSTABLE_STEPS,
  }),
  stat({
    title: "Worst level",
    description:
      "Highest unstable level of a connection now, 0 to 3. No data: this Sora does not tell levels. Whose it is stands in the table below.",
    width: 4,
    unit: "none",
    max: 3,
    queries: [[`max(${ofChannel("sora_connection_unstable_level")})`, ""]],
    steps: LEVEL_STEPS,
  }),
  stat({
    title: "Received",
    description: "Bits per second that Sora receives from the channel's connections, RTP and RTCP.",
    width: 4,
    unit: "bps",
    queries: [[`${sumRate(ofChannel("sora_channel_received_bytes_total"))} * 8`, ""]],
  }),
  stat({
    title: "Sent",
    description: "Bits per second that Sora sends to the channel's connections, RTP and RTCP.",
    width: 4,
    unit: "bps",
    queries: [[`${sumRate(ofChannel("sora_channel_sent_bytes_total"))} * 8`, ""]],
  }),
  stat({
    title: "Requests missed",
    description:
      "Share of the retransmission requests that Sora could not answer. High: viewers see frozen video.",
    width: 4,
    unit: "percentunit",
    decimals: 1,
    queries: [[missShare(ofChannel, "channel"), ""]],
    steps: MISS_STEPS,
  }),
];

const perConnection = (metric: string, matchers?: string) =>
  sumRate(ofChannel(`sora_connection_${metric}`, matchers), BY_CONNECTION);
const level = max(ofChannel("sora_connection_unstable_level"), BY_CONNECTION);
const misses = perConnection("rtcp_generic_nack_cache_requests_total", 'result="miss"');
const pli = perConnection("rtcp_received_messages_total", 'type="psfb_pli"');
const lost = lostChecks(ofChannel, "connection", BY_CONNECTION);
const repeats = repeatedChecks(ofChannel, "connection", BY_CONNECTION);
const WORST_COUNT = 50;
/** The connections that are worst in any regard are shown in every regard. */
const ofWorst = (expr: string) =>
  only(
    // A rate outlives its connection for a moment.
    only(expr, BY_CONNECTION, ofChannel("sora_connection_info")),
    BY_CONNECTION,
    worst(WORST_COUNT, [level, misses, pli, repeats]),
  );

const connectionTable = [
  table({
    title: "Worst connections",
    description: `The ${WORST_COUNT} connections with the worst level and most missed retransmissions, PLI that they send, or ICE checks. A click on one shows all of it. Who it is comes from ListConnections. Without unstable levels that column is absent.`,
    unit: "short",
    height: 11,
    keys: [
      {
        label: "connection_id",
        name: "Connection",
        link: linkTo("connection", "Show the connection", ["job", "target", "channel_id", "connection_id"]),
      },
      { label: "client_id", name: "Client" },
      { label: "role", name: "Role" },
      { label: "audio_codec", name: "Audio" },
      { label: "video_codec", name: "Video" },
      { label: "node_name", name: "Node" },
      { label: "channel_id", name: "Channel" },
      { label: "target", name: "Target" },
      { label: "job", name: "Job" },
    ],
    columns: [
      {
        name: "Info",
        expr: ofWorst(info(ofChannel, "client_id, role, audio_codec, video_codec, node_name")),
        hidden: true,
      },
      { name: "Level", expr: ofWorst(level), unit: "none", steps: LEVEL_STEPS },
      { name: "NACK missed /s", expr: ofWorst(misses), decimals: 2, steps: NONE_STEPS },
      { name: "PLI /s", expr: ofWorst(pli), decimals: 2, steps: NONE_STEPS },
      { name: "Lost ICE checks /s", expr: ofWorst(lost), decimals: 2, steps: NONE_STEPS },
      { name: "Received", expr: ofWorst(`${perConnection("received_bytes_total")} * 8`), unit: "bps" },
      { name: "Sent", expr: ofWorst(`${perConnection("sent_bytes_total")} * 8`), unit: "bps" },
      {
        name: "RTT (raw)",
        expr: ofWorst(max(ofChannel("sora_connection_cc_round_trip_time"), BY_CONNECTION)),
      },
    ],
    sortBy: ["Level", "NACK missed /s", "Lost ICE checks /s"],
  }),
];

const connections = [
  timeseries({
    title: "Connections by role",
    description: "Connections by what they do: a channel without a sender is silent.",
    unit: "short",
    queries: [[sum(ofChannel("sora_channel_connections"), "role"), "{{role}}"]],
    stacked: true,
  }),
  timeseries({
    title: "Connections by unstable level",
    description:
      "Connections at each level, from 0 (stable) to 3 (worst). Since when it is bad is where the colours begin. No data: this Sora does not tell levels.",
    unit: "short",
    queries: [[sum(ofChannel(LEVELS), "level"), "level {{level}}"]],
    colors: LEVEL_COLORS,
    stacked: true,
  }),
  timeseries({
    title: "Joins and leaves per minute",
    description:
      "Connections that came and went between polls. Both at once, again and again: clients that are thrown out and come back; see ICE below.",
    unit: "cpm",
    queries: [
      [`${sumRate(ofChannel("sora_channel_joins_total"))} * 60`, "joins"],
      [`${sumRate(ofChannel("sora_channel_leaves_total"))} * 60`, "leaves"],
    ],
    colors: COMINGS_COLORS,
  }),
];

const media = [
  timeseries({
    title: "Received by connection",
    description: `Bit rate that Sora receives, of the ${LINES} connections that send most. A sender whose line falls is one that the others see freeze.`,
    unit: "bps",
    queries: [byConnection("sora_connection_received_bytes_total", "* 8")],
    many: true,
    width: 12,
    height: 10,
  }),
  timeseries({
    title: "Sent by connection",
    description: `Bit rate that Sora sends, of the ${LINES} connections that it sends most to. One that falls while others do not: the network to that client.`,
    unit: "bps",
    queries: [byConnection("sora_connection_sent_bytes_total", "* 8")],
    many: true,
    width: 12,
    height: 10,
  }),
];

const loss = [
  timeseries({
    title: "Retransmission requests per minute",
    description:
      "Packets that clients missed and asked for again (NACK). Answered: repaired. Missed: Sora no longer had them, and video freezes.",
    unit: "cpm",
    queries: [
      [`${sumRate(ofChannel(NACKS, 'result="hit"'))} * 60`, "answered"],
      [`${sumRate(ofChannel(NACKS, 'result="miss"'))} * 60`, "missed"],
    ],
    colors: NACK_COLORS,
    stacked: true,
    width: 12,
  }),
  timeseries({
    title: "Requests missed per minute, by connection",
    description: `The ${LINES} connections with most missed requests: one alone has a bad network, all of them a bad sender.`,
    unit: "cpm",
    queries: [byConnection(CONNECTION_NACKS, "* 60", 'result="miss"')],
    many: true,
    width: 12,
  }),
  timeseries({
    title: "PLI per minute",
    description:
      "Requests for key frames: sent by Sora as too many packets were missing (triggered), sent in all, received from clients. Many make video coarse.",
    unit: "cpm",
    queries: [
      [`${sumRate(ofChannel("sora_channel_rtcp_pli_triggers_total"))} * 60`, "triggered"],
      [`${sumRate(ofChannel("sora_channel_rtcp_sent_messages_total", 'type="psfb_pli"'))} * 60`, "sent"],
      [
        `${sumRate(ofChannel("sora_channel_rtcp_received_messages_total", 'type="psfb_pli"'))} * 60`,
        "received",
      ],
    ],
    colors: { triggered: "red" },
    width: 12,
  }),
  timeseries({
    title: "PLI received per minute, by connection",
    description: `The ${LINES} connections that ask most for key frames. One alone cannot decode what it gets; all of them: the sender. The first ones after a join are as they should be.`,
    unit: "cpm",
    queries: [byConnection("sora_connection_rtcp_received_messages_total", "* 60", 'type="psfb_pli"')],
    many: true,
    width: 12,
  }),
];

const ice = [
  timeseries({
    title: "ICE state changes per minute",
    description:
      "connected → checking is the first sign of trouble; disconnected → failed ends the connection. More of them than of the way back: connections are lost.",
    unit: "cpm",
    queries: [
      [
        `${sumRate(ofChannel("sora_channel_ice_state_transitions_total"), "from, to")} * 60`,
        "{{from}} → {{to}}",
      ],
    ],
    colors: ICE_CHANGE_COLORS,
  }),
  timeseries({
    title: "Connections out of reach",
    description:
      "How many connections were in ICE's states checking and disconnected, on average: Sora could not reach them then. Above 0 for long: whose it is stands in the table above.",
    unit: "short",
    queries: [[sumRate(ofChannel("sora_channel_ice_state_seconds_total"), "state"), "{{state}}"]],
    colors: OUT_OF_REACH_COLORS,
  }),
  timeseries({
    title: "Lost ICE checks by connection",
    description: `Connectivity checks a second without an answer, of the ${LINES} connections that were checked most as they did not answer. Those of one network together: that network.`,
    unit: "cps",
    queries: [
      [
        only(lost, BY_CONNECTION, highest(LINES, repeated(ofChannel, "connection"), BY_CONNECTION)),
        "{{connection_id}}",
      ],
    ],
    many: true,
  }),
];

export const channel = board({
  name: "channel",
  title: "Sora / Channel",
  description: "What goes on in a channel, since when it is bad, and whose connections are.",
  channels: "all",
  rows: [
    { title: "Now", panels: now },
    { title: "Worst connections", panels: connectionTable },
    { title: "Connections", panels: connections },
    { title: "Bit rate", panels: media },
    { title: "Loss", panels: loss },
    { title: "ICE", panels: ice },
  ],
});
