/**
 * The configuration file: its keys, defaults, rules and descriptions. The flags, the help, the JSON Schema and
 * the comments of config.yaml follow from here. A leaf reads its text into the value the exporter works with.
 */
import { z } from "zod";
import { quote } from "./errors.ts";
import { readListenAddress, readTelemetryPath, readUrl } from "./addresses.ts";
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from "./units.ts";

const DAY_MS = 86_400_000;
const MIN_INTERVAL_MS = 100;
const MIN_TIMEOUT_MS = 10;
const MIN_BODY_BYTES = 1024;

/** An answer is decoded as one string, and the engine's longest is 24 bytes short of 512MB. */
const MAX_BODY_BYTES = 511 * 1024 ** 2;

/** The keys that hold one value each; every one is a flag too. */
export const SECTIONS = {
  sora: {
    url: url().prefault("http://127.0.0.1:3000/").describe("URL of Sora's HTTP API."),
    interval: duration(MIN_INTERVAL_MS)
      .prefault("10s")
      .describe("Time from one poll to the next, 100ms to 1d."),
    timeout: duration(MIN_TIMEOUT_MS)
      .prefault("5s")
      .describe("How long a poll may take, never more than the interval."),
    local: boolean()
      .prefault(false)
      .describe("Ask for the connections of this node alone, not of the whole cluster."),
    body_size_limit: size().prefault("256MB").describe("Largest answer to take from Sora, 1KB to 511MB."),
  },
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
      refused: [[/^\/-(\/|$)/, "paths under /-/ are the exporter's own"]],
    })
      .prefault("/metrics")
      .describe("Path under which the metrics are served."),
  },
  log: {
    level: choice(["debug", "info", "warn", "error"])
      .prefault("info")
      .describe("Least severe messages to log: debug, info, warn or error."),
    format: choice(["text", "json"]).prefault("text").describe("Form of the log: text or json."),
  },
};

const HEADER_FORMS = "a string, {env: NAME} or {file: PATH}";

// The messages say nothing of what was found: it may be a secret in the wrong place.
const headerError = { error: `takes ${HEADER_FORMS}` };

const headerSource = z.union(
  [
    z.string(),
    z.strictObject({ env: z.string().describe("Environment variable that holds the value.") }, headerError),
    z.strictObject(
      { file: z.string().describe("File that holds the value; relative to the configuration file.") },
      headerError,
    ),
  ],
  headerError,
);

/** Where the value of a header comes from. */
export type HeaderSource = z.output<typeof headerSource>;

/** The keys of one element of `targets`. */
export const TARGET = {
  name: text({
    expected: "a name of visible characters",
    read: (name) => (/^(?=.*\S)\P{Cc}+$/u.test(name) ? name : undefined),
  })
    .optional()
    .describe("Value of the target label, unique. Default: the URL's host:port."),
  url: url().describe("URL of this Sora's HTTP API."),
  interval: duration(MIN_INTERVAL_MS)
    .optional()
    .describe("Time from one poll to the next. Default: sora.interval."),
  timeout: duration(MIN_TIMEOUT_MS).optional().describe("How long a poll may take. Default: sora.timeout."),
  local: boolean().optional().describe("Ask for this node alone. Default: sora.local."),
  body_size_limit: size().optional().describe("Largest answer to take. Default: sora.body_size_limit."),
  headers: z
    .record(z.string(), headerSource, { error: "is not a map of header names and values" })
    .optional()
    .describe(`HTTP headers to send: ${HEADER_FORMS}.`),
};

/** The whole file. */
export const configSchema = map({
  sora: map(SECTIONS.sora).prefault({}).describe("The Sora to poll, and what targets do not set themselves."),
  targets: z
    .array(map(TARGET), { error: "is not a list of targets" })
    .prefault([])
    .describe("Soras to poll in place of sora.url."),
  web: map(SECTIONS.web).prefault({}).describe("The exporter's own HTTP server."),
  log: map(SECTIONS.log).prefault({}).describe("The exporter's log."),
});

/** What the file says, its defaults filled in: durations in milliseconds, sizes in bytes. */
export type Settings = z.output<typeof configSchema>;

/** One element of `targets` as the file says it. */
export type TargetSettings = Settings["targets"][number];

/** The JSON Schema (draft 2020-12) of the file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12" });
}

function map<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? `unknown key; allowed here: ${keys}` : `is not a map of ${keys}`,
  });
}

interface TextRules<T> {
  /** What the text has to be, for messages. */
  readonly expected: string;
  /** What the text means; undefined where it is not what was expected. */
  readonly read: (text: string) => T | undefined;
  /** Forms that are refused first, with messages that do not repeat the text. */
  readonly refused?: readonly (readonly [form: RegExp, message: string])[];
  /** The form of the text, for the JSON Schema. */
  readonly pattern?: RegExp;
}

function text<T>({ expected, read, refused = [], pattern }: TextRules<T>) {
  return z
    .string({
      error: ({ input }) => (input === undefined ? "is missing" : `${quote(input)} is not ${expected}`),
    })
    .meta(pattern === undefined ? {} : { pattern: pattern.source })
    .transform((input, context) => {
      const value = read(input);
      const refusal = refused.find(([form]) => form.test(input))?.[1];
      if (value !== undefined && refusal === undefined) return value;
      context.addIssue({ code: "custom", message: refusal ?? `${quote(input)} is not ${expected}` });
      return z.NEVER;
    });
}

function url() {
  return text({
    expected: "an http or https URL",
    read: readUrl,
    refused: [
      [/@/, "a user or password in the URL is not allowed; use the headers of a target"],
      [/[?#]/, "a query or fragment in the URL is not allowed"],
    ],
    pattern: /^https?:\/\//,
  });
}

function duration(min: number) {
  const expected = "a duration such as 500ms, 10s or 1m30s";
  return text({ expected, read: parseDuration, pattern: DURATION_PATTERN }).refine(
    (ms) => ms >= min && ms <= DAY_MS,
    { error: ({ input }) => `${formatDuration(Number(input))} is not between ${formatDuration(min)} and 1d` },
  );
}

function size() {
  return text({ expected: "a size such as 512KB or 256MB", read: parseSize, pattern: SIZE_PATTERN }).refine(
    (bytes) => bytes >= MIN_BODY_BYTES && bytes <= MAX_BODY_BYTES,
    { error: ({ input }) => `${formatSize(Number(input))} is not between 1KB and 511MB` },
  );
}

function boolean() {
  return z.boolean({ error: ({ input }) => `${quote(input)} is not true or false` });
}

function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: ({ input }) => `${quote(input)} is not one of ${values.join(", ")}` });
}
