/** Pushes by OTLP as the file, the flags and OpenTelemetry's variables ask for them; the variables come first. */
import { isIP } from "node:net";
import { LEVELS } from "../snapshot/snapshot.ts";
import type { HeaderConfig } from "./config.ts";
import { ConfigError, type Problem } from "./errors.ts";
import { resolveHeaders } from "./headers.ts";
import type { OtlpConfig } from "./otlp-config.ts";
import { otlpAsked, type OtlpVariables, readOtlpVariables } from "./otlp-variables.ts";
import type { Settings } from "./schema.ts";
import type { SecretSources } from "./secrets.ts";
import { resolveTls } from "./tls.ts";

const DEFAULT_GRPC = "http://127.0.0.1:4317/";
/** A push that takes longer would cost the next one. */
const SHARE_OF_INTERVAL = 0.9;

/** What resolving needs beside the settings. */
export interface OtlpContext {
  readonly secrets: SecretSources;
  /** Whether somebody set a key of a section. */
  readonly isSet: (section: string, key: string) => boolean;
  readonly report: (problem: Problem) => void;
}

/**
 * What is pushed where, if anything is.
 *
 * @throws ConfigError where a variable of OpenTelemetry's is wrong
 */
export function resolveOtlp(otlp: Settings["otlp"], context: OtlpContext): OtlpConfig | undefined {
  const { secrets, report } = context;
  if (!(otlpAsked(secrets.env) ?? otlp.enabled)) return undefined;
  const variables = readOtlpVariables(secrets.env, otlp.protocol);
  const { protocol = otlp.protocol } = variables;
  const intervalMs = variables.intervalMs ?? otlp.interval;
  const headers = resolveHeaders({ headers: otlp.headers }, ["otlp"], secrets, report);
  return {
    url: resolveUrl(otlp, protocol, variables, context),
    protocol,
    compression: variables.compression ?? otlp.compression,
    temporality: variables.temporality ?? otlp.temporality,
    timeoutMs: variables.timeoutMs ?? otlp.timeout,
    intervalMs,
    pushTimeoutMs: Math.min(variables.pushTimeoutMs ?? otlp.push_timeout, intervalMs * SHARE_OF_INTERVAL),
    levels: LEVELS.filter((level) => otlp.levels.includes(level)),
    batchSize: otlp.batch_size,
    ownMetrics: !otlp.omit_own_metrics,
    headers: { ...headers, ...headersOf(variables, secrets) },
    tls: resolveFiles(otlp, variables, context),
    resource: { ...otlp.resource_attributes, ...variables.resource },
  };
}

function resolveUrl(
  otlp: Settings["otlp"],
  protocol: OtlpConfig["protocol"],
  { endpoint }: OtlpVariables,
  { isSet, report }: OtlpContext,
): string {
  const grpc = protocol === "grpc";
  const fallback = grpc && !isSet("otlp", "endpoint") ? DEFAULT_GRPC : otlp.endpoint;
  const { url, isBase } = endpoint ?? { url: fallback, isBase: true };
  if (grpc) {
    const { origin, protocol: scheme, hostname } = new URL(url);
    if (scheme === "https:" && isIP(hostname.replaceAll(/[[\]]/g, "")) !== 0) {
      const message =
        "has an address; over gRPC with TLS it must have a name, as the certificate is checked by that";
      const hint = "; without TLS, put http:// before it, or set OTEL_EXPORTER_OTLP_INSECURE=true";
      if (endpoint !== undefined)
        throw new ConfigError(`${endpoint.variable}: ${message}${endpoint.hasScheme ? "" : hint}`);
      report({ path: ["otlp", "endpoint"], message });
    }
    return origin;
  }
  return isBase ? `${url.replace(/\/$/, "")}/v1/metrics` : url;
}

function headersOf({ headers }: OtlpVariables, secrets: SecretSources): Record<string, HeaderConfig> {
  return Object.assign(
    {},
    ...headers.map(({ variable, pairs }) =>
      resolveHeaders({ headers: pairs }, [], secrets, ({ message }) => {
        throw new ConfigError(`${variable}: a header ${message}`);
      }),
    ),
  ) as Record<string, HeaderConfig>;
}

/** A variable comes before the key of the file; a certificate and its key are from the same place. */
function resolveFiles(
  otlp: Settings["otlp"],
  { files }: OtlpVariables,
  { secrets, report }: OtlpContext,
): OtlpConfig["tls"] {
  const { ca, cert, key } = files;
  const { ca_file, cert_file, key_file } = otlp;
  const named = { ca_file: ca, cert_file: cert, key_file: key };
  const pair = cert === undefined && key === undefined ? { cert_file, key_file } : {};
  const own = { ...(ca === undefined && { ca_file }), ...pair };
  const ofFile = withoutRest(resolveTls(own, ["otlp"], false, secrets, report));
  const given = { ca_file: ca?.value, cert_file: cert?.value, key_file: key?.value };
  // Relative to the working directory, as everybody reads these variables.
  const sources = { ...secrets, configPath: "" };
  const ofVariables = withoutRest(
    resolveTls(given, [], false, sources, ({ path, message }) => {
      const variable = named[path[0] as keyof typeof named]?.name ?? "OTEL_EXPORTER_OTLP_CERTIFICATE";
      throw new ConfigError(
        `${variable}: ${message.replace("key_file", "its key").replace("cert_file", "its certificate")}`,
      );
    }),
  );
  return {
    ca: ofVariables.ca ?? ofFile.ca,
    cert: ofVariables.cert ?? ofFile.cert,
    key: ofVariables.key ?? ofFile.key,
  };
}

function withoutRest({ ca, cert, key }: OtlpConfig["tls"]): OtlpConfig["tls"] {
  return { ca, cert, key };
}
