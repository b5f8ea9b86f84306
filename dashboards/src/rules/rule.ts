/** Rules as Prometheus reads them, and what all alerts have alike. */

import { RUNBOOK_BASE } from "../thresholds.ts";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: { readonly severity: Severity };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
    /** Path of the dashboard that shows it, to be put behind Grafana's address. */
    readonly dashboard: string;
  };
}

/** `critical` wakes someone; `warning` is looked at in working hours. */
export type Severity = "critical" | "warning";

export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** What is said of an alert in the source. */
export interface AlertDefinition {
  readonly name: string;
  readonly severity: Severity;
  /** PromQL; indentation that all its lines share is taken away. */
  readonly expr: string;
  /** How long it must be true; at once where it is left out. */
  readonly for?: string;
  /** How long it goes on firing afterwards. */
  readonly keepFiringFor?: string;
  /** One line, without numbers: what Alertmanager puts into a subject. */
  readonly summary: string;
  /** What is measured, with the value. */
  readonly description: string;
  readonly dashboard: "overview" | "channel" | "transport" | "exporter";
  /** Labels of the alert that are variables of the dashboard. */
  readonly variables: readonly ("job" | "target" | "channel_id")[];
}

/** Makes the rule. The runbook's anchor is the alert's name in lower case, as GitHub makes it from the heading. */
export function alertRule(definition: AlertDefinition): AlertingRule {
  const { name, severity, expr, keepFiringFor, summary, description, dashboard, variables } = definition;
  return {
    alert: name,
    expr: dedent(expr),
    ...(definition.for === undefined ? {} : { for: definition.for }),
    ...(keepFiringFor === undefined ? {} : { keep_firing_for: keepFiringFor }),
    labels: { severity },
    annotations: {
      summary,
      description,
      runbook_url: `${RUNBOOK_BASE}#${name.toLowerCase()}`,
      dashboard: `/d/sora-${dashboard}?${variables
        .map((label) => `var-${label}={{ $labels.${label} | urlquery }}`)
        .join("&")}`,
    },
  };
}

/** Makes a recording rule; see `AlertDefinition.expr`. */
export function recordingRule(record: string, expr: string): RecordingRule {
  return { record, expr: dedent(expr) };
}

/**
 * A label in a text that people read. Quoted as Go does it: users choose channel_id, and a line break in it must not
 * look like a text of ours.
 */
export function quoted(label: "target" | "channel_id" | "instance" | "node_name" | "operation"): string {
  return `{{ printf "%q" $labels.${label} }}`;
}

function dedent(text: string): string {
  const lines = text.replace(/^\n/, "").trimEnd().split("\n");
  const indent = Math.min(...lines.filter((line) => line !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join("\n");
}
