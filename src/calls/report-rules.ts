/**
 * Which field of GetStatsReport becomes which metric. The names are those that dashboards and alerts for this report use
 * already, so some keep a form that this exporter would not choose: a gauge that ends in `_total`, microseconds, counters
 * without `_total`.
 */

import type { Label } from "../catalog/resolve.ts";
import type { ValueType } from "../snapshot/snapshot.ts";

/** The groups that are exported only where the configuration asks for them. */
export type ReportGroup = "client" | "connectionError" | "erlangVm" | "cluster";

/** One rule: a field of the report, or a set of them, and its metric. The first that matches wins. */
export interface ReportRule {
  /** Dotted path with captures, as in the catalog of the statistics; a list's elements stand under their node's name. */
  readonly path: string;
  /** Full name; a capture that it does not hold as `{name}` is a label. */
  readonly name: string;
  readonly type: ValueType;
  readonly help: string;
  /** Labels that the path itself stands for, before those that it captures. */
  readonly labels?: readonly Label[];
  readonly divisor?: number;
  readonly group?: ReportGroup;
}

function bothWays(rules: (way: "received" | "sent") => ReportRule[]): ReportRule[] {
  return [...rules("received"), ...rules("sent")];
}

function counter(path: string, name: string, help: string): ReportRule {
  return { path, name, type: "counter", help };
}

/**
 * Counters that differ in one word of their path, which becomes a label. The words are listed: what Sora adds beside them may
 * be something else (`total_ongoing_connections` is no state), and would be counted in every sum.
 *
 * @param path with the label's name in braces where the word stands
 */
function counters(path: string, words: readonly string[], name: string, help: string): ReportRule[] {
  const label = /\{(\w+)\}/.exec(path)![1]!;
  return words.map((word) => ({
    ...counter(path.replace(`{${label}}`, word), name, help),
    labels: [[label, word]],
  }));
}

const CONNECTIONS_HELP = "Connections of the node, by what became of them";

const CONNECTIONS: readonly ReportRule[] = [
  {
    path: "total_ongoing_connections",
    name: "sora_ongoing_connections_total",
    type: "gauge",
    help: "Connections of the node now",
  },
  ...counters(
    "total_connection_{state}",
    ["created", "updated", "destroyed"],
    "sora_connections_total",
    CONNECTIONS_HELP,
  ),
  ...counters(
    "total_{state}_connections",
    ["successful", "failed"],
    "sora_connections_total",
    CONNECTIONS_HELP,
  ),
  ...counters(
    "total_turn_{proto}_connections",
    ["udp", "tcp"],
    "sora_turn_connections_total",
    "Connections through TURN, by transport protocol",
  ),
  counter("total_duration_sec", "sora_duration_seconds_total", "Time that connections lasted, added up"),
  {
    path: "average_duration_sec",
    name: "sora_average_duration_seconds",
    type: "gauge",
    help: "How long a connection lasts on average",
  },
  {
    path: "average_setup_time_msec",
    name: "sora_average_setup_time_seconds",
    type: "gauge",
    help: "How long it takes on average until a connection is there (Sora: milliseconds)",
    divisor: 1000,
  },
  counter(
    "total_received_invalid_turn_tcp_packet",
    "sora_received_invalid_turn_tcp_packet_total",
    "Packets received through TURN over TCP that were invalid",
  ),
  ...counters(
    "total_session_{state}",
    ["created", "destroyed"],
    "sora_session_total",
    "Sessions of the node, by what became of them",
  ),
];

const WEBHOOKS: readonly ReportRule[] = [
  ...counters(
    "total_auth_webhook_{state}",
    ["allowed", "denied"],
    "sora_successful_auth_webhook_total",
    "Authentication webhooks that were answered, by the answer",
  ),
  ...counters(
    "total_{state}_auth_webhook",
    ["successful", "failed"],
    "sora_auth_webhook_total",
    "Authentication webhooks, by how the request ended",
  ),
  ...["session", "event", "stats"].flatMap((kind) =>
    counters(
      `total_{state}_${kind}_webhook`,
      ["successful", "failed", "ignored"],
      `sora_${kind}_webhook_total`,
      `Webhooks of kind ${kind}, by how the request ended`,
    ),
  ),
];

const TRANSPORT: readonly ReportRule[] = [
  counter(
    "total_sent_srtp_sfu_delay_us",
    "sora_srtp_sent_sfu_delay_us_total",
    "Delay of SRTP packets in Sora, microseconds",
  ),
  ...["received", "sent", "decrypted"].flatMap((way) => [
    counter(`total_${way}_srtp`, `sora_srtp_${way}_packets_total`, `SRTP packets ${way}`),
    counter(`total_${way}_srtp_byte_size`, `sora_srtp_${way}_bytes_total`, `Bytes of SRTP packets ${way}`),
  ]),
  ...bothWays((way) => [
    counter(`total_${way}_sctp`, `sora_sctp_${way}_packets_total`, `SCTP packets ${way}`),
    counter(`total_${way}_sctp_byte_size`, `sora_sctp_${way}_bytes_total`, `Bytes of SCTP packets ${way}`),
  ]),
];

const CLIENTS: readonly ReportRule[] = ["successful", "failed"].map((state) => ({
  path: `sora_client.total_${state}_sora_client_type.{client}`,
  name: "sora_client_type_total",
  type: "counter",
  help: "Connections by kind of client, and by whether they succeeded",
  labels: [["state", state]],
  group: "client",
}));

const ERRORS: readonly ReportRule[] = [
  {
    path: "error.{reason}_error",
    name: "sora_connection_error_total",
    type: "counter",
    help: "Errors while connecting, by reason",
    group: "connectionError",
  },
];

const ERLANG_VM: readonly ReportRule[] = [
  {
    path: "erlang_vm.memory.{key}",
    name: "sora_erlang_vm_memory_{key}",
    type: "gauge",
    help: "Memory of the Erlang VM, in bytes",
    group: "erlangVm",
  },
  ...[
    "context_switches",
    "exact_reductions.total_exact_reductions",
    "io.input",
    "io.output",
    "reductions.total_reductions",
  ].map((path): ReportRule => ({
    path: `erlang_vm.statistics.${path}`,
    name: `sora_erlang_vm_${path.replaceAll(".", "_")}`,
    type: "counter",
    help: `erlang_vm.statistics.${path}, as the Erlang VM counts it`,
    group: "erlangVm",
  })),
  // The rest of `erlang_vm.statistics` nests as the VM likes.
  ...["{key}", "{key}.{key2}", "{key}.{key2}.{key3}"].map((path): ReportRule => ({
    path: `erlang_vm.statistics.${path}`,
    name: `sora_erlang_vm_${path.replaceAll(".", "_")}`,
    type: "gauge",
    help: "Statistics of the Erlang VM, as it gives them",
    group: "erlangVm",
  })),
];

const CLUSTER: readonly ReportRule[] = [
  ...["term", "commit_index"].map((key): ReportRule => ({
    path: `cluster.raft_${key}`,
    name: `sora_cluster_raft_${key}`,
    type: "counter",
    help: `Raft's ${key.replace("_", " ")}, as the node knows it`,
    group: "cluster",
  })),
  ...bothWays((way) => [
    {
      path: `cluster_relay.{node_name}.total_${way}`,
      name: `sora_cluster_relay_${way}_packets_total`,
      type: "counter",
      help: `Packets ${way} between this node and another`,
      group: "cluster",
    },
    {
      path: `cluster_relay.{node_name}.total_${way}_byte_size`,
      name: `sora_cluster_relay_${way}_bytes_total`,
      type: "counter",
      help: `Bytes ${way} between this node and another`,
      group: "cluster",
    },
  ]),
  {
    path: "cluster_relay.{node_name}.plumtree.total_{key}",
    name: "sora_cluster_relay_plumtree_{key}_total",
    type: "counter",
    help: "Messages of the Plumtree broadcast between this node and another",
    group: "cluster",
  },
];

/** Every rule. */
export const REPORT_RULES: readonly ReportRule[] = [
  ...CONNECTIONS,
  ...WEBHOOKS,
  ...TRANSPORT,
  ...CLIENTS,
  ...ERRORS,
  ...ERLANG_VM,
  ...CLUSTER,
];

/** Strings of the report, each a label of a metric that is always 1. */
export const REPORT_INFO = [
  { path: "version", name: "sora_version_info", label: "version", help: "Version of Sora, always 1" },
  {
    path: "cluster.raft_state",
    name: "sora_cluster_raft_state",
    label: "state",
    help: "State of the node in Raft, always 1",
    group: "cluster",
  },
] as const satisfies readonly {
  path: string;
  name: string;
  label: string;
  help: string;
  group?: ReportGroup;
}[];

/** Labels whose values are spelled otherwise than Sora's keys. */
export const REPORT_SPELLINGS: Readonly<Record<string, (key: string) => string>> = {
  reason: (key) => (key === "sdp_generation" ? "sdp" : key),
  client: (key) => {
    if (key === "webrtc_native_client_momo") return "momo";
    if (key === "webrtc_load_testing_tool_zakuro") return "zakuro";
    return key.replace(/^sora_(.+_sdk)$/, "$1");
  },
};
