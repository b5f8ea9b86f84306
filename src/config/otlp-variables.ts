/** The variables that OpenTelemetry defines, read with its rules; but what is wrong is an error, not a warning nobody sees. */
import { ConfigError, quote } from "./errors.ts";
import { readUrl } from "./addresses.ts";
import { OTLP_COMPRESSIONS, OTLP_PROTOCOLS, OTLP_TEMPORALITIES, type OtlpConfig } from "./otlp-config.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A variable that is set. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** A receiver. */
export interface OtlpEndpoint {
  readonly url: string;
  /** Whether it was written with a scheme. */
  readonly hasScheme: boolean;
  /** Whether `v1/metrics` is to be put behind it. */
  readonly isBase: boolean;
  readonly variable: string;
}

/** What the variables say; undefined where they say nothing. */
export interface OtlpVariables {
  readonly endpoint: OtlpEndpoint | undefined;
  readonly protocol: OtlpConfig["protocol"] | undefined;
  readonly compression: OtlpConfig["compression"] | undefined;
  readonly temporality: OtlpConfig["temporality"] | undefined;
  readonly timeoutMs: number | undefined;
  readonly intervalMs: number | undefined;
  readonly pushTimeoutMs: number | undefined;
  /** Pairs of `name=value`, each variable's by itself; those for metrics alone come last. */
  readonly headers: readonly {
    readonly variable: string;
    readonly pairs: Readonly<Record<string, string>>;
  }[];
  /** Paths of files, by what is in them. */
  readonly files: Readonly<Record<"ca" | "cert" | "key", Variable | undefined>>;
  readonly resource: Readonly<Record<string, string>>;
}

/** Longest time that a timer can wait. */
const MAX_MS = 86_400_000;

/**
 * Whether the variables ask for pushes (true), forbid them (false), or say nothing of it.
 *
 * @throws ConfigError for an exporter that OpenTelemetry does not know
 */
export function otlpAsked(env: Env): boolean | undefined {
  if (find(env, "OTEL_SDK_DISABLED")?.value.toLowerCase() === "true") return false;
  const exporters = find(env, "OTEL_METRICS_EXPORTER");
  if (exporters !== undefined) {
    const names = exporters.value.split(",").map((name) => name.trim());
    const unknown = names.find((name) => !["otlp", "prometheus", "console", "none"].includes(name));
    if (unknown !== undefined)
      throw new ConfigError(
        `${exporters.name}: ${quote(unknown)} is not one of otlp, prometheus, console, none`,
      );
    return names.includes("otlp");
  }
  return findFor(env, "ENDPOINT") === undefined ? undefined : true;
}

/**
 * Reads the variables; those for metrics alone come before those for everything.
 *
 * @param defaultProtocol where no variable names one
 * @throws ConfigError that names the variable, and shows its value only where that is no secret
 */
export function readOtlpVariables(env: Env, defaultProtocol: OtlpConfig["protocol"]): OtlpVariables {
  const protocol = readChoice(findFor(env, "PROTOCOL"), OTLP_PROTOCOLS);
  const serviceName = find(env, "OTEL_SERVICE_NAME");
  const attributes = find(env, "OTEL_RESOURCE_ATTRIBUTES");
  return {
    endpoint: readEndpoint(env, protocol ?? defaultProtocol),
    protocol,
    compression: readChoice(findFor(env, "COMPRESSION"), OTLP_COMPRESSIONS),
    temporality: readChoice(
      find(env, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"),
      OTLP_TEMPORALITIES,
    ),
    timeoutMs: readMs(findFor(env, "TIMEOUT")),
    intervalMs: readMs(find(env, "OTEL_METRIC_EXPORT_INTERVAL")),
    pushTimeoutMs: readMs(find(env, "OTEL_METRIC_EXPORT_TIMEOUT")),
    headers: ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"].flatMap((name) => {
      const variable = find(env, name);
      return variable === undefined ? [] : [{ variable: name, pairs: readPairs(variable) }];
    }),
    files: {
      ca: findFor(env, "CERTIFICATE"),
      cert: findFor(env, "CLIENT_CERTIFICATE"),
      key: findFor(env, "CLIENT_KEY"),
    },
    resource: {
      ...(attributes && readPairs(attributes)),
      ...(serviceName && { "service.name": serviceName.value }),
    },
  };
}

/** A variable that is set; an empty one is not. */
function find(env: Env, name: string): Variable | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? undefined : { name, value };
}

function findFor(env: Env, end: string): Variable | undefined {
  return find(env, `OTEL_EXPORTER_OTLP_METRICS_${end}`) ?? find(env, `OTEL_EXPORTER_OTLP_${end}`);
}

function readEndpoint(env: Env, protocol: OtlpConfig["protocol"]): OtlpVariables["endpoint"] {
  const variable = findFor(env, "ENDPOINT");
  if (variable === undefined) return undefined;
  const { name, value } = variable;
  if (value.includes("@"))
    throw new ConfigError(
      `${name}: a user or password in the URL is not allowed; use OTEL_EXPORTER_OTLP_HEADERS`,
    );
  if (/[?#]/.test(value)) throw new ConfigError(`${name}: a query or fragment in the URL is not allowed`);
  const isGrpc = protocol === "grpc";
  const hasScheme = !isGrpc || value.includes("://");
  const url = readUrl(hasScheme ? value : `${isInsecure(env) ? "http" : "https"}://${value}`);
  if (url === undefined)
    throw new ConfigError(
      `${name}: ${quote(value)} is not an http or https URL${isGrpc ? ", nor HOST:PORT" : ""}`,
    );
  return { url, hasScheme, isBase: name === "OTEL_EXPORTER_OTLP_ENDPOINT", variable: name };
}

/** Whether there is no TLS over gRPC where the endpoint does not say. */
function isInsecure(env: Env): boolean {
  return readChoice(findFor(env, "INSECURE"), ["true", "false"]) === "true";
}

function readChoice<const T extends string>(
  variable: Variable | undefined,
  values: readonly T[],
): T | undefined {
  if (variable === undefined) return undefined;
  const found = values.find((value) => value === variable.value.toLowerCase());
  if (found !== undefined) return found;
  throw new ConfigError(`${variable.name}: ${quote(variable.value)} is not one of ${values.join(", ")}`);
}

function readMs(variable: Variable | undefined): number | undefined {
  if (variable === undefined) return undefined;
  const { name, value } = variable;
  const ms = /^\d+$/.test(value) ? Number(value) : 0;
  if (ms >= 1 && ms <= MAX_MS) return ms;
  throw new ConfigError(`${name}: ${quote(value)} is not a number of milliseconds from 1 to ${MAX_MS}`);
}

/** `name=value,name=value`, both percent-encoded. Nothing of it is shown. */
function readPairs({ name, value }: Variable): Record<string, string> {
  const pairs = value.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair, i) => {
      const at = pair.indexOf("=");
      const wrong = new ConfigError(`${name}: pair ${i + 1} is not name=value, percent-encoded`);
      if (at < 1) throw wrong;
      try {
        return [pair.slice(0, at), pair.slice(at + 1)].map((text) => decodeURIComponent(text.trim()));
      } catch {
        throw wrong;
      }
    }),
  ) as Record<string, string>;
}
