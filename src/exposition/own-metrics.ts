/** The exporter's own metrics. The only file that knows prom-client. */

import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import { type Built, CONNECTION_REJECTIONS, VALUE_REJECTIONS } from "../snapshot/build.ts";
import { FAILURE_REASONS, type FailureReason } from "../sora/failure.ts";
import type { OwnFamily } from "./encode.ts";

/** What a good poll brought. */
export interface PollSuccess {
  readonly built: Built;
  /** Size of the answer's body. */
  readonly bytes: number;
  /** From the request's start to the snapshot. */
  readonly seconds: number;
}

/** What a failed poll brought. */
export interface PollFailure {
  readonly reason: FailureReason;
  readonly seconds: number;
}

export interface OwnMetrics {
  /** Shows a target from now on, with its failures at 0. `series` tells how many series it has at a scrape. */
  addTarget(target: string, series: () => number): void;
  pollSucceeded(target: string, success: PollSuccess): void;
  pollFailed(target: string, failure: PollFailure): void;
  /** All metrics as they are now, by name. */
  collect(): Promise<OwnFamily[]>;
  /** The exporter's own metrics as they are defined, without those of the process and of Node.js. */
  describe(): OwnMetricDescription[];
}

export interface OwnMetricDescription {
  readonly name: string;
  readonly type: OwnFamily["type"];
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * Gauges of prom-client whose names end in `_total`, as only a counter's may. Each is the sum of a metric that
 * remains (`nodejs_active_handles` and so on).
 */
const MISNAMED = new Set([
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
]);

/** Makes the metrics and their registry; `version` is that of this package. */
export function createOwnMetrics(version: string): OwnMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = createFamilies(registry, version);
  const seriesOf = new Map<string, () => number>();

  return {
    addTarget(target, series) {
      seriesOf.set(target, series);
      own.polls.inc({ target }, 0);
      for (const reason of Object.keys(FAILURE_REASONS)) own.failures.inc({ target, reason }, 0);
      for (const reason of Object.keys(CONNECTION_REJECTIONS))
        own.connectionsRejected.inc({ target, reason }, 0);
      for (const reason of Object.keys(VALUE_REJECTIONS)) own.valuesRejected.inc({ target, reason }, 0);
    },
    pollSucceeded(target, { built, bytes, seconds }) {
      own.up.set({ target }, 1);
      own.lastSuccess.set({ target }, built.snapshot.timeMs / 1000);
      own.polls.inc({ target });
      own.duration.observe({ target }, seconds);
      own.responseBytes.set({ target }, bytes);
      own.unknownFields.set({ target }, built.snapshot.unknownPaths.length);
      for (const [reason, n] of built.connections.counts) own.connectionsRejected.inc({ target, reason }, n);
      for (const [reason, n] of built.values.counts) own.valuesRejected.inc({ target, reason }, n);
    },
    pollFailed(target, { reason, seconds }) {
      own.up.set({ target }, 0);
      own.polls.inc({ target });
      own.failures.inc({ target, reason });
      own.duration.observe({ target }, seconds);
    },
    describe() {
      return Object.values(own).map((metric) => {
        // prom-client keeps the definition in fields that its types leave out.
        const { name, help, labelNames } = metric as unknown as {
          name: string;
          help: string;
          labelNames: string[];
        };
        const type = metric instanceof Counter ? "counter" : metric instanceof Gauge ? "gauge" : "histogram";
        return { name, type, help, labels: labelNames };
      });
    },
    async collect() {
      for (const [target, series] of seriesOf) own.series.set({ target }, series());
      const families = await registry.getMetricsAsJSON();
      return families
        .filter(({ name, values }) => !MISNAMED.has(name) && values.length > 0)
        .map(toFamily)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

function createFamilies(registry: Registry, version: string) {
  const registers = [registry];
  const buildInfo = new Gauge({
    name: "sora_exporter_build_info",
    help: "Version of the exporter and of the Node.js that it runs on",
    labelNames: ["version", "node_version"],
    registers,
  });
  buildInfo.set({ version, node_version: process.version }, 1);
  const byTarget = ["target"] as const;
  const byReason = ["target", "reason"] as const;
  return {
    buildInfo,
    up: new Gauge({
      name: "sora_up",
      help: "Whether the last poll of GetStatsAllConnections worked (1) or failed (0); absent before the first poll",
      labelNames: byTarget,
      registers,
    }),
    lastSuccess: new Gauge({
      name: "sora_last_poll_success_timestamp_seconds",
      help: "When the answer that is shown came in; time() minus this is the age of the data",
      labelNames: byTarget,
      registers,
    }),
    polls: new Counter({
      name: "sora_exporter_polls_total",
      help: "Polls that ended, well or not",
      labelNames: byTarget,
      registers,
    }),
    failures: new Counter({
      name: "sora_exporter_poll_failures_total",
      help: "Polls that failed, by reason",
      labelNames: byReason,
      registers,
    }),
    duration: new Histogram({
      name: "sora_exporter_poll_duration_seconds",
      help: "How long polls took, from the request's start to data that is ready to be scraped",
      labelNames: byTarget,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    responseBytes: new Gauge({
      name: "sora_exporter_response_bytes",
      help: "Size of the body of the last good answer",
      labelNames: byTarget,
      registers,
    }),
    connectionsRejected: new Counter({
      name: "sora_exporter_connections_rejected_total",
      help: "Connections in good answers that could not be exported, by reason",
      labelNames: byReason,
      registers,
    }),
    valuesRejected: new Counter({
      name: "sora_exporter_values_rejected_total",
      help: "Single values of exported connections that could not be exported, by reason",
      labelNames: byReason,
      registers,
    }),
    unknownFields: new Gauge({
      name: "sora_exporter_unknown_fields",
      help: "Fields in the last good answer that the catalog does not know and the general rule named",
      labelNames: byTarget,
      registers,
    }),
    series: new Gauge({
      name: "sora_exporter_series",
      help: "Series of connections that a scrape shows now; 0 once the data is stale",
      labelNames: byTarget,
      registers,
    }),
  };
}

function toFamily(metric: MetricObjectWithValues<MetricValue<string>>): OwnFamily {
  return {
    name: metric.name,
    help: metric.help,
    type: metric.type as unknown as OwnFamily["type"],
    samples: metric.values.map(({ value, labels, ...rest }) => ({
      name: "metricName" in rest && typeof rest.metricName === "string" ? rest.metricName : metric.name,
      labels: Object.entries(labels).map(([name, label]) => [name, String(label)] as const),
      value,
    })),
  };
}
