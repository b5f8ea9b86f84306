/** The tables of METRICS.md for the calls besides GetStatsAllConnections. */

import { CLUSTER_NODE } from "../src/calls/cluster.ts";
import type { CallMetric } from "../src/calls/call-metric.ts";
import { CONNECTION_METRICS } from "../src/calls/connections.ts";
import { LICENSE_METRICS } from "../src/calls/license.ts";
import { ARCHIVING_SECONDS, RECORDING_METRICS } from "../src/calls/recording.ts";
import { REPORT_INFO, REPORT_RULES, type ReportGroup } from "../src/calls/report-rules.ts";
import { unitOf } from "../src/snapshot/snapshot.ts";
import { code, table } from "./markdown.ts";

const HEAD = ["Metric", "Type", "Unit", "Labels", "Help", "Sora"] as const;

/** Flag of each optional group. */
const GROUP_FLAGS: Readonly<Record<ReportGroup, string>> = {
  client: "--sora.client-metrics",
  connectionError: "--sora.connection-error-metrics",
  erlangVm: "--sora.erlang-vm-metrics",
  cluster: "--sora.cluster-metrics",
};

/** By operation, the table of its metrics. */
export function callTables(): Record<
  | "ListConnections"
  | "GetStatsReport"
  | "ListClusterNodes"
  | "GetLicense"
  | "ListStartedRecording"
  | "ListArchiving",
  string
> {
  return {
    ListConnections: metricTable(Object.values(CONNECTION_METRICS)),
    GetStatsReport: reportTables(),
    ListClusterNodes: metricTable([CLUSTER_NODE]),
    GetLicense: metricTable(Object.values(LICENSE_METRICS)),
    ListStartedRecording: metricTable(Object.values(RECORDING_METRICS)),
    ListArchiving: metricTable([ARCHIVING_SECONDS]),
  };
}

function metricTable(metrics: readonly CallMetric[]): string {
  return table(HEAD, metrics.map(row));
}

function row({ name, type, labels, help, sora }: CallMetric): string[] {
  return [code(name), type, unitOf(name) ?? "", labels.map(code).join(", "), help, sora];
}

function reportTables(): string {
  const groups: readonly (ReportGroup | undefined)[] = [
    undefined,
    "client",
    "connectionError",
    "erlangVm",
    "cluster",
  ];
  return groups
    .map((group) => {
      const intro = group === undefined ? "" : `With ${code(GROUP_FLAGS[group])}:\n\n`;
      return intro + metricTable(reportMetrics(group));
    })
    .join("\n\n");
}

/** One row a metric, with all fields that it comes from; a part of the name that Sora's key gives stands in braces. */
function reportMetrics(group: ReportGroup | undefined): CallMetric[] {
  const byName = new Map<string, { metric: CallMetric; paths: string[]; labels: Set<string> }>();
  const add = (metric: CallMetric, path: string) => {
    const entry = byName.get(metric.name) ?? { metric, paths: [], labels: new Set<string>() };
    byName.set(metric.name, entry);
    entry.paths.push(code(path));
    for (const label of metric.labels) entry.labels.add(label);
  };
  for (const rule of REPORT_RULES.filter((rule) => rule.group === group)) {
    const captured = [...rule.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    const labels = [
      ...captured.filter((key) => !rule.name.includes(`{${key}}`)),
      ...(rule.labels ?? []).map(([label]) => label),
    ];
    add({ ...rule, labels, sora: "" }, rule.path);
  }
  for (const info of REPORT_INFO.filter((info) => ("group" in info ? info.group : undefined) === group))
    add({ ...info, type: "gauge", labels: [info.label], sora: "" }, info.path);
  return [...byName.values()].map(({ metric, paths, labels }) => ({
    ...metric,
    labels: [...labels],
    sora: paths.join("<br>"),
  }));
}
