/** Alerts: is each connection counted once, by one exporter? */

import type { Thresholds } from "../thresholds.ts";
import { alertRule, type AlertingRule, quoted } from "./rule.ts";

/** Makes the alerts. */
export function countingAlerts(t: Thresholds): AlertingRule[] {
  const target = quoted("target");
  // Different Soras never have connections of the same identity; a few may have it where somebody makes them alike.
  const seenTwice = "count by (channel_id, connection_id) (sora_connection_info) > 1";
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
