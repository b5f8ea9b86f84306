/** Transport: how packets get to clients and back, of whole targets and by channel. */

import { board, CHANNEL_KEYS } from "./board.ts";
import { NONE_STEPS, OUT_OF_REACH_COLORS, SCTP_COLORS } from "./colors.ts";
import { table, timeseries } from "./panels.ts";
import {
  BY_CHANNEL,
  highest,
  lostChecks,
  lostShare,
  ofChannel,
  ofTarget,
  only,
  repeatedChecks,
  sum,
  sumRate,
  worst,
} from "./promql.ts";

const perSecond = (metric: string, by?: string, matchers?: string) =>
  sumRate(ofTarget(`sora_target_${metric}`, matchers), by);
const bits = (metric: string, by?: string) => `${perSecond(metric, by)} * 8`;

const ice = [
  timeseries({
    title: "ICE state changes per minute",
    description:
      "connected → checking is the first sign of trouble; checking → connected is the recovery; disconnected → failed ends a connection. Which channels: see the table at the end.",
    unit: "cpm",
    queries: [[`${perSecond("ice_state_transitions_total", "from, to")} * 60`, "{{from}} → {{to}}"]],
    colors: {
      "disconnected → failed": "red",
      "connected → checking": "yellow",
      "checking → connected": "green",
    },
  }),
  timeseries({
    title: "Lost ICE checks",
    description:
      "Connectivity checks a second without an answer. Many channels at once: Sora's own network. One channel: its clients'.",
    unit: "cps",
    queries: [[lostChecks(ofTarget, "target", "job, target"), "{{target}}"]],
  }),
  timeseries({
    title: "Share of ICE checks lost, by state",
    description:
      "Of the checks sent in each state, the share without an answer. In connected it should be near 0; in disconnected most are lost.",
    unit: "percentunit",
    max: 1,
    queries: [[lostShare(ofTarget, "target", "state"), "{{state}}"]],
    colors: { connected: "green", checking: "yellow", disconnected: "red" },
  }),
  timeseries({
    title: "ICE checks",
    description: "Connectivity checks sent and answered, by state. The two lines of a state should be one.",
    unit: "cps",
    queries: [
      [perSecond("ice_checks_sent_total", "state"), "sent {{state}}"],
      [perSecond("ice_checks_answered_total", "state"), "answered {{state}}"],
    ],
    width: 12,
  }),
  timeseries({
    title: "Connections out of reach",
    description:
      "How many connections were in ICE's states checking and disconnected, on average. A step that stays: a network is gone, not single clients.",
    unit: "short",
    queries: [[perSecond("ice_state_seconds_total", "state"), "{{state}}"]],
    colors: OUT_OF_REACH_COLORS,
    width: 12,
  }),
];

const ERRORS = 'type=~".*_error"';
/** Types of what Sora could make nothing of. */
const UNUSABLE = 'type=~".*(invalid|unknown|expired).*"';
const turn = [
  timeseries({
    title: "TURN: media carried",
    description:
      "Messages that carry media through TURN, a second. They cost more than direct paths; a jump means that clients no longer get through otherwise.",
    unit: "mps",
    queries: [
      [
        perSecond("turn_received_messages_total", "type", 'type=~"channel_data|send_indication"'),
        "received {{type}}",
      ],
      [
        perSecond("turn_sent_messages_total", "type", 'type=~"channel_data|data_indication"'),
        "sent {{type}}",
      ],
    ],
  }),
  timeseries({
    title: "TURN: requests",
    description:
      "Requests of clients a second, by type. allocate_request far above the joins: clients that try again and again.",
    unit: "mps",
    queries: [[perSecond("turn_received_messages_total", "type", 'type=~".*_request"'), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "TURN: successes sent",
    description: "Good answers of Sora a second, by type. They should be as many as the requests.",
    unit: "mps",
    queries: [[perSecond("turn_sent_messages_total", "type", 'type=~".*_success"'), "{{type}}"]],
    many: true,
  }),
  timeseries({
    title: "TURN: errors",
    description:
      "Errors that Sora sent or got, a second, by type. Many allocate_error or refresh_error: wrong or expired credentials, or an attack. Which channels: see the table at the end.",
    unit: "mps",
    queries: [
      [perSecond("turn_sent_messages_total", "type", ERRORS), "sent {{type}}"],
      [perSecond("turn_received_messages_total", "type", ERRORS), "received {{type}}"],
    ],
    many: true,
    width: 12,
  }),
  timeseries({
    title: "TURN: unusable messages",
    description:
      "Messages that were invalid, unknown or for a channel number that had expired, a second. A flood is a broken client, or somebody who knocks at the port.",
    unit: "mps",
    queries: [[perSecond("turn_received_messages_total", "type", UNUSABLE), "{{type}}"]],
    many: true,
    width: 12,
  }),
];

const dtls = [
  timeseries({
    title: "DTLS packets",
    description:
      "Handshakes of connections that begin. Much received and little sent, without joins: handshakes that do not end.",
    unit: "pps",
    queries: [
      [perSecond("dtls_received_packets_total"), "received"],
      [perSecond("dtls_sent_packets_total"), "sent"],
    ],
  }),
  timeseries({
    title: "SCTP bit rate",
    description: "What carries the data channels of all connections.",
    unit: "bps",
    queries: [
      [bits("sctp_received_bytes_total"), "received"],
      [bits("sctp_sent_bytes_total"), "sent"],
    ],
  }),
  timeseries({
    title: "SCTP packets",
    description:
      "SCTP packets, and those that were invalid or unknown. Invalid or unknown above 0 for long: a kind of client that is broken.",
    unit: "pps",
    queries: [
      [perSecond("sctp_received_packets_total"), "received"],
      [perSecond("sctp_sent_packets_total"), "sent"],
      [perSecond("sctp_received_invalid_packets_total"), "invalid"],
      [perSecond("sctp_received_unknown_packets_total"), "unknown"],
    ],
    colors: SCTP_COLORS,
  }),
  timeseries({
    title: "SCTP chunks received by type",
    description:
      "Chunks from clients, by type. init and cookie_echo come with joins; abort and shutdown with leaves.",
    unit: "cps",
    queries: [[perSecond("sctp_received_chunks_total", "type"), "{{type}}"]],
    many: true,
    width: 12,
  }),
  timeseries({
    title: "SCTP chunks sent by type",
    description: "Chunks to clients, by type. forward_tsn that grows: messages are given up; see below.",
    unit: "cps",
    queries: [[perSecond("sctp_sent_chunks_total", "type"), "{{type}}"]],
    many: true,
    width: 12,
  }),
];

const LABELS = 15;
/** By label of data channels, which users choose as they like: those alone that carry most. */
function byLabel(metric: string): string {
  return only(
    perSecond(metric, "label"),
    "label",
    highest(LABELS, ofTarget(`sora_target_${metric}`), "label"),
  );
}
const dataChannels = [
  timeseries({
    title: "Data channels: bit rate by label",
    description: `Bytes of messages, of the ${LABELS} labels with most. A label that nobody knows is one that a user made up.`,
    unit: "bps",
    queries: [
      [`(${byLabel("data_channel_received_bytes_total")}) * 8`, "{{label}} received"],
      [`(${byLabel("data_channel_sent_bytes_total")}) * 8`, "{{label}} sent"],
    ],
    many: true,
  }),
  timeseries({
    title: "Data channels: messages by label",
    description: `Messages, of the ${LABELS} labels with most.`,
    unit: "mps",
    queries: [
      [byLabel("data_channel_received_messages_total"), "{{label}} received"],
      [byLabel("data_channel_sent_messages_total"), "{{label}} sent"],
    ],
    many: true,
  }),
  timeseries({
    title: "Data channels: given up and retransmitted",
    description: `Messages, of the ${LABELS} labels with most. Abandoned: clients never got them. Retransmitted: loss that was repaired.`,
    unit: "mps",
    queries: [
      [byLabel("data_channel_abandon_messages_total"), "{{label}} abandoned"],
      [byLabel("data_channel_retransmit_messages_total"), "{{label}} retransmitted"],
    ],
    many: true,
  }),
];

const WORST_COUNT = 25;
const perChannel = (metric: string, matchers?: string) =>
  sumRate(ofChannel(`sora_channel_${metric}`, matchers), BY_CHANNEL);
const figures = {
  lost: lostChecks(ofChannel, "channel", BY_CHANNEL),
  failed: `${perChannel("ice_state_transitions_total", 'to="failed"')} * 60`,
  turn: perChannel("turn_sent_messages_total", ERRORS),
  abandoned: perChannel("data_channel_abandon_messages_total"),
};
const repeats = repeatedChecks(ofChannel, "channel", BY_CHANNEL);
/** The channels that are worst in any regard are shown in every regard. */
const ofWorst = (expr: string) =>
  only(expr, BY_CHANNEL, worst(WORST_COUNT, [repeats, figures.failed, figures.turn, figures.abandoned]));
const channels = [
  table({
    title: "Channels with the worst transport",
    description: `The ${WORST_COUNT} channels with most of each kind of trouble. A click on a channel shows it.`,
    unit: "short",
    height: 11,
    keys: CHANNEL_KEYS,
    columns: [
      {
        name: "Connections",
        expr: ofWorst(sum(ofChannel("sora_channel_connections"), BY_CHANNEL)),
      },
      { name: "Lost ICE checks /s", expr: ofWorst(figures.lost), decimals: 2, steps: NONE_STEPS },
      { name: "ICE failed /min", expr: ofWorst(figures.failed), decimals: 2, steps: NONE_STEPS },
      { name: "TURN errors sent /s", expr: ofWorst(figures.turn), decimals: 2, steps: NONE_STEPS },
      { name: "Messages abandoned /s", expr: ofWorst(figures.abandoned), decimals: 2, steps: NONE_STEPS },
    ],
    sortBy: ["Lost ICE checks /s", "ICE failed /min"],
  }),
];

export const transport = board({
  name: "transport",
  title: "Sora / Transport",
  description: "How packets get to clients and back: ICE, TURN, DTLS, SCTP and data channels, at any size.",
  channels: "some",
  rows: [
    { title: "ICE", panels: ice },
    { title: "TURN", panels: turn },
    { title: "DTLS and SCTP", panels: dtls },
    { title: "Data channels", panels: dataChannels },
    { title: "By channel", panels: channels },
  ],
});
