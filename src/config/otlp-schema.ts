/** The section `otlp` of the configuration file: its keys, rules and descriptions. */
import { z } from "zod";
import { LEVELS } from "../snapshot/snapshot.ts";
import { readUrl } from "./addresses.ts";
import { OTLP_COMPRESSIONS, OTLP_PROTOCOLS, OTLP_TEMPORALITIES } from "./otlp-config.ts";
import { SOURCE_FORMS, sourceSchema } from "./source.ts";
import { boolean, choice, count, distinct, duration, path, text } from "./values.ts";

/** Least time from one push to the next, and for a request. */
export const MIN_PUSH_MS = 100;

/** Those that are flags, too. */
export const OTLP = {
  enabled: boolean().prefault(false).describe("Push what is polled by OTLP, OpenTelemetry's protocol."),
  endpoint: text({
    expected: "an http or https URL",
    read: readUrl,
    refused: [
      [/@/, "a user or password in the URL is not allowed; use headers"],
      [/[?#]/, "a query or fragment in the URL is not allowed"],
    ],
    pattern: /^https?:\/\//,
  })
    .prefault("http://127.0.0.1:4318/")
    .describe(
      "URL of the receiver, over HTTP without v1/metrics. Default with grpc: http://127.0.0.1:4317/.",
    ),
  protocol: choice(OTLP_PROTOCOLS)
    .prefault("http/protobuf")
    .describe("How: http/protobuf, http/json or grpc."),
  compression: choice(OTLP_COMPRESSIONS).prefault("none").describe("Compression of requests: none or gzip."),
  interval: duration(MIN_PUSH_MS)
    .prefault("1m")
    .describe(
      "Time from one push to the next, 100ms to 1d; each takes the newest poll, and no poll is pushed twice.",
    ),
  timeout: duration(MIN_PUSH_MS).prefault("10s").describe("How long one request may take, with its retries."),
  push_timeout: duration(MIN_PUSH_MS)
    .prefault("1m")
    .describe("How long all requests of a push may take, never more than nine tenths of the interval."),
  temporality: choice(OTLP_TEMPORALITIES)
    .prefault("cumulative")
    .describe(
      "What counters tell: cumulative, or with delta what was added since the last push; lowmemory is delta here.",
    ),
  levels: distinct(choice(LEVELS), "levels")
    .min(1, { error: `is empty; name some of ${LEVELS.join(", ")}` })
    .prefault(["target", "channel"])
    .describe(
      "Whose series to push, whatever metrics.levels says: of the target, of each channel, of each connection.",
    ),
  batch_size: count(1, 100_000).prefault(5000).describe("Data points of one request, at most, to 100000."),
  omit_own_metrics: boolean()
    .prefault(false)
    .describe("Do not push the exporter's own metrics, such as sora_up."),
};

/** Those that are no flags. */
export const FILE_ONLY_OTLP = {
  headers: z
    .record(z.string(), sourceSchema, { error: "is not a map of header names and values" })
    .prefault({})
    .describe(`Headers to send to the receiver: ${SOURCE_FORMS}.`),
  ca_file: path()
    .optional()
    .describe("Certificates of the authorities to trust in place of those that Node.js knows, PEM."),
  cert_file: path().optional().describe("Certificate to show to the receiver, PEM; needs otlp.key_file."),
  key_file: path().optional().describe("Key of otlp.cert_file, PEM, without a passphrase."),
  resource_attributes: z
    .record(z.string(), z.string({ error: "is not a text" }), { error: "is not a map of names and texts" })
    .prefault({})
    .describe("Attributes of the resource, such as service.name, of which Prometheus makes the label job."),
};
