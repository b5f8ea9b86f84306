/** The configuration in force, as a file that says the same: with its defaults, with what flags and variables say, without secrets. */

import { Document, type YAMLMap } from "yaml";
import type { z } from "zod";
import type { CallIntervals, Config, TargetConfig } from "./config.ts";
import { SHOWN_SECRET } from "../mask.ts";
import { readOtlpVariables } from "./otlp-variables.ts";
import { configSchema } from "./schema.ts";
import type { Source } from "./source.ts";
import type { TargetSettings } from "./target-schema.ts";
import { formatDuration, formatSize } from "./units.ts";

/** What the configuration was made of. */
export interface Origins {
  /** The file with what flags and variables say; all of it is allowed. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it came to. */
  readonly config: Config;
}

type Values = Readonly<Record<string, unknown>>;

const CALLS: Readonly<Record<string, keyof CallIntervals>> = {
  list_connections: "ListConnections",
  get_stats_report: "GetStatsReport",
  list_cluster_nodes: "ListClusterNodes",
  get_license: "GetLicense",
  list_started_recording: "ListStartedRecording",
  list_archiving: "ListArchiving",
};

/** Writes the file. Paths are as they were given, so they are still relative to the place of the file that was read. */
export function effectiveYaml({ given, env, config }: Origins): string {
  const sections = Object.fromEntries(
    Object.entries(configSchema.shape).map(([name, schema]) => [name, withDefaults(schema, given[name])]),
  ) as Record<string, Values>;
  const calls = callsOf(given["calls"] as Values | undefined, config.targets);
  const document = new Document({
    ...sections,
    sora: soraOf(sections["sora"]!, given["sora"] as Values | undefined),
    targets:
      (given["targets"] as unknown[] | undefined)?.map((target, i) =>
        targetOf(target as TargetSettings, config.targets[i]!),
      ) ?? [],
    calls: calls.same,
    metrics: { ...sections["metrics"], ...mask(sections["metrics"]!, "client_id_key") },
    otlp: otlpOf(sections["otlp"]!, config.otlp, env),
  });
  if (calls.differing.length > 0)
    (document.get("calls", true) as YAMLMap).comment = calls.differing
      .map((key) => ` ${key}: not set, so as often as by default, but never more often than polls`)
      .join("\n");
  document.commentBefore = [
    " In force, with defaults, flags and variables; secrets are not shown.",
    ...(config.record === undefined ? [] : [` Besides: --record=${JSON.stringify(config.record)}`]),
  ].join("\n");
  return document.toString({ lineWidth: 0 });
}

/** The values of a section, in the order of the schema. */
function withDefaults(schema: z.ZodType, given: unknown): unknown {
  const inner = "unwrap" in schema ? (schema as z.ZodOptional<z.ZodType>).unwrap() : schema;
  if (!("shape" in inner)) return given;
  const shape = (inner as z.ZodObject).shape as Readonly<Record<string, { def: { defaultValue?: unknown } }>>;
  return withoutUndefined(
    Object.fromEntries(
      Object.entries(shape).map(([key, { def }]) => [
        key,
        (given as Values | undefined)?.[key] ?? def.defaultValue,
      ]),
    ),
  );
}

/** Where nobody says how long a poll may take, the interval does. */
function soraOf(sora: Values, given: Values | undefined): Values {
  if (given?.["timeout"] !== undefined) return sora;
  const shortest = configSchema.shape.sora.parse({ interval: sora["interval"] });
  return { ...sora, timeout: formatDuration(Math.min(shortest.timeout, shortest.interval)) };
}

/** Where nobody says how often a call is made, it depends on the target; a key has one value for all. */
function callsOf(given: Values | undefined, targets: readonly TargetConfig[]) {
  const same: Record<string, unknown> = {};
  const differing: string[] = [];
  for (const [key, call] of Object.entries(CALLS)) {
    const intervals = new Set(targets.map(({ calls }) => calls[call]));
    if (given?.[key] !== undefined || intervals.size === 1) same[key] = formatDuration([...intervals][0]!);
    else differing.push(key);
  }
  return { same, differing };
}

function targetOf(given: TargetSettings, target: TargetConfig): Values {
  const { limits } = target;
  return withoutUndefined({
    name: target.name,
    ...(given.urls === undefined ? { url: target.urls[0] } : { urls: target.urls }),
    interval: formatDuration(target.intervalMs),
    timeout: formatDuration(target.timeoutMs),
    local: target.local,
    limits: {
      series_per_target: limits.seriesPerTarget,
      series_per_metric: limits.seriesPerMetric,
      data_channel_labels: limits.dataChannelLabels,
      label_value_length: limits.labelValueLength,
      answer_size: formatSize(limits.answerSizeBytes),
    },
    headers: given.headers && maskAll(given.headers),
    basic_auth: given.basic_auth && { ...given.basic_auth, ...mask(given.basic_auth, "password") },
    ...mask(given, "bearer_token"),
    tls: { ...given.tls, insecure_skip_verify: target.tls.skipVerify },
  });
}

/** What variables of OpenTelemetry's say stands in the keys, too. */
function otlpOf(section: Values, otlp: Config["otlp"], env: Origins["env"]): Values {
  const given = { ...section, headers: maskAll(section["headers"] as Record<string, Source>) };
  if (otlp === undefined) return { ...given, enabled: false };
  const { files } = readOtlpVariables(env, otlp.protocol);
  const own = {
    ...(files.ca && { ca_file: files.ca.value }),
    ...((files.cert ?? files.key) && { cert_file: files.cert?.value, key_file: files.key?.value }),
  };
  const inFile = new Set(Object.keys(given.headers).map((name) => name.toLowerCase()));
  const fromVariables = Object.keys(otlp.headers).filter((name) => !inFile.has(name));
  return withoutUndefined({
    ...given,
    enabled: true,
    endpoint: otlp.protocol === "grpc" ? otlp.url : otlp.url.replace(/v1\/metrics$/, ""),
    protocol: otlp.protocol,
    compression: otlp.compression,
    interval: formatDuration(otlp.intervalMs),
    timeout: formatDuration(otlp.timeoutMs),
    push_timeout: formatDuration(otlp.pushTimeoutMs),
    temporality: otlp.temporality,
    headers: {
      ...given.headers,
      ...Object.fromEntries(fromVariables.map((name) => [name, SHOWN_SECRET])),
    },
    ...own,
    resource_attributes: otlp.resource,
  });
}

/** What is shown of one key, if it is there. */
function mask<K extends string>(section: { readonly [key in K]?: unknown }, key: K): Values {
  const source = section[key] as Source | undefined;
  return source === undefined ? {} : { [key]: shown(source) };
}

function maskAll(sources: Readonly<Record<string, Source>>): Values {
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, shown(source)]));
}

/** Where a secret comes from is none. */
function shown(source: Source): Source {
  return typeof source === "string" ? SHOWN_SECRET : source;
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
