/** Alerts: is Sora there, is the exporter there, is what they say fresh? */

import type { Thresholds } from "../thresholds.ts";
import { alertRule, type AlertingRule, quoted } from "./rule.ts";

/** Makes the alerts. They are about one exporter (`instance`): another may still see Sora. */
export function availabilityAlerts(t: Thresholds): AlertingRule[] {
  const target = quoted("target");
  const instance = quoted("instance");
  return [
    alertRule({
      name: "SoraDown",
      severity: "critical",
      expr: "sora_up == 0",
      for: t.soraDown.for,
      summary: `Sora ${target} does not answer`,
      description: `The exporter ${instance} gets no statistics from Sora ${target}: it sees nothing of it meanwhile.`,
      dashboard: "overview",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "ExporterDown",
      severity: "critical",
      // The alert itself remembers an exporter that is down for longer than the memory.
      expr: `
        up == 0
          and on (job, instance) (
            present_over_time(sora_exporter_series[${t.exporterDown.memory}])
            or ALERTS{alertname="ExporterDown"}
          )`,
      for: t.exporterDown.for,
      summary: `The exporter ${instance} does not answer`,
      description: `Prometheus cannot scrape ${instance} (job {{ $labels.job }}): no other alert can fire for the Soras it watches.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
    alertRule({
      name: "ExporterFlapping",
      severity: "warning",
      // Where it stays away, ExporterDown says so.
      expr: `
        avg_over_time(up[${t.exporterFlapping.window}]) < ${t.exporterFlapping.share}
          and changes(up[${t.exporterFlapping.window}]) >= ${t.exporterFlapping.changes}
          and on (job, instance) present_over_time(sora_exporter_series[${t.exporterDown.memory}])
          unless max_over_time(up[${t.awayWindow}]) == 0`,
      for: t.exporterFlapping.for,
      summary: `The exporter ${instance} answers only now and then`,
      description: `In the last ${t.exporterFlapping.window} {{ $value | humanizePercentage }} of the scrapes of ${instance} (job {{ $labels.job }}) worked.`,
      dashboard: "exporter",
      variables: ["job"],
    }),
    alertRule({
      name: "ExporterGone",
      severity: "critical",
      expr: `
        group by (job, target) (
          present_over_time(sora_exporter_series[${t.exporterGone.memory}])
            unless on (job, instance) up
        )
          unless on (job, target) sora_exporter_series`,
      for: t.exporterGone.for,
      summary: `No exporter watches Sora ${target} any more`,
      description: `The exporter of Sora ${target} is no longer among the targets of Prometheus (job {{ $labels.job }}): no other alert can fire for it.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "StatsStale",
      severity: "critical",
      // Where Sora does not answer, SoraDown says so. Both times are the exporter's: its clock need not be ours.
      expr: `
        sora_time_seconds - sora_last_poll_success_timestamp_seconds > ${t.statsStale.ageSeconds}
          unless on (job, instance, target) sora_up == 0`,
      for: t.statsStale.for,
      summary: `The statistics of Sora ${target} are old`,
      description: `What the exporter ${instance} last read from Sora ${target} is {{ $value | humanizeDuration }} old, though no poll failed.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "PollsFailing",
      severity: "warning",
      expr: `
        sum by (job, instance, target) (rate(sora_exporter_poll_failures_total[${t.pollsFailing.window}]))
          / sum by (job, instance, target) (rate(sora_exporter_polls_total[${t.pollsFailing.window}]))
          > ${t.pollsFailing.share}
          ${unlessAway(t)}`,
      for: t.pollsFailing.for,
      summary: `Sora ${target} answers only now and then`,
      description: `{{ $value | humanizePercentage }} of the polls of Sora ${target} by ${instance} fail.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "PollsSlow",
      severity: "warning",
      expr: `
        sum by (job, instance, target) (rate(sora_exporter_poll_duration_seconds_sum[${t.pollsSlow.window}]))
          / sum by (job, instance, target) (rate(sora_exporter_poll_duration_seconds_count[${t.pollsSlow.window}]))
          > ${t.pollsSlow.meanSeconds}
          ${unlessAway(t)}`,
      for: t.pollsSlow.for,
      summary: `Polls of Sora ${target} take long`,
      description: `A poll of Sora ${target} by ${instance} takes {{ $value | humanizeDuration }} on average.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
    alertRule({
      name: "CallsFailing",
      severity: "warning",
      // Refused with an error_type is an operation that this version of Sora does not offer.
      expr: `
        sum by (job, instance, target, operation) (
          increase(sora_exporter_call_failures_total{operation!="GetStatsAllConnections", reason!="sora_error"}[${t.callsFailing.window}])
        )
          / sum by (job, instance, target, operation) (increase(sora_exporter_calls_total[${t.callsFailing.window}]))
          > ${t.callsFailing.share}
          ${unlessAway(t)}`,
      for: t.callsFailing.for,
      summary: `Sora ${target} does not answer ${quoted("operation")}`,
      description: `{{ $value | humanizePercentage }} of the calls of ${quoted("operation")} by ${instance} fail; what it tells is missing.`,
      dashboard: "exporter",
      variables: ["job", "target"],
    }),
  ];
}

/** Where Sora is away, SoraDown says all there is to say. */
function unlessAway(t: Thresholds): string {
  return `unless on (job, instance, target) max_over_time(sora_up[${t.awayWindow}]) == 0`;
}
