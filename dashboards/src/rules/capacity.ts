/** Alerts on what runs out or goes missing: the licence, nodes, webhooks, room for series, the exporter's own thread. */

import type { Thresholds } from "../thresholds.ts";
import { RECORDED } from "./recording.ts";
import { alertRule, type AlertDefinition, type AlertingRule, quoted } from "./rule.ts";

const target = quoted("target");
const ofTarget = ["job", "target"] as const;

/** Makes the alerts. */
export function capacityAlerts(t: Thresholds): AlertingRule[] {
  return [...licenseAlerts(t), clusterNodeGone(t), authWebhookFailing(t), ...exporterAlerts(t)];
}

function licenseAlerts({ license }: Thresholds): AlertingRule[] {
  const used = (share: number): Pick<AlertDefinition, "expr" | "dashboard" | "variables"> => ({
    expr: `
      ${RECORDED.connections}
        / (max by (job, target) (sora_license_max_connections) > 0)
        >= ${share}`,
    dashboard: "overview",
    variables: ofTarget,
  });
  const expires = (seconds: number): Pick<AlertDefinition, "expr" | "dashboard" | "variables"> => ({
    expr: `min by (job, target) (sora_license_expired_at_timestamp_seconds) - time() < ${seconds}`,
    dashboard: "overview",
    variables: ofTarget,
  });
  return [
    alertRule({
      ...used(license.nearlyUsedUp),
      name: "LicenseNearlyUsedUp",
      severity: "warning",
      for: license.nearlyUsedUpFor,
      summary: `The licence of Sora ${target} has few connections left`,
      description: `{{ $value | humanizePercentage }} of the connections that the licence of Sora ${target} allows are in use.`,
    }),
    alertRule({
      ...used(license.usedUp),
      name: "LicenseUsedUp",
      severity: "critical",
      for: license.usedUpFor,
      summary: `The licence of Sora ${target} has no connection left`,
      description: `{{ $value | humanizePercentage }} of the connections that the licence of Sora ${target} allows are in use: who comes now is refused.`,
    }),
    alertRule({
      ...expires(license.expiringSeconds),
      name: "LicenseExpiring",
      severity: "warning",
      summary: `The licence of Sora ${target} ends soon`,
      description: `The licence of Sora ${target} ends in {{ $value | humanizeDuration }}.`,
    }),
    alertRule({
      ...expires(license.expiringCriticalSeconds),
      name: "LicenseExpiringCritical",
      severity: "critical",
      summary: `The licence of Sora ${target} ends in days, or has ended`,
      description: `The licence of Sora ${target} ends in {{ $value | humanizeDuration }} (with a minus, it has ended).`,
    }),
  ];
}

function clusterNodeGone(t: Thresholds): AlertingRule {
  const node = quoted("node_name");
  return alertRule({
    name: "ClusterNodeGone",
    severity: "critical",
    // A node that is not connected has no mode, so it is another series than before. Temporary nodes may go; Sora does not
    // tell of a node that is not connected that it is one, so it is remembered.
    expr: `
      min by (job, target, node_name) (sora_cluster_node{node_type!="temporary"}) == 0
        unless on (job, target, node_name) present_over_time(sora_cluster_node{node_type="temporary"}[${t.clusterNodeGone.temporaryMemory}])
      or (
        0 * (max by (job, target, node_name) (max_over_time(sora_cluster_node{node_type="regular"}[${t.clusterNodeGone.memory}])) == 1)
          unless on (job, target, node_name) sora_cluster_node
          and on (job, target) sora_cluster_node
      )`,
    for: t.clusterNodeGone.for,
    summary: `Node ${node} is gone from the cluster of Sora ${target}`,
    description: `Node ${node} of Sora ${target} is not connected to the cluster, or is no longer in its list.`,
    dashboard: "overview",
    variables: ofTarget,
  });
}

function authWebhookFailing(t: Thresholds): AlertingRule {
  const { share, min } = t.authWebhookFailing;
  const requests = (matcher: string) =>
    `sum by (job, target) (increase(sora_auth_webhook_total${matcher}[${t.rateWindow}]))`;
  return alertRule({
    name: "AuthWebhookFailing",
    severity: "critical",
    expr: `
      ${requests('{state="failed"}')} / (${requests("")} > 0) > ${share}
        and ${requests('{state="failed"}')} >= ${min}`,
    for: t.authWebhookFailing.for,
    keepFiringFor: t.keepFiringFor,
    summary: `Nobody can connect to Sora ${target}: the authentication webhook fails`,
    description: `{{ $value | humanizePercentage }} of the authentication webhooks of Sora ${target} fail; each is a user who cannot connect.`,
    dashboard: "overview",
    variables: ofTarget,
  });
}

function exporterAlerts(t: Thresholds): AlertingRule[] {
  return [
    alertRule({
      name: "SeriesDropped",
      severity: "warning",
      expr: `sum by (job, target) (increase(sora_exporter_series_dropped_total[${t.seriesDropped.window}])) > 0`,
      for: t.seriesDropped.for,
      summary: `Sora ${target} has more series than the exporter may show`,
      description: `In the last ${t.seriesDropped.window} some {{ $value | humanize }} series of Sora ${target} were left out, added up over the polls.`,
      dashboard: "exporter",
      variables: ofTarget,
    }),
    alertRule({
      name: "EngineRestarted",
      severity: "warning",
      expr: `sum by (job, instance) (increase(sora_exporter_engine_restarts_total[${t.engineRestarted.window}])) > 0`,
      summary: `The exporter ${quoted("instance")} had to start its engine anew`,
      description: `In the last ${t.engineRestarted.window} the thread of ${quoted("instance")} that polls ended by itself; all its sums began anew.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
    alertRule({
      name: "ConfigReloadFailed",
      severity: "warning",
      expr: `max by (job, instance) (sora_exporter_config_last_reload_successful) == 0`,
      for: t.configReloadFailed.for,
      summary: `The exporter ${quoted("instance")} has refused its new configuration`,
      description: `What ${quoted("instance")} was to reload is wrong, so it goes on with what it had; when it is restarted as it is, it does not start.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
    alertRule({
      name: "WebConfigRefused",
      severity: "warning",
      expr: `max by (job, instance) (sora_exporter_web_config_last_reload_successful) == 0`,
      for: t.configReloadFailed.for,
      summary: `The exporter ${quoted("instance")} cannot use its new web configuration`,
      description: `What says who may scrape ${quoted("instance")} has changed and is wrong, so the old passwords and certificates stay in force.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
    alertRule({
      name: "WebCertificateExpiring",
      severity: "warning",
      expr: `min by (job, instance) (sora_exporter_web_certificate_not_after_timestamp_seconds - time()) < ${t.webCertificate.expiringSeconds}`,
      summary: `The certificate of the exporter ${quoted("instance")} ends soon`,
      description: `The certificate that ${quoted("instance")} shows ends in {{ $value | humanizeDuration }} (with a minus, it has ended); then nothing scrapes it any more.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
  ];
}
