/**
 * The configuration file: its keys, defaults, rules and descriptions. The flags, the help, the JSON Schema and
 * the comments of config.yaml follow from here.
 */
import { z } from "zod";
import { readListenAddress, readTelemetryPath } from "./addresses.ts";
import { SECTIONS as STATS_SECTIONS } from "../catalog/resolve.ts";
import { LEVELS } from "../snapshot/snapshot.ts";
import { DEFAULT_BOUNDS, type Observed } from "../sums/observations.ts";
import { INFO_LABELS } from "./config.ts";
import { LIMITS } from "./limits.ts";
import { FILE_ONLY_OTLP, OTLP } from "./otlp-schema.ts";
import { channelPattern, metricPattern } from "./patterns.ts";
import { TARGET } from "./target-schema.ts";
import { SOURCE_FORMS, sourceSchema } from "./source.ts";
import {
  boolean,
  choice,
  count,
  distinct,
  duration,
  durationOrNever,
  map,
  MIN_INTERVAL_MS,
  MIN_TIMEOUT_MS,
  pathOrNone,
  text,
  url,
} from "./values.ts";

/** The keys that hold one value each; every one is a flag too. */
export const SECTIONS = {
  sora: {
    url: url().prefault("http://127.0.0.1:3000/").describe("URL of Sora's HTTP API."),
    interval: duration(MIN_INTERVAL_MS)
      .prefault("10s")
      .describe("Time from one poll to the next, 100ms to 1d."),
    timeout: duration(MIN_TIMEOUT_MS)
      .prefault("5s")
      .describe("How long a poll may take at one URL, never more than the interval."),
    local: boolean()
      .prefault(false)
      .describe("Ask for the connections of this node alone, not of the whole cluster."),
    skip_ssl_verify: boolean().prefault(false).describe("Do not verify the certificate of Sora's API."),
    client_metrics: boolean()
      .prefault(false)
      .describe("Metrics by type of client, from GetStatsReport's sora_client."),
    connection_error_metrics: boolean()
      .prefault(false)
      .describe("Metrics of connections' errors, from GetStatsReport's error."),
    erlang_vm_metrics: boolean()
      .prefault(false)
      .describe("Metrics of the Erlang VM, from GetStatsReport's erlang_vm."),
    cluster_metrics: boolean()
      .prefault(false)
      .describe(
        "Metrics of the cluster, from GetStatsReport's cluster and cluster_relay and from ListClusterNodes.",
      ),
  },
  calls: {
    list_connections: call("ListConnections", "10s"),
    get_stats_report: call("GetStatsReport", "10s"),
    list_cluster_nodes: call("ListClusterNodes", "30s"),
    get_license: call("GetLicense", "5m"),
    list_started_recording: call("ListStartedRecording", "30s"),
    list_archiving: call("ListArchiving", "30s"),
  },
  metrics: {
    levels: distinct(choice(LEVELS), "levels")
      .min(1, { error: `is empty; name some of ${LEVELS.join(", ")}` })
      .prefault([...LEVELS])
      .describe("Whose series to export: of the target, of each channel, of each connection. Default: all."),
    info_labels: distinct(choice(INFO_LABELS), "labels")
      .prefault([...INFO_LABELS])
      .describe("Labels of sora_connection_info besides target, channel_id and connection_id. Default: all."),
    client_id: choice(["plain", "hash", "omit"])
      .prefault("plain")
      .describe("What the label client_id holds: plain, hash, or omit for no label."),
    include: distinct(metricPattern(), "names of metrics")
      .prefault([])
      .describe("Names of metrics to export, * for any characters. Default: all."),
    exclude: distinct(metricPattern(), "names of metrics")
      .prefault([])
      .describe("Names of metrics to leave out, * for any characters; comes before include."),
    include_sections: distinct(choice(STATS_SECTIONS), "sections")
      .prefault([])
      .describe("Sora's sections of a connection to export, such as rtp. Default: all."),
    exclude_sections: distinct(choice(STATS_SECTIONS), "sections")
      .prefault([])
      .describe("Sora's sections of a connection to leave out; comes before include_sections."),
    include_channels: distinct(channelPattern(), "channel_ids")
      .prefault([])
      .describe(
        "Values of channel_id whose series to export, * for any characters; sums of the target count all. Default: all.",
      ),
    exclude_channels: distinct(channelPattern(), "channel_ids")
      .prefault([])
      .describe("Values of channel_id whose series to leave out; comes before include_channels."),
    zero: choice(["keep", "omit"])
      .prefault("keep")
      .describe("Series of counters that were never above zero: keep or omit."),
  },
  limits: LIMITS,
  otlp: OTLP,
  web: {
    listen_address: text({
      expected: "an address such as :10490, 127.0.0.1:10490 or [::1]:10490",
      read: readListenAddress,
    })
      .prefault(":10490")
      .describe("Address to serve on: host:port, [v6]:port, or :port for all interfaces."),
    telemetry_path: text({
      expected: "a path such as /metrics",
      read: readTelemetryPath,
      refused: [
        [/^\/-(\/|$)/, "paths under /-/ are the exporter's own"],
        [/^\/probe\/?$/, "/probe is the exporter's own"],
        [/^\/config\/?$/, "/config is the exporter's own"],
        [/^\/api(\/|$)/, "paths under /api/ are the exporter's own"],
      ],
    })
      .prefault("/metrics")
      .describe("Path under which the metrics are served."),
    max_requests: count(0, 10_000)
      .prefault(40)
      .describe("Scrapes that may be answered at a time, to 10000; 0 for no limit."),
    disable_exporter_metrics: boolean()
      .prefault(false)
      .describe("Leave out the exporter's own process_* and nodejs_*."),
    config_file: pathOrNone()
      .prefault("")
      .describe("File with TLS, passwords and headers, in the format of Prometheus' exporter-toolkit."),
    health_without_auth: boolean()
      .prefault(false)
      .describe("Answer /-/healthy and /-/ready also without a password or a client certificate."),
    enable_lifecycle: boolean()
      .prefault(false)
      .describe("Reload the configuration with a POST to /-/reload; SIGHUP always does."),
  },
  log: {
    level: choice(["debug", "info", "warn", "error"])
      .prefault("info")
      .describe("Least severe messages to log: debug, info, warn or error."),
    format: choice(["text", "json", "logfmt"])
      .transform((format) => (format === "logfmt" ? "text" : format))
      .prefault("text")
      .describe("Form of the log: text or json; logfmt is another spelling of text."),
  },
};

const clientIdKey = sourceSchema
  .optional()
  .describe(`Key of the hash, only with client_id: hash; ${SOURCE_FORMS}.`);

/** Keys of `metrics` that are no flags. */
const FILE_ONLY_METRICS = {
  client_id_key: clientIdKey,
  cc_round_trip_time_buckets: bounds("cc_round_trip_time"),
  cc_target_bitrate_buckets: bounds("cc_target_bitrate"),
};

/** The whole file. */
export const configSchema = map({
  sora: map(SECTIONS.sora).prefault({}).describe("The Sora to poll, and what targets do not set themselves."),
  targets: z
    .array(TARGET, {
      error: ({ input }) =>
        input === null ? "has no value; [] is for sora.url alone" : "is not a list of targets",
    })
    .prefault([])
    .describe("Soras to poll in place of sora.url."),
  calls: map(SECTIONS.calls)
    .prefault({})
    .describe(
      "How often Sora is asked for more than statistics, 100ms to 1d, 0s for never; unless set, not more often than for those.",
    ),
  metrics: map({ ...SECTIONS.metrics, ...FILE_ONLY_METRICS })
    .prefault({})
    .describe("Which metrics there are, and what they tell of who a connection is."),
  limits: map(SECTIONS.limits)
    .prefault({})
    .describe("How much is exported of one target; past a limit the detail goes first, and is counted."),
  otlp: map({ ...SECTIONS.otlp, ...FILE_ONLY_OTLP })
    .prefault({})
    .describe(
      "Pushes by OTLP. The variables OTEL_*, such as OTEL_EXPORTER_OTLP_ENDPOINT, come before these keys and their flags.",
    ),
  web: map(SECTIONS.web).prefault({}).describe("The exporter's own HTTP server."),
  log: map(SECTIONS.log).prefault({}).describe("The exporter's log."),
});

/** What the file says, its defaults filled in: durations in milliseconds, sizes in bytes. */
export type Settings = z.output<typeof configSchema>;

/** The JSON Schema (draft 2020-12) of the file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12" });
}

function bounds(observed: Observed) {
  const error = "is not a list of 1 to 30 numbers from 0, each larger than the one before";
  return z
    .array(z.number({ error: "is not a number" }), { error })
    .min(1, { error })
    .max(30, { error })
    .refine((list) => list.every((bound, i) => bound >= 0 && (i === 0 || bound > list[i - 1]!)), { error })
    .prefault([...DEFAULT_BOUNDS[observed]])
    .describe(`Upper bounds of the buckets of sora_channel_${observed} and sora_target_${observed}.`);
}

function call(operation: string, fallback: string) {
  return durationOrNever(MIN_INTERVAL_MS)
    .prefault(fallback)
    .describe(`Time from one ${operation} to the next; 0s for never.`);
}
