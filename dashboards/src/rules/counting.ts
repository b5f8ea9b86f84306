/** Alerts: is each connection counted once, by one exporter? */

import type { Thresholds } from "../thresholds.ts";
import { alertRule, type AlertingRule, quoted } from "./rule.ts";

/** Makes the alerts. */
export function countingAlerts(t: Thresholds): AlertingRule[] {
  const target = quoted("target");
  // Different Soras never have connections of the same identity; a few may have it where somebody makes them alike.
  const seenTwice = "count by (channel_id, connection_id) (sora_connection_info) > 1";
  // The same node has the same number of connections, whoever asks, but for the moments at which they ask.
  const nodesOf = (scope: "cluster" | "node") =>
    `avg_over_time(sora_target_connections{node_name!=""}[${t.nodeCountedTwice.window}]) and on (job, instance, target) sora_exporter_scope_info{scope="${scope}"}`;
  return [
    alertRule({
      name: "ScopesMixed",
      severity: "warning",
      expr: `
        count by (job, target) (sora_exporter_scope_info{scope="cluster"})
          + on (job, target) count by (job, target) (sora_exporter_scope_info{scope="node"})`,
      for: t.scopesMixed.for,
      summary: `Sora ${target} is counted as a cluster and by the node`,
      description: `Of {{ $value }} exporters of Sora ${target} some ask for the whole cluster and some for their node: what both see is counted twice.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "NodeCountedTwice",
      severity: "warning",
      // Under one name ScopesMixed says it.
      expr: `
        count by (job, target) (
          sum by (job, instance, target, node_name) (${nodesOf("cluster")})
            / on (node_name) group_left
          max by (node_name) (sum by (job, instance, target, node_name) (${nodesOf("node")}))
            > ${t.nodeCountedTwice.likeness} < ${1 / t.nodeCountedTwice.likeness}
        )
          unless on (job, target) sora_exporter_scope_info{scope="node"}`,
      for: t.nodeCountedTwice.for,
      summary: `Nodes of Sora ${target} are counted by an exporter of their own, too`,
      description: `{{ $value }} of the nodes that the exporter of the whole cluster ${target} sees have an exporter of their own under another name or job: their connections are counted twice.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "CountedTwice",
      severity: "warning",
      expr: `
        count by (job, target) (sora_connection_info and on (channel_id, connection_id) (${seenTwice}))
          / count by (job, target) (sora_connection_info)
          > ${t.countedTwice.share}`,
      for: t.countedTwice.for,
      summary: `Connections of Sora ${target} are counted twice`,
      description: `{{ $value | humanizePercentage }} of the connections of Sora ${target} come from more than one exporter or scrape.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
  ];
}
