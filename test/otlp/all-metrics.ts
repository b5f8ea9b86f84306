/** Every metric that METRICS.md lists, and those of the process and of Node.js. */

import { readFileSync } from "node:fs";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import type { MetricType } from "../../src/snapshot/snapshot.ts";

const PAGE = readFileSync(new URL("../../METRICS.md", import.meta.url), "utf8");

export interface AMetric {
  readonly name: string;
  readonly type: MetricType;
}

/** All of them; what a name holds of Sora's keys is some word. */
export async function allMetrics(): Promise<AMetric[]> {
  const listed = [...PAGE.matchAll(/^\| `(sora_[^`]+)` \| (\w+) \|/gm)].map(([, name, type]) => ({
    name: name!.replaceAll(/\{(\w+)\}/g, "$1"),
    type: type as MetricType,
  }));
  const sums = [...PAGE.matchAll(/^\| `(sora_connection_[^`]+)` \| counter \|/gm)].flatMap(([, name]) =>
    ["channel", "target"].map((level) => ({
      name: name!.replace("connection", level),
      type: "counter" as const,
    })),
  );
  const own = await createOwnMetrics({ version: "0", process: true, now: () => 0 }).collect(new Map());
  const all = [...listed, ...sums, ...own.map(({ name, type }) => ({ name, type: type as MetricType }))];
  return [...new Map(all.map((metric) => [metric.name, metric])).values()];
}
