/** How the dashboards' queries are put together. */

import { THRESHOLDS } from "./thresholds.ts";

/**
 * What the variables choose. The values stand in raw strings (backticks) and are escaped for regular expressions alone (`:regex`): in
 * quotes, a name that holds a quote or a line feed would end the string, whatever Grafana escapes. Only a backtick cannot be had.
 */
export const TARGET = "job=~`${job:regex}`, target=~`${target:regex}`";
const CHANNEL = `${TARGET}, channel_id=~\`\${channel_id:regex}\``;
const CONNECTION = `${CHANNEL}, connection_id=~\`\${connection_id:regex}\``;

/** Labels that tell one target, channel or connection from all others; what several exporters say of it is added up. */
export const BY_TARGET = "job, target";
export const BY_CHANNEL = `${BY_TARGET}, channel_id`;
export const BY_CONNECTION = `${BY_CHANNEL}, connection_id`;

/** Writes the selector of a metric; further matchers as PromQL has them, such as `level!="0"`. */
export type Select = (metric: string, matchers?: string) => string;

function selecting(scope: string): Select {
  return (metric, matchers) => `${metric}{${matchers === undefined ? scope : `${scope}, ${matchers}`}}`;
}

/** Series of the chosen targets. */
export const ofTarget = selecting(TARGET);
/** Series of the chosen channels. */
export const ofChannel = selecting(CHANNEL);
/** Series of the chosen connection. */
export const ofConnection = selecting(CONNECTION);
/** Series of the chosen jobs, of the exporter as such. */
export const ofJob = selecting("job=~`${job:regex}`");

/**
 * Series that other programs have too, such as `up`, of our exporters alone: a job may be shared. One that does not answer is
 * remembered as long as `ExporterDown` does.
 */
export function ofExporters(metric: string): string {
  const known = `present_over_time(${ofJob("sora_exporter_series")}[${THRESHOLDS.exporterDown.memory}])`;
  return only(ofJob(metric), "job, instance", known);
}

/** What a process says of itself, of our exporters alone. */
export function ofProcesses(expr: string): string {
  return only(expr, "job, instance", ofJob("sora_exporter_build_info"));
}

/** Growth of a counter a second. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** Sum by labels, or of all. */
export function sum(expr: string, by?: string): string {
  return by === undefined ? `sum(${expr})` : `sum by (${by}) (${expr})`;
}

/** Growth of counters a second, added up. */
export function sumRate(selector: string, by?: string): string {
  return sum(rate(selector), by);
}

/** Maximum by labels: what several exporters know of the same thing, such as the licence. */
export function max(expr: string, by: string): string {
  return `max by (${by}) (${expr})`;
}

/** ICE checks without an answer a second. One that is on its way is no lost one, but looks like it for a moment. */
export function lostChecks(select: Select, level: "target" | "channel" | "connection", by: string): string {
  const checks = (what: string) => sumRate(select(`sora_${level}_ice_checks_${what}_total`), by);
  // Where counters that were never above zero are left out, no answer at all must not look like no loss.
  return `clamp_min(${checks("sent")} - (${checks("answered")} or ${checks("sent")} * 0), 0)`;
}

/** Share of the ICE checks without an answer; absent where none were sent. */
export function lostShare(select: Select, level: "target", by: string): string {
  return `${lostChecks(select, level, by)} / (${sumRate(select(`sora_${level}_ice_checks_sent_total`), by)} > 0)`;
}

/**
 * ICE checks a second that were sent as the one before had no answer. They are the lost ones but for the first and the last of each
 * trouble, and take Prometheus a quarter of the time, so they say who is worst.
 */
export function repeatedChecks(select: Select, level: "channel" | "connection", by: string): string {
  return sumRate(repeated(select, level), by);
}

/** The counter of `repeatedChecks`. */
export function repeated(select: Select, level: "channel" | "connection"): string {
  return select(`sora_${level}_ice_checks_sent_total`, 'state!="connected"');
}

/** Share of the connections that are unstable, of those whose level Sora tells; absent where it tells none. */
export function unstableShare(select: Select, level: "target" | "channel", by?: string): string {
  const metric = `sora_${level}_unstable_level_connections`;
  return `${sum(select(metric, 'level!="0"'), by)} / ${sum(select(metric), by)}`;
}

/**
 * Unstable connections, each counted as often as its level says; one above 3, which a newer Sora may know, three times. Absent where
 * Sora tells no level.
 */
export function weightedUnstable(select: Select, level: "target" | "channel", by: string): string {
  const metric = `sora_${level}_unstable_level_connections`;
  return ['level!="0"', 'level!~"[01]"', 'level!~"[012]"']
    .map((matcher) => sum(select(metric, matcher), by))
    .join(" + ");
}

/** Share of the retransmission requests that Sora could not answer; absent where there were none. */
export function missShare(select: Select, level: "target" | "channel", by?: string): string {
  const metric = `sora_${level}_rtcp_generic_nack_cache_requests_total`;
  return `${sumRate(select(metric, 'result="miss"'), by)} / (${sumRate(select(metric), by)} > 0)`;
}

/** Those series of an expression whose labels another one has. */
export function only(expr: string, by: string, others: string): string {
  return `${expr} and on (${by}) ${others}`;
}

/** The series of a counter that grow most from the beginning of the time range to its end: the same ones all along, so that no line has gaps. */
export function highest(count: number, selector: string, by: string): string {
  return `topk(${count}, ${sum(`rate(${selector}[$__range] @ end())`, by)})`;
}

/** Whoever is highest by any of some expressions of the same labels. */
export function worst(count: number, exprs: readonly string[]): string {
  return `(${exprs.map((expr) => `topk(${count}, ${expr})`).join(" or ")})`;
}

/** Who the connections are, one series each, however many exporters say it. */
export function info(select: Select, labels: string): string {
  return `topk by (${BY_CONNECTION}) (1, ${max(select("sora_connection_info"), `${BY_CONNECTION}, ${labels}`)})`;
}
