/** Alerts on the way of the packets: retransmissions, ICE, TURN, data channels, connections that go at once. */

import type { Thresholds } from "../thresholds.ts";
import { RECORDED } from "./recording.ts";
import { alertRule, type AlertDefinition, type AlertingRule, quoted } from "./rule.ts";

const target = quoted("target");
const channel = quoted("channel_id");
const ofTarget = ["job", "target"] as const;

/** Makes the alerts. */
export function transportAlerts(t: Thresholds): AlertingRule[] {
  return [...retransmissionAlerts(t), ...iceAlerts(t), turnErrors(t), connectionsDropped(t), abandonment(t)];
}

function retransmissionAlerts(t: Thresholds): AlertingRule[] {
  const { nackMisses, pliStorm } = t;
  const requests = (matcher: string) =>
    `sum by (job, target) (rate(sora_target_rtcp_generic_nack_cache_requests_total${matcher}[${t.rateWindow}]))`;
  const plis = `sum by (job, target, channel_id) (rate(sora_channel_rtcp_received_messages_total{type="psfb_pli"}[${t.rateWindow}]))`;
  return [
    alertRule({
      name: "NackMissesHigh",
      severity: "warning",
      expr: `
        ${requests('{result="miss"}')}
          / (${requests("")} >= ${nackMisses.minPerSecond})
          > ${nackMisses.share}`,
      for: nackMisses.for,
      keepFiringFor: t.keepFiringFor,
      summary: `Sora ${target} cannot answer many retransmission requests`,
      description: `{{ $value | humanizePercentage }} of the packets that receivers asked Sora ${target} to send again were no longer there.`,
      dashboard: "overview",
      variables: ofTarget,
    }),
    alertRule({
      name: "PliStorm",
      severity: "warning",
      expr: `
        60 * ${plis}
          / (sum by (job, target, channel_id) (sora_channel_connections) > 0)
          > ${pliStorm.perConnectionPerMinute}
          and 60 * ${plis} >= ${pliStorm.minPerMinute}`,
      for: pliStorm.for,
      keepFiringFor: t.keepFiringFor,
      summary: `Receivers in channel ${channel} ask for key frames again and again`,
      description: `A connection of channel ${channel} of Sora ${target} sends {{ $value | humanize }} PLI a minute on average.`,
      dashboard: "channel",
      variables: ["job", "target", "channel_id"],
    }),
  ];
}

function iceAlerts(t: Thresholds): AlertingRule[] {
  const { iceFailures, iceChecksLost } = t;
  const failures = `sum by (job, target) (increase(sora_target_ice_state_transitions_total{from="disconnected", to="failed"}[${iceFailures.window}]))`;
  const checksLost = (share: number): Omit<AlertDefinition, "name" | "severity" | "summary"> => ({
    expr: `
      ${RECORDED.checksLostShare(t.rateWindow)} > ${share}
        and ${RECORDED.checksSent(t.rateWindow)} >= ${iceChecksLost.minPerSecond}`,
    for: iceChecksLost.for,
    keepFiringFor: t.keepFiringFor,
    description: `{{ $value | humanizePercentage }} of the ICE checks that Sora ${target} sends get no answer.`,
    dashboard: "transport",
    variables: ofTarget,
  });
  return [
    alertRule({
      name: "IceFailures",
      severity: "warning",
      expr: `
        ${failures}
          / (max_over_time(${RECORDED.connections}[${iceFailures.window}]) > 0)
          > ${iceFailures.share}
          and ${failures} >= ${iceFailures.min}`,
      summary: `ICE of many connections of Sora ${target} fails`,
      description: `In the last ${iceFailures.window} ICE of {{ $value | humanizePercentage }} of the connections of Sora ${target} failed.`,
      dashboard: "transport",
      variables: ofTarget,
    }),
    alertRule({
      ...checksLost(iceChecksLost.warning),
      name: "IceChecksLost",
      severity: "warning",
      summary: `ICE checks of Sora ${target} get lost`,
    }),
    alertRule({
      ...checksLost(iceChecksLost.critical),
      name: "IceChecksLostCritical",
      severity: "critical",
      summary: `Many connections of Sora ${target} have no way for their packets`,
    }),
  ];
}

function turnErrors(t: Thresholds): AlertingRule {
  const refused = RECORDED.turnRefused(t.rateWindow);
  const granted = RECORDED.turnGranted(t.rateWindow);
  return alertRule({
    name: "TurnErrors",
    severity: "warning",
    expr: `
      ${refused}
        / (${refused} + (${granted} or 0 * ${refused}) > 0)
        > ${t.turnErrors.share}
        and ${refused} >= ${t.turnErrors.minPerSecond}`,
    for: t.turnErrors.for,
    keepFiringFor: t.keepFiringFor,
    summary: `Sora ${target} refuses many TURN requests`,
    description: `Sora ${target} refuses {{ $value | humanizePercentage }} of the TURN requests, each allocation's first one not counted.`,
    dashboard: "transport",
    variables: ofTarget,
  });
}

function connectionsDropped(t: Thresholds): AlertingRule {
  const { share, min, timesUsual, usualWindow, leastHistory, wholeWindow } = t.connectionsDropped;
  const leaves = RECORDED.leaves(t.rateWindow);
  return alertRule({
    name: "ConnectionsDropped",
    severity: "warning",
    expr: `
      ${leaves}
        / (max_over_time(${RECORDED.connections}[${wholeWindow}]) > 0)
        >= ${share}
        and ${leaves} >= ${min}
        and ${leaves} > ${timesUsual} * avg_over_time(${leaves}[${usualWindow}] offset ${t.rateWindow})
        and ${leaves} offset ${leastHistory}`,
    summary: `Many connections of Sora ${target} left at once`,
    description: `In the last ${t.rateWindow} {{ $value | humanizePercentage }} of the connections of Sora ${target} left, many more than in the time before.`,
    dashboard: "overview",
    variables: ofTarget,
  });
}

function abandonment(t: Thresholds): AlertingRule {
  const { share, minPerSecond } = t.dataChannelAbandonment;
  const rate = (what: string) =>
    `sum by (job, target) (rate(sora_target_data_channel_${what}_messages_total[${t.rateWindow}]))`;
  const abandoned = rate("abandon");
  return alertRule({
    name: "DataChannelAbandonment",
    severity: "warning",
    // Where not one was ever sent the counter can be absent (metrics.zero: omit).
    expr: `
      ${abandoned}
        / (${abandoned} + (${rate("sent")} or 0 * ${abandoned}) > 0)
        > ${share}
        and ${abandoned} >= ${minPerSecond}`,
    for: t.dataChannelAbandonment.for,
    keepFiringFor: t.keepFiringFor,
    summary: `Sora ${target} gives up on many messages of data channels`,
    description: `{{ $value | humanizePercentage }} of the messages that Sora ${target} has for data channels are abandoned, not sent.`,
    dashboard: "transport",
    variables: ofTarget,
  });
}
