/**
 * Alerts on `unstable_level`: how much of the connection-time is not at level 0. Where Sora does not send the level there
 * are no series, so none of these can fire.
 */

import { budget, type Thresholds, toSeconds } from "../thresholds.ts";
import { RECORDED } from "./recording.ts";
import { alertRule, type AlertDefinition, type AlertingRule, quoted } from "./rule.ts";

const target = quoted("target");

/** Makes the alerts. */
export function stabilityAlerts(t: Thresholds): AlertingRule[] {
  const { unstableShare, channelUnstable } = t;
  const window = t.rateWindow;
  return [
    alertRule({
      ...shareAlert(t, unstableShare.warning),
      name: "UnstableShareHigh",
      severity: "warning",
      summary: `Many connections of Sora ${target} are unstable`,
    }),
    alertRule({
      ...shareAlert(t, unstableShare.critical),
      name: "UnstableShareCritical",
      severity: "critical",
      summary: `Most connections of Sora ${target} are unstable`,
    }),
    alertRule({
      name: "ChannelUnstable",
      severity: "warning",
      expr: `
        ${RECORDED.channelUnstableShare(window)} >= ${channelUnstable.share}
          and ${RECORDED.channelWithLevel} >= ${channelUnstable.minConnections}`,
      for: channelUnstable.for,
      keepFiringFor: t.keepFiringFor,
      summary: `Nearly all connections of channel ${quoted("channel_id")} are unstable`,
      description: `In the last ${window} {{ $value | humanizePercentage }} of the connection-time of channel ${quoted("channel_id")} of Sora ${target} was unstable.`,
      dashboard: "channel",
      variables: ["job", "target", "channel_id"],
    }),
    alertRule({
      ...burnAlert(t, t.burnFast),
      name: "StabilityBudgetBurnFast",
      severity: "critical",
    }),
    alertRule({
      ...burnAlert(t, t.burnSlow),
      name: "StabilityBudgetBurnSlow",
      severity: "warning",
    }),
  ];
}

function shareAlert(t: Thresholds, share: number) {
  return {
    expr: `
      ${RECORDED.unstableShare(t.rateWindow)} > ${share}
        and ${RECORDED.withLevel} >= ${t.unstableShare.minConnections}`,
    for: t.unstableShare.for,
    keepFiringFor: t.keepFiringFor,
    description: `In the last ${t.rateWindow} {{ $value | humanizePercentage }} of the connection-time of Sora ${target} was unstable (level above 0).`,
    dashboard: "overview",
    variables: ["job", "target"],
  } as const;
}

function burnAlert(t: Thresholds, burn: Thresholds["burnFast"]): Omit<AlertDefinition, "name" | "severity"> {
  const { longWindow, shortWindow } = burn;
  const share = budget(t, burn.rate);
  const least = burn.minConnections * (toSeconds(longWindow) / toSeconds(t.evaluationInterval));
  return {
    // The long window says that it matters, the short one that it goes on. Time without a connection is not in the
    // share, but it is in the least connection-time that there must be.
    expr: `
      ${RECORDED.unstableShare(longWindow)} > ${share}
        and ${RECORDED.unstableShare(shortWindow)} > ${share}
        and sum_over_time(${RECORDED.withLevel}[${longWindow}]) >= ${least}`,
    for: burn.for,
    keepFiringFor: t.keepFiringFor,
    summary: `Sora ${target} uses up its budget of unstable time, more than ${burn.rate} times as fast as it may`,
    description: `In the last ${longWindow} {{ $value | humanizePercentage }} of the connection-time of Sora ${target} was unstable; the objective allows {{ ${budget(t)} | humanizePercentage }}.`,
    dashboard: "overview",
    variables: ["job", "target"],
  };
}
