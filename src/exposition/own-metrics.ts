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
import { OTLP_FAILURE_REASONS, type OtlpEvents } from "../otlp/events.ts";
import type { PollEvents } from "../poller/events.ts";
import {
  CONNECTION_REJECTIONS,
  DROP_REASONS,
  type Rejections,
  VALUE_REJECTIONS,
  type ValueRejection,
} from "../snapshot/rejections.ts";
import { FAILURE_REASONS } from "../sora/failure.ts";
import { compareNames } from "../snapshot/snapshot.ts";
import { REFUSAL_REASONS, type WebEvents } from "../web-config/events.ts";
import type { OwnFamily } from "./compose.ts";

/** The metrics, which change as they are told what happens: a target is shown from the start, its failures at 0. */
export interface OwnMetrics extends PollEvents, OtlpEvents, WebEvents {
  /** The thread that polls has ended by itself; it will be started anew. */
  engineEnded(): void;
  /** A target is there no more: its series end. */
  removeTarget(target: string): void;
  /** The configuration was read, at the start or anew, or could not be. */
  configRead(successful: boolean): void;
  /**
   * All metrics as they are now, by name.
   *
   * @param series how many series of each target a scrape shows now
   * @param only the target whose metrics alone are wanted
   */
  collect(series: ReadonlyMap<string, number>, only?: string): Promise<OwnFamily[]>;
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

export interface OwnMetricsOptions {
  /** Of this package. */
  readonly version: string;
  /** Whether to show the metrics of the process and of Node.js. */
  readonly process: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How many lines the log has dropped so far; undefined where it drops none. */
  readonly linesDropped?: () => number;
}

/** Makes the metrics and their registry. */
export function createOwnMetrics({
  version,
  process: showProcess,
  now,
  linesDropped = () => 0,
}: OwnMetricsOptions): OwnMetrics {
  const registry = new Registry();
  if (showProcess) collectDefaultMetrics({ register: registry });
  const own = createFamilies(registry, version, linesDropped);
  const targets = new Set<string>();
  for (const reason of Object.keys(REFUSAL_REASONS)) own.webRefused.inc({ reason }, 0);

  function registerOnce(metric: Gauge): void {
    registry.registerMetric(metric);
  }
  // Not 0 before anything is known.
  for (const metric of [own.reloadSuccessful, own.reloadSuccess]) metric.remove({});

  function countValues(target: string, { counts }: Rejections<ValueRejection>): void {
    for (const [reason, n] of counts) own.valuesRejected.inc({ target, reason }, n);
  }

  return {
    addTarget(target, { operations, url, scope }) {
      targets.add(target);
      // One that is there already has changed.
      const called: ReadonlySet<string> = new Set(operations);
      removeSeries(own.activeUrl, (labels) => labels["target"] === target);
      removeSeries(own.scope, (labels) => labels["target"] === target);
      for (const metric of [own.calls, own.callFailures, own.callSuccess, own.callLastSuccess])
        removeSeries(metric, (labels) => labels["target"] === target && !called.has(labels["operation"]!));
      if (!called.has("ListClusterNodes")) own.clusterUp.remove({ target });
      own.polls.inc({ target }, 0);
      own.failovers.inc({ target }, 0);
      own.activeUrl.set({ target, url }, 1);
      own.scope.set({ target, scope }, 1);
      for (const reason of Object.keys(FAILURE_REASONS)) own.failures.inc({ target, reason }, 0);
      for (const reason of Object.keys(CONNECTION_REJECTIONS))
        own.connectionsRejected.inc({ target, reason }, 0);
      for (const reason of Object.keys(VALUE_REJECTIONS)) own.valuesRejected.inc({ target, reason }, 0);
      for (const reason of Object.keys(DROP_REASONS)) own.seriesDropped.inc({ target, reason }, 0);
      own.labelValuesShortened.inc({ target }, 0);
      for (const operation of operations) {
        own.calls.inc({ target, operation }, 0);
        for (const reason of Object.keys(FAILURE_REASONS))
          own.callFailures.inc({ target, operation, reason }, 0);
      }
    },
    pollSucceeded(target, { timeMs, bytes, seconds, unknownFields, connections, values }) {
      own.up.set({ target }, 1);
      own.lastSuccess.set({ target }, timeMs / 1000);
      own.polls.inc({ target });
      own.duration.observe({ target }, seconds);
      own.responseBytes.set({ target }, bytes);
      own.unknownFields.set({ target }, unknownFields);
      for (const [reason, n] of connections.counts) own.connectionsRejected.inc({ target, reason }, n);
      countValues(target, values);
    },
    pollFailed(target, { reason, seconds }) {
      own.up.set({ target }, 0);
      own.polls.inc({ target });
      own.failures.inc({ target, reason });
      own.duration.observe({ target }, seconds);
    },
    callSucceeded(target, operation, timeMs) {
      own.calls.inc({ target, operation });
      own.callSuccess.set({ target, operation }, 1);
      own.callLastSuccess.set({ target, operation }, timeMs / 1000);
      if (operation === "ListClusterNodes") own.clusterUp.set({ target }, 1);
    },
    callFailed(target, operation, reason) {
      own.calls.inc({ target, operation });
      own.callSuccess.set({ target, operation }, 0);
      own.callFailures.inc({ target, operation, reason });
      if (operation === "ListClusterNodes") own.clusterUp.set({ target }, 0);
    },
    valuesRejected: countValues,
    seriesDropped(target, { counts }) {
      for (const [reason, n] of counts) own.seriesDropped.inc({ target, reason }, n);
    },
    labelValuesShortened(target, n) {
      own.labelValuesShortened.inc({ target }, n);
    },
    failedOver(target, { from, to }) {
      own.failovers.inc({ target });
      own.activeUrl.remove({ target, url: from });
      own.activeUrl.set({ target, url: to }, 1);
    },
    engineEnded() {
      own.engineRestarts.inc();
    },
    removeTarget(target) {
      targets.delete(target);
      for (const metric of Object.values(own)) removeSeries(metric, (labels) => labels["target"] === target);
    },
    configRead(successful) {
      own.reloadSuccessful.set(successful ? 1 : 0);
      if (successful) own.reloadSuccess.set(now() / 1000);
    },
    otlpStarted() {
      if (registry.getSingleMetric("sora_exporter_otlp_exports_total") !== undefined) return;
      for (const metric of [own.otlpExports, own.otlpFailures, own.otlpRejected, own.otlpDropped])
        registry.registerMetric(metric);
      for (const reason of Object.keys(OTLP_FAILURE_REASONS)) own.otlpFailures.inc({ reason }, 0);
    },
    otlpExported() {
      own.otlpExports.inc();
    },
    otlpFailed(reason) {
      own.otlpExports.inc();
      own.otlpFailures.inc({ reason });
    },
    otlpRejected(points) {
      own.otlpRejected.inc(points);
    },
    otlpDropped(points) {
      own.otlpDropped.inc(points);
    },
    webRefused(reason) {
      own.webRefused.inc({ reason });
    },
    webConfigLoaded(timeMs, notAfterMs) {
      for (const metric of [own.webConfigSuccess, own.webConfigTime]) registerOnce(metric);
      own.webConfigSuccess.set(1);
      own.webConfigTime.set(timeMs / 1000);
      if (notAfterMs === undefined) return;
      registerOnce(own.webCertificate);
      own.webCertificate.set(notAfterMs / 1000);
    },
    webConfigRefused() {
      own.webConfigSuccess.set(0);
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
    async collect(series, only) {
      for (const target of targets) {
        own.series.set({ target }, series.get(target) ?? 0);
        own.time.set({ target }, now() / 1000);
      }
      const families = await registry.getMetricsAsJSON();
      return families
        .filter(({ name }) => !MISNAMED.has(name))
        .map((metric) => toFamily(metric, only))
        .filter(({ samples }) => samples.length > 0)
        .sort((a, b) => compareNames(a.name, b.name));
    },
  };
}

function createFamilies(registry: Registry, version: string, linesDropped: () => number) {
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
  const byOperation = ["target", "operation"] as const;
  return {
    buildInfo,
    up: new Gauge({
      name: "sora_up",
      help: "Whether the last poll of GetStatsAllConnections worked (1) or failed (0); absent before the first poll",
      labelNames: byTarget,
      registers,
    }),
    clusterUp: new Gauge({
      name: "sora_cluster_up",
      help: "Whether the last call of ListClusterNodes worked (1) or failed (0); absent unless it is called",
      labelNames: byTarget,
      registers,
    }),
    time: new Gauge({
      name: "sora_time_seconds",
      help: "The exporter's clock, in seconds since the epoch",
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
      help: "Polls of GetStatsAllConnections that ended, well or not",
      labelNames: byTarget,
      registers,
    }),
    failures: new Counter({
      name: "sora_exporter_poll_failures_total",
      help: "Polls of GetStatsAllConnections that failed, by reason",
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
      help: "Size of the body of the last good answer of GetStatsAllConnections",
      labelNames: byTarget,
      registers,
    }),
    calls: new Counter({
      name: "sora_exporter_calls_total",
      help: "Calls of Sora's API that ended, well or not, by operation",
      labelNames: byOperation,
      registers,
    }),
    callFailures: new Counter({
      name: "sora_exporter_call_failures_total",
      help: "Calls of Sora's API that failed, by operation and reason",
      labelNames: [...byOperation, "reason"] as const,
      registers,
    }),
    callSuccess: new Gauge({
      name: "sora_exporter_call_success",
      help: "Whether the last call of an operation worked (1) or failed (0); absent before the first call",
      labelNames: byOperation,
      registers,
    }),
    callLastSuccess: new Gauge({
      name: "sora_exporter_call_last_success_timestamp_seconds",
      help: "When the last good answer of an operation came in",
      labelNames: byOperation,
      registers,
    }),
    activeUrl: new Gauge({
      name: "sora_exporter_active_url_info",
      help: "The URL, of those that the target has, that is asked now; always 1",
      labelNames: ["target", "url"] as const,
      registers,
    }),
    scope: new Gauge({
      name: "sora_exporter_scope_info",
      help: "Whose connections the target asks Sora for: those of the whole cluster, or of the one node (local); always 1",
      labelNames: ["target", "scope"] as const,
      registers,
    }),
    failovers: new Counter({
      name: "sora_exporter_failovers_total",
      help: "Times that another URL of the target answered than the one before",
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
      help: "Single values in good answers that could not be exported, by reason",
      labelNames: byReason,
      registers,
    }),
    seriesDropped: new Counter({
      name: "sora_exporter_series_dropped_total",
      help: "Series in good answers that are not exported as there would be too many, by reason; once for each poll",
      labelNames: byReason,
      registers,
    }),
    labelValuesShortened: new Counter({
      name: "sora_exporter_label_values_shortened_total",
      help: "Values of labels in good answers that were longer than limits.label_value_length, and shortened",
      labelNames: byTarget,
      registers,
    }),
    unknownFields: new Gauge({
      name: "sora_exporter_unknown_fields",
      help: "Fields in the last good answer of GetStatsAllConnections that the general rule named, as the catalog does not know them",
      labelNames: byTarget,
      registers,
    }),
    engineRestarts: new Counter({
      name: "sora_exporter_engine_restarts_total",
      help: "Times that the thread which polls ended by itself and was started anew; all sums begin anew with it",
      registers,
    }),
    logLinesDropped: new Counter({
      name: "sora_exporter_log_lines_dropped_total",
      help: "Lines of the exporter's log that were dropped, as nobody took them from stderr",
      registers,
      collect() {
        this.reset();
        this.inc(linesDropped());
      },
    }),
    webRefused: new Counter({
      name: "sora_exporter_web_refused_total",
      help: "Connections and requests that were turned away, by reason",
      labelNames: ["reason"] as const,
      registers,
    }),
    ...createWebConfigFamilies(),
    reloadSuccessful: new Gauge({
      name: "sora_exporter_config_last_reload_successful",
      help: "Whether the configuration that was read last, at the start or anew, is the one in use (1) or was refused (0)",
      registers,
    }),
    reloadSuccess: new Gauge({
      name: "sora_exporter_config_last_reload_success_timestamp_seconds",
      help: "When the configuration in use was read",
      registers,
    }),
    ...createOtlpFamilies(),
    series: new Gauge({
      name: "sora_exporter_series",
      help: "Series of the target that a scrape shows now, besides the exporter's own; of stale data none is shown",
      labelNames: byTarget,
      registers,
    }),
  };
}

/** Registered where there is a web configuration file; the last where it has a certificate. */
function createWebConfigFamilies() {
  const registers: Registry[] = [];
  return {
    webConfigSuccess: new Gauge({
      name: "sora_exporter_web_config_last_reload_successful",
      help: "Whether the web configuration file is in force as it is now (1), or cannot be used, and the one before it is (0)",
      registers,
    }),
    webConfigTime: new Gauge({
      name: "sora_exporter_web_config_last_reload_success_timestamp_seconds",
      help: "When the web configuration that is in force was read",
      registers,
    }),
    webCertificate: new Gauge({
      name: "sora_exporter_web_certificate_not_after_timestamp_seconds",
      help: "When the certificate that the exporter shows its clients ends",
      registers,
    }),
  };
}

/** Ends the series of a metric whose labels are such. */
function removeSeries(
  metric: Pick<Gauge, "remove">,
  isGone: (labels: Readonly<Record<string, string>>) => boolean,
): void {
  // prom-client keeps the series in a field that its types leave out.
  const { hashMap } = metric as unknown as { hashMap: Record<string, { labels: Record<string, string> }> };
  for (const { labels } of Object.values(hashMap)) if (isGone(labels)) metric.remove(labels);
}

/** Registered where pushes are asked for, and not there otherwise. */
function createOtlpFamilies() {
  const registers: Registry[] = [];
  return {
    otlpExports: new Counter({
      name: "sora_exporter_otlp_exports_total",
      help: "Requests by OTLP that ended, well or not; a push is as many as its size asks for",
      registers,
    }),
    otlpFailures: new Counter({
      name: "sora_exporter_otlp_failures_total",
      help: "Requests by OTLP that failed for good, by reason; with one the push ends",
      labelNames: ["reason"] as const,
      registers,
    }),
    otlpRejected: new Counter({
      name: "sora_exporter_otlp_points_rejected_total",
      help: "Data points that the receiver did not take of requests that it took",
      registers,
    }),
    otlpDropped: new Counter({
      name: "sora_exporter_otlp_points_dropped_total",
      help: "Data points that were not delivered as a request of their push failed",
      registers,
    }),
  };
}

/** @param only the target whose samples are wanted; undefined for all samples, those without a target included */
function toFamily(metric: MetricObjectWithValues<MetricValue<string>>, only: string | undefined): OwnFamily {
  const values =
    only === undefined ? metric.values : metric.values.filter(({ labels }) => labels["target"] === only);
  return {
    name: metric.name,
    help: metric.help,
    type: metric.type as unknown as OwnFamily["type"],
    samples: values.map(({ value, labels, ...rest }) => ({
      name: "metricName" in rest && typeof rest.metricName === "string" ? rest.metricName : metric.name,
      labels: Object.entries(labels).map(([name, label]) => [name, String(label)] as const),
      value,
    })),
  };
}
