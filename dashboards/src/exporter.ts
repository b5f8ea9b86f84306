/** Exporter: can the numbers be trusted, and what do they cost? */

import { board } from "./board.ts";
import { UP } from "./colors.ts";
import { stat, table, timeseries } from "./panels.ts";
import {
  BY_TARGET,
  highest,
  max,
  ofExporters,
  ofJob,
  ofProcesses,
  ofTarget,
  only,
  rate,
  sum,
  sumRate,
} from "./promql.ts";

const now = [
  stat({
    title: "Exporter",
    description:
      "Whether Prometheus could scrape the exporter. Down: is its process there, and does it answer on /-/healthy? All other panels are empty then.",
    width: 4,
    unit: "none",
    queries: [[`min by (job, instance) (${ofExporters("up")})`, "{{instance}}"]],
    words: UP,
  }),
  stat({
    title: "Sora answers",
    description: "Whether the last poll of Sora's statistics worked. Down: the reason stands below.",
    width: 4,
    unit: "none",
    queries: [[`min by (${BY_TARGET}) (${ofTarget("sora_up")})`, "{{target}}"]],
    words: UP,
  }),
  stat({
    title: "Cluster list answers",
    description:
      "Whether the last ListClusterNodes worked. No data: it is not asked for (--sora.cluster-metrics). Down, and Sora answers: this node is in the minority, or has no cluster.",
    width: 4,
    unit: "none",
    queries: [[`min by (${BY_TARGET}) (${ofTarget("sora_cluster_up")})`, "{{target}}"]],
    words: UP,
  }),
  stat({
    title: "Series now",
    description:
      "Series of the target that a scrape shows. What Prometheus has to carry; README and METRICS.md say how to export less.",
    width: 4,
    unit: "short",
    queries: [[sum(ofTarget("sora_exporter_series"), BY_TARGET), "{{target}}"]],
  }),
  stat({
    title: "Unknown fields",
    description:
      "Fields of Sora's answer that this version does not know. They are exported by the general rule; a newer exporter may know them.",
    width: 4,
    unit: "short",
    queries: [[max(ofTarget("sora_exporter_unknown_fields"), BY_TARGET), "{{target}}"]],
  }),
  stat({
    title: "Version",
    description: "Version of the exporter. Several at once: a deployment that has not ended.",
    width: 4,
    unit: "none",
    queries: [[max(ofJob("sora_exporter_build_info"), "version"), "{{version}}"]],
    named: true,
  }),
];

const DURATIONS = "sora_exporter_poll_duration_seconds";
const quantile = (q: number) =>
  `histogram_quantile(${q}, ${sumRate(ofTarget(`${DURATIONS}_bucket`), `${BY_TARGET}, le`)})`;
const polls = [
  timeseries({
    title: "Polls per minute",
    description:
      "Polls of the statistics that ended, well or not. Fewer than the interval says: polls take longer than it.",
    unit: "cpm",
    queries: [[`${sumRate(ofTarget("sora_exporter_polls_total"), BY_TARGET)} * 60`, "{{target}}"]],
  }),
  timeseries({
    title: "Failed polls per minute, by reason",
    description:
      "connect and timeout: Sora or the way to it. http_status: a proxy in front. sora_error: Sora refuses, see the log. too_large: raise limits.answer_size.",
    unit: "cpm",
    queries: [[`${sumRate(ofTarget("sora_exporter_poll_failures_total"), "reason")} * 60`, "{{reason}}"]],
    many: true,
  }),
  timeseries({
    title: "Poll duration",
    description:
      "How long polls take, from the request to data that can be scraped. Near --sora.timeout polls begin to fail; then export less, or poll less often.",
    unit: "s",
    queries: [
      [quantile(0.5), "half are below {{target}}"],
      [quantile(0.99), "99 % are below {{target}}"],
      [
        `${sumRate(ofTarget(`${DURATIONS}_sum`), BY_TARGET)} / ${sumRate(ofTarget(`${DURATIONS}_count`), BY_TARGET)}`,
        "mean {{target}}",
      ],
    ],
  }),
  timeseries({
    title: "Size of the answers",
    description:
      "Size of the last good answer, about 13 kB a connection. An answer beyond limits.answer_size is not taken at all.",
    unit: "decbytes",
    queries: [[sum(ofTarget("sora_exporter_response_bytes"), BY_TARGET), "{{target}}"]],
  }),
  timeseries({
    title: "Age of the data",
    description: "Time since the last good answer. Beyond three intervals its series end.",
    unit: "s",
    queries: [
      [max(`time() - ${ofTarget("sora_last_poll_success_timestamp_seconds")}`, BY_TARGET), "{{target}}"],
    ],
  }),
  timeseries({
    title: "Failovers per minute",
    description:
      "Times that another URL of the target answered than the one before. Again and again: a node that comes and goes.",
    unit: "cpm",
    queries: [[`${sumRate(ofTarget("sora_exporter_failovers_total"), BY_TARGET)} * 60`, "{{target}}"]],
  }),
];

const CALL_FAILURES = ofTarget("sora_exporter_call_failures_total");
const BY_FAILURE = "operation, reason";
const calls = [
  timeseries({
    title: "Calls per minute, by operation",
    description:
      "Calls of Sora's API that ended, well or not. What Sora refuses is asked again after ten minutes.",
    unit: "cpm",
    queries: [[`${sumRate(ofTarget("sora_exporter_calls_total"), "operation")} * 60`, "{{operation}}"]],
    many: true,
  }),
  timeseries({
    title: "Failed calls per minute, by operation and reason",
    description:
      "The calls that failed most. ListStartedRecording and ListArchiving with sora_error: Sora 2025.2 and newer have neither.",
    unit: "cpm",
    queries: [
      [
        `(${only(sumRate(CALL_FAILURES, BY_FAILURE), BY_FAILURE, highest(15, CALL_FAILURES, BY_FAILURE))}) * 60`,
        "{{operation}} {{reason}}",
      ],
    ],
    many: true,
  }),
  table({
    title: "Calls now",
    description:
      "Whether the last call of each operation worked, and how old its data is. Failed beside an old age: its metrics are about to end.",
    unit: "none",
    width: 8,
    height: 8,
    keys: [
      { label: "operation", name: "Operation" },
      { label: "target", name: "Target" },
      { label: "job", name: "Job" },
    ],
    columns: [
      {
        name: "Last call",
        expr: `min by (${BY_TARGET}, operation) (${ofTarget("sora_exporter_call_success")})`,
        words: { 0: ["failed", "red"], 1: ["worked", "green"] },
        steps: [
          [null, "red"],
          [1, "green"],
        ],
      },
      {
        name: "Age",
        expr: max(
          `time() - ${ofTarget("sora_exporter_call_last_success_timestamp_seconds")}`,
          `${BY_TARGET}, operation`,
        ),
        unit: "s",
        decimals: 0,
      },
    ],
    sortBy: ["Age"],
  }),
];

const perMinute = (metric: string, by: string) => `${sumRate(ofTarget(metric), by)} * 60`;
const left = [
  timeseries({
    title: "Series",
    description:
      "Series that a scrape shows. A cliff upwards: more channels, connections or data channels than usual.",
    unit: "short",
    queries: [[sum(ofTarget("sora_exporter_series"), BY_TARGET), "{{target}}"]],
  }),
  timeseries({
    title: "Series dropped per minute, by reason",
    description:
      "Series left out as there would be too many, counted once for each poll. Above 0: whole metrics are missing; raise the limit of that name, or choose what to export.",
    unit: "cpm",
    queries: [[perMinute("sora_exporter_series_dropped_total", "reason"), "{{reason}}"]],
  }),
  timeseries({
    title: "Connections rejected per minute, by reason",
    description:
      "Connections in good answers that could not be exported. Above 0: an answer that nobody expected; see the log.",
    unit: "cpm",
    queries: [[perMinute("sora_exporter_connections_rejected_total", "reason"), "{{reason}}"]],
  }),
  timeseries({
    title: "Values rejected per minute, by reason",
    description:
      "Single values that could not be exported; METRICS.md says what each reason means. The log names the fields.",
    unit: "cpm",
    queries: [[perMinute("sora_exporter_values_rejected_total", "reason"), "{{reason}}"]],
    many: true,
  }),
  timeseries({
    title: "Label values shortened per minute",
    description:
      "Names longer than limits.label_value_length. They keep their beginning and a hash of the whole.",
    unit: "cpm",
    queries: [[perMinute("sora_exporter_label_values_shortened_total", BY_TARGET), "{{target}}"]],
  }),
];

const HEAP = "{{instance}}";
const process = [
  timeseries({
    title: "Memory",
    description:
      "Resident memory of the process, and the heap of its main thread. It follows the number of connections; a steady rise without them is a leak. Of the process are this row's panels but the last: with --web.disable-exporter-metrics, or scrapes of /probe, they are empty.",
    unit: "bytes",
    queries: [
      [ofProcesses(ofJob("process_resident_memory_bytes")), `resident ${HEAP}`],
      [ofProcesses(ofJob("nodejs_heap_size_used_bytes")), `heap ${HEAP}`],
    ],
  }),
  timeseries({
    title: "CPU",
    description:
      "Cores that the exporter uses. Near 1 for long: polls take all of one thread; poll less often or export less.",
    unit: "short",
    queries: [[ofProcesses(rate(ofJob("process_cpu_seconds_total"))), "{{instance}}"]],
  }),
  timeseries({
    title: "Event loop lag",
    description:
      "How late the main thread is, which answers scrapes. Above a second scrapes and health checks become slow.",
    unit: "s",
    queries: [
      [ofProcesses(ofJob("nodejs_eventloop_lag_p50_seconds")), "half are below {{instance}}"],
      [ofProcesses(ofJob("nodejs_eventloop_lag_p99_seconds")), "99 % are below {{instance}}"],
      [ofProcesses(ofJob("nodejs_eventloop_lag_max_seconds")), "longest {{instance}}"],
    ],
  }),
  timeseries({
    title: "Garbage collection",
    description:
      "Share of the time that the main thread spends collecting garbage. Far above a few percent: too little memory.",
    unit: "percentunit",
    queries: [
      [
        sum(ofProcesses(rate(ofJob("nodejs_gc_duration_seconds_sum"))), "instance, kind"),
        "{{kind}} {{instance}}",
      ],
    ],
  }),
  timeseries({
    title: "Engine restarts per minute",
    description:
      "Times that the thread which polls ended by itself and was started anew; all sums begin anew with it. Above 0 is a mistake of the exporter: please report it with the log.",
    unit: "cpm",
    queries: [[`${rate(ofJob("sora_exporter_engine_restarts_total"))} * 60`, "{{instance}}"]],
  }),
  timeseries({
    title: "Scrape duration",
    description:
      "How long Prometheus takes to scrape the exporter. Near its scrape_timeout scrapes begin to fail: raise that, or export less.",
    unit: "s",
    queries: [[ofExporters("scrape_duration_seconds"), "{{instance}}"]],
  }),
];

export const exporter = board({
  name: "exporter",
  title: "Sora / Exporter",
  description: "Can the numbers be trusted, and what do they cost? The exporter itself.",
  channels: "none",
  rows: [
    { title: "Now", panels: now },
    { title: "Polls", panels: polls },
    { title: "Calls", panels: calls },
    { title: "What is exported, and what is left out", panels: left },
    { title: "Process", panels: process },
  ],
});
