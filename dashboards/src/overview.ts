/** Overview: is it well, and which channel is bad? Of targets and channels alone, so that it works at any size. */

import { board, CHANNEL_KEYS } from "./board.ts";
import {
  AGE_STEPS,
  COMINGS_COLORS,
  EXPIRY_STEPS,
  LEVEL_COLORS,
  LICENSE_STEPS,
  LOST_STEPS,
  MISS_STEPS,
  NACK_COLORS,
  NONE_STEPS,
  UNSTABLE_STEPS,
  UP,
} from "./colors.ts";
import { stat, table, timeseries } from "./panels.ts";
import {
  BY_CHANNEL,
  BY_TARGET,
  lostChecks,
  lostShare,
  max,
  missShare,
  ofChannel,
  ofExporters,
  ofTarget,
  only,
  rate,
  repeatedChecks,
  sum,
  sumRate,
  unstableShare,
  weightedUnstable,
  worst,
} from "./promql.ts";

const LEVELS = "sora_target_unstable_level_connections";
const CHANNEL_LEVELS = "sora_channel_unstable_level_connections";
const CHANNEL_MISSES = ofChannel("sora_channel_rtcp_generic_nack_cache_requests_total", 'result="miss"');
const CHANNEL_PLI = ofChannel("sora_channel_rtcp_received_messages_total", 'type="psfb_pli"');
const CONNECTIONS = sum(ofTarget("sora_target_connections"), BY_TARGET);
const LICENSED = max(ofTarget("sora_license_max_connections"), BY_TARGET);

const now = [
  stat({
    title: "Exporter",
    description:
      "Whether Prometheus can scrape the exporter. Down: nothing here is about now; look whether its process runs. No data: Prometheus has not had an answer of it for a day.",
    unit: "none",
    queries: [[`min by (job, instance) (${ofExporters("up")})`, "{{instance}}"]],
    words: UP,
  }),
  stat({
    title: "Sora answers",
    description:
      "Whether the last poll of Sora's statistics worked. Down: the reason is on the Exporter dashboard. No data: the exporter is down.",
    unit: "none",
    queries: [[`min by (${BY_TARGET}) (${ofTarget("sora_up")})`, "{{target}}"]],
    words: UP,
  }),
  stat({
    title: "Age of the data",
    description:
      "Time since the last good answer. It goes up and down by the interval of the polls; a steady rise means that everything else here is old.",
    unit: "s",
    queries: [
      [max(`time() - ${ofTarget("sora_last_poll_success_timestamp_seconds")}`, BY_TARGET), "{{target}}"],
    ],
    steps: AGE_STEPS,
  }),
  stat({
    title: "Connections",
    description: "Connections now. A sudden fall is an outage or a deployment: see Joins and leaves.",
    unit: "short",
    queries: [[CONNECTIONS, "{{target}}"]],
  }),
  stat({
    title: "Channels",
    description: "Channels that have connections now.",
    unit: "short",
    queries: [[sum(ofTarget("sora_target_channels"), BY_TARGET), "{{target}}"]],
  }),
  stat({
    title: "Unstable",
    description:
      "Share of the connections whose unstable level is above 0. No data: this Sora does not tell unstable levels; look at the retransmissions then.",
    unit: "percentunit",
    decimals: 1,
    queries: [[unstableShare(ofTarget, "target", BY_TARGET), "{{target}}"]],
    steps: UNSTABLE_STEPS,
  }),
  stat({
    title: "Licence used",
    description:
      "Share of the connections that the licence allows. At 100 % Sora refuses new connections: find out whether they are wanted, or get a larger licence.",
    unit: "percentunit",
    decimals: 1,
    queries: [[`${CONNECTIONS} / (${LICENSED} > 0)`, "{{target}}"]],
    steps: LICENSE_STEPS,
  }),
  stat({
    title: "Licence expires in",
    description: "Time to the end of the licence's last month. Order the next one before it is red.",
    unit: "s",
    decimals: 0,
    queries: [
      [
        `min by (${BY_TARGET}) (${ofTarget("sora_license_expired_at_timestamp_seconds")} - time())`,
        "{{target}}",
      ],
    ],
    steps: EXPIRY_STEPS,
  }),
];

const connections = [
  timeseries({
    title: "Connections by unstable level",
    description:
      "Connections at each level, from 0 (stable) to 3 (worst), as Sora judges them. Yellow to red that grows is bad: the worst channels are below. No data: this Sora does not tell levels.",
    unit: "short",
    queries: [[sum(ofTarget(LEVELS), "level"), "level {{level}}"]],
    colors: LEVEL_COLORS,
    stacked: true,
    width: 12,
  }),
  timeseries({
    title: "Unstable share by level",
    description:
      "Share of the connections at each level above 0. Compare with what is usual at this hour; level 3 that stays means that users see it.",
    unit: "percentunit",
    queries: [
      [
        `${sum(ofTarget(LEVELS, 'level!="0"'), "level")} / on () group_left () ${sum(ofTarget(LEVELS))}`,
        "level {{level}}",
      ],
    ],
    colors: LEVEL_COLORS,
    stacked: true,
    width: 12,
  }),
  timeseries({
    title: "Connections by role",
    description: "Connections by what they do. The role is empty where ListConnections does not tell it.",
    unit: "short",
    queries: [[sum(ofTarget("sora_target_connections"), "role"), "{{role}}"]],
    stacked: true,
  }),
  timeseries({
    title: "Joins and leaves per minute",
    description:
      "Connections that came and went between polls. Many leaves at once are an outage of Sora or of a network; many of both, clients that connect again and again.",
    unit: "cpm",
    queries: [
      [`${sumRate(ofTarget("sora_target_joins_total"))} * 60`, "joins"],
      [`${sumRate(ofTarget("sora_target_leaves_total"))} * 60`, "leaves"],
    ],
    colors: COMINGS_COLORS,
  }),
  timeseries({
    title: "Connections and licence",
    description: "Connections beside what the licence allows. Where they meet, Sora refuses new ones.",
    unit: "short",
    queries: [
      [CONNECTIONS, "connections {{target}}"],
      [LICENSED, "licence {{target}}"],
    ],
  }),
];

const traffic = [
  timeseries({
    title: "Bit rate",
    description:
      "RTP and RTCP that Sora receives and sends. A fall without a fall of the connections: clients send less, or their networks carry less.",
    unit: "bps",
    queries: [
      [`${sumRate(ofTarget("sora_target_received_bytes_total"), BY_TARGET)} * 8`, "received {{target}}"],
      [`${sumRate(ofTarget("sora_target_sent_bytes_total"), BY_TARGET)} * 8`, "sent {{target}}"],
    ],
    width: 12,
  }),
  timeseries({
    title: "Packets",
    description: "RTP and RTCP packets that Sora receives and sends: what its CPU and network cards work on.",
    unit: "pps",
    queries: [
      [sumRate(ofTarget("sora_target_received_packets_total"), BY_TARGET), "received {{target}}"],
      [sumRate(ofTarget("sora_target_sent_packets_total"), BY_TARGET), "sent {{target}}"],
    ],
    width: 12,
  }),
];

const NACKS = "sora_target_rtcp_generic_nack_cache_requests_total";
const trouble = [
  timeseries({
    title: "Retransmission requests",
    description:
      "Packets that clients missed and asked for again (NACK). Answered: loss that was repaired. Missed: Sora no longer had the packet; video freezes until the next key frame.",
    unit: "cps",
    queries: [
      [sumRate(ofTarget(NACKS, 'result="hit"')), "answered"],
      [sumRate(ofTarget(NACKS, 'result="miss"')), "missed"],
    ],
    colors: NACK_COLORS,
    stacked: true,
    width: 6,
  }),
  timeseries({
    title: "Requests missed",
    description:
      "Share of the retransmission requests that Sora could not answer. High: long delays or heavy loss; the worst channels are below.",
    unit: "percentunit",
    queries: [[missShare(ofTarget, "target", BY_TARGET), "{{target}}"]],
    steps: MISS_STEPS,
    width: 6,
  }),
  timeseries({
    title: "PLI per minute",
    description:
      "Requests for key frames: sent by Sora as too many packets were missing (triggered), sent in all, received from clients. A storm raises the bit rate and blurs video.",
    unit: "cpm",
    queries: [
      [`${sumRate(ofTarget("sora_target_rtcp_pli_triggers_total"))} * 60`, "triggered"],
      [`${sumRate(ofTarget("sora_target_rtcp_sent_messages_total", 'type="psfb_pli"'))} * 60`, "sent"],
      [
        `${sumRate(ofTarget("sora_target_rtcp_received_messages_total", 'type="psfb_pli"'))} * 60`,
        "received",
      ],
    ],
    colors: { triggered: "red" },
    width: 6,
  }),
  timeseries({
    title: "ICE checks lost",
    description:
      "Share of the connectivity checks without an answer: the path to clients is broken. It comes before connections are lost. More on the Transport dashboard.",
    unit: "percentunit",
    queries: [[lostShare(ofTarget, "target", BY_TARGET), "{{target}}"]],
    steps: LOST_STEPS,
    width: 6,
  }),
];

const WORST_COUNT = 25;
const byChannel = (expr: string) => sum(expr, BY_CHANNEL);
const share = unstableShare(ofChannel, "channel", BY_CHANNEL);
const misses = byChannel(rate(CHANNEL_MISSES));
const pli = byChannel(rate(CHANNEL_PLI));
const lost = lostChecks(ofChannel, "channel", BY_CHANNEL);
const unstable = weightedUnstable(ofChannel, "channel", BY_CHANNEL);
const repeats = repeatedChecks(ofChannel, "channel", BY_CHANNEL);
/** The channels that are worst in any regard are shown in every regard. */
const ofWorst = (expr: string) =>
  only(expr, BY_CHANNEL, worst(WORST_COUNT, [unstable, misses, pli, repeats]));

const channels = [
  table({
    title: "Worst channels",
    description: `The ${WORST_COUNT} channels with most unstable connections (Weight: one at level 2 counts as two, one at level 3 as three), missed retransmissions, PLI from their clients, or ICE checks. A click on a channel shows it. Without unstable levels (this Sora does not tell them) those columns are absent.`,
    unit: "short",
    height: 12,
    keys: CHANNEL_KEYS,
    columns: [
      { name: "Connections", expr: ofWorst(byChannel(ofChannel("sora_channel_connections"))) },
      { name: "Weight", expr: ofWorst(unstable), steps: NONE_STEPS },
      {
        name: "Unstable",
        expr: ofWorst(share),
        unit: "percentunit",
        decimals: 0,
        steps: UNSTABLE_STEPS,
      },
      ...["1", "2", "3"].map((level) => ({
        name: `Level ${level}`,
        expr: ofWorst(byChannel(ofChannel(CHANNEL_LEVELS, `level="${level}"`))),
        steps: [
          [null, "text"],
          [1, LEVEL_COLORS[`level ${level}` as keyof typeof LEVEL_COLORS]],
        ] as const,
      })),
      { name: "NACK missed /s", expr: ofWorst(misses), decimals: 2, steps: NONE_STEPS },
      { name: "PLI /s", expr: ofWorst(pli), decimals: 2, steps: NONE_STEPS },
      { name: "Lost ICE checks /s", expr: ofWorst(lost), decimals: 2, steps: NONE_STEPS },
    ],
    sortBy: ["Weight", "NACK missed /s", "Lost ICE checks /s"],
  }),
];

const node = [
  stat({
    title: "Version",
    description: "Version of Sora, from GetStatsReport of the node that is asked.",
    unit: "none",
    queries: [[max(ofTarget("sora_version_info"), "target, version"), "{{version}}"]],
    named: true,
    width: 4,
    height: 8,
  }),
  timeseries({
    title: "Setup time",
    description:
      "How long it takes on average until a connection is there, by GetStatsReport of the node that is asked. A rise: signaling, the authentication webhook or ICE is slow.",
    unit: "s",
    queries: [[max(ofTarget("sora_average_setup_time_seconds"), BY_TARGET), "{{target}}"]],
    width: 10,
  }),
  timeseries({
    title: "Connections made and failed per minute",
    description:
      "By GetStatsReport of the node that is asked. Failed that grow: clients cannot connect; look at Sora's log and at the authentication webhook.",
    unit: "cpm",
    queries: [
      [
        `${sumRate(ofTarget("sora_connections_total", 'state=~"successful|failed"'), "state")} * 60`,
        "{{state}}",
      ],
    ],
    colors: { successful: "green", failed: "red" },
    width: 10,
  }),
];

const cluster = [
  table({
    title: "Cluster nodes",
    description:
      "The nodes as ListClusterNodes tells them, with --sora.cluster-metrics. A node that is away serves nobody: look at its host, then at Sora's log.",
    unit: "none",
    width: 12,
    height: 8,
    keys: [
      { label: "node_name", name: "Node" },
      { label: "mode", name: "Mode" },
      { label: "node_type", name: "Type" },
      { label: "target", name: "Target" },
    ],
    columns: [
      {
        name: "Connected",
        expr: `min by (target, node_name, mode, node_type) (${ofTarget("sora_cluster_node")})`,
        words: { 0: ["away", "red"], 1: ["connected", "green"] },
        steps: [
          [null, "red"],
          [1, "green"],
        ],
      },
    ],
    sortBy: [],
  }),
  timeseries({
    title: "Connections by node",
    description:
      "Connections by node, as ListConnections tells it. A node without any, or one that lost them at once, is worth a look. Empty where Sora does not tell the node.",
    unit: "short",
    queries: [[sum(ofTarget("sora_target_connections"), "node_name"), "{{node_name}}"]],
    stacked: true,
    width: 12,
  }),
];

export const overview = board({
  name: "overview",
  title: "Sora / Overview",
  description: "Is Sora well, and which channel is bad? Of targets and channels alone, at any size.",
  channels: "some",
  rows: [
    { title: "Now", panels: now },
    { title: "Worst channels", panels: channels },
    { title: "Connections", panels: connections },
    { title: "Trouble", panels: trouble },
    { title: "Traffic", panels: traffic },
    { title: "Node", panels: node },
    { title: "Cluster", panels: cluster },
  ],
});
