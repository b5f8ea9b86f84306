/** Every series name that the exporter has under `sora_`, taken from the code, for what queries them. */

import { draftReport } from "../../src/calls/report.ts";
import { CLUSTER_NODE } from "../../src/calls/cluster.ts";
import { CONNECTION_METRICS } from "../../src/calls/connections.ts";
import { LICENSE_METRICS } from "../../src/calls/license.ts";
import { ARCHIVING_SECONDS, RECORDING_METRICS } from "../../src/calls/recording.ts";
import { REPORT_INFO, REPORT_RULES } from "../../src/calls/report-rules.ts";
import { CONNECTION_PREFIX } from "../../src/catalog/resolve.ts";
import { INFO_RULES, RULES } from "../../src/catalog/rules.ts";
import { createOwnMetrics, type OwnMetricDescription } from "../../src/exposition/own-metrics.ts";
import { typeOf } from "../../src/snapshot/snapshot.ts";
import { COMINGS_METRICS } from "../../src/sums/comings.ts";
import { OBSERVED, SUM_PREFIXES } from "../../src/sums/observations.ts";
import { UNSTABLE_LEVEL_METRICS } from "../../src/sums/unstable-levels.ts";
import { CONTEXT, sample } from "../calls/support.ts";
import { ALL_GROUPS } from "./exporter.ts";

/** How a series' numbers move: a histogram's buckets, sum and count are counters too. */
export type SeriesType = "counter" | "gauge";

interface Metric {
  readonly name: string;
  readonly type: OwnMetricDescription["type"];
}

/** By name as a query has it (a histogram under its `_bucket`, `_sum` and `_count`), the type of each series. */
export function metricTypes(): Map<string, SeriesType> {
  const types = new Map<string, SeriesType>();
  for (const { name, type } of [...statistics(), ...calls(), ...own()]) {
    if (type === "counter" || type === "gauge") types.set(name, type);
    else for (const part of PARTS) types.set(name + part, "counter");
  }
  return types;
}

const PARTS = ["_bucket", "_sum", "_count"] as const;

function statistics(): Metric[] {
  const prefixes = Object.values(SUM_PREFIXES);
  return [
    ...[...RULES, ...INFO_RULES].flatMap(({ name }) => {
      const type = typeOf(name);
      const all = type === "counter" ? [CONNECTION_PREFIX, ...prefixes] : [CONNECTION_PREFIX];
      return all.map((prefix) => ({ name: prefix + name, type }));
    }),
    ...Object.values(UNSTABLE_LEVEL_METRICS),
    ...Object.values(COMINGS_METRICS.channel),
    ...Object.values(COMINGS_METRICS.target),
    ...prefixes.flatMap((prefix) =>
      Object.keys(OBSERVED).map((name): Metric => ({ name: prefix + name, type: "histogram" })),
    ),
  ];
}

function calls(): Metric[] {
  return [
    ...Object.values(CONNECTION_METRICS),
    ...Object.values(LICENSE_METRICS),
    ...Object.values(RECORDING_METRICS),
    CLUSTER_NODE,
    ARCHIVING_SECONDS,
    ...REPORT_INFO.map(({ name }): Metric => ({ name, type: "gauge" })),
    ...REPORT_RULES.filter(({ name }) => !name.includes("{")),
    // Of the names that Sora's keys are part of, those that a whole report has.
    ...draftReport(sample("stats-report"), { ...CONTEXT, groups: ALL_GROUPS, url: undefined }).snapshot
      .families,
  ];
}

function own(): readonly Metric[] {
  return createOwnMetrics({ version: "", process: false, now: () => 0 }).describe();
}
