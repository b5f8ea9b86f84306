/** GetLicense: the licence that the asked node runs on. */

import { Draft, type Drafted } from "../snapshot/draft.ts";
import { toLabelValue } from "../snapshot/label-value.ts";
import type { AnswerContext, CallMetric } from "./call-metric.ts";

export const LICENSE_METRICS = {
  info: {
    name: "sora_license_info",
    type: "gauge",
    help: "The licence, always 1",
    labels: ["expired_at", "product_name", "serial_code", "type"],
    sora: "`expired_at`, `product_name`, `serial_code`, `type`",
  },
  expiredAt: {
    name: "sora_license_expired_at_timestamp_seconds",
    type: "gauge",
    help: "Last second of the month, in UTC, to whose end the licence holds",
    labels: [],
    sora: "`expired_at`",
  },
  maxConnections: {
    name: "sora_license_max_connections",
    type: "gauge",
    help: "Connections that the licence allows",
    labels: [],
    sora: "`max_connections`",
  },
  maxNodes: {
    name: "sora_license_max_nodes",
    type: "gauge",
    help: "Nodes that the licence allows; only with a licence for a cluster",
    labels: [],
    sora: "`max_nodes`",
  },
} as const satisfies Record<string, CallMetric>;

/** @param answer of GetLicense; what is malformed in it is left out and counted */
export function draftLicense(
  answer: Readonly<Record<string, unknown>>,
  { target, timeMs }: AnswerContext,
): Drafted {
  const draft = new Draft(target, timeMs);
  const { info, expiredAt, maxConnections, maxNodes } = LICENSE_METRICS;
  const labels = info.labels.map((name) => [name, toLabelValue(answer[name])] as const);
  if (labels.some(([, value]) => value !== "")) draft.add(info, 1, labels);
  if (answer["expired_at"] !== undefined) {
    const seconds = lastSecondOf(answer["expired_at"]);
    if (seconds === undefined) draft.reject("malformed", "expired_at");
    else draft.add(expiredAt, seconds);
  }
  draft.addNumber(maxConnections, answer["max_connections"], "max_connections");
  draft.addNumber(maxNodes, answer["max_nodes"], "max_nodes");
  return draft.finish();
}

/** The last second of a month such as `2023-03`, in seconds since the epoch. */
function lastSecondOf(month: unknown): number | undefined {
  const match = typeof month === "string" ? /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) : null;
  return match === null ? undefined : Date.UTC(Number(match[1]), Number(match[2])) / 1000 - 1;
}
