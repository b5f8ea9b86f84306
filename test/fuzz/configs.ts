/** Configuration files, command lines and environments, mutated: a configuration, or one line that says what is wrong. */

import fc from "fast-check";
import { expect } from "vitest";
import { FLAGS } from "../../src/config/flags.ts";
import { type Given, load, messageOf } from "../config/support.ts";
import { fixture } from "../support/build.ts";
import { fuzz } from "./fuzz.ts";
import { applyCuts, cuts, HOSTILE_NUMBERS, TEXT } from "./hostile.ts";

/** What is planted in the files below where a secret stands; no message may hold it. */
const SECRET = "s3cr3t-do-not-show";

/** A file with every section, and every kind of value. */
const RICH = `sora: { interval: 10s, timeout: 5s, skip_ssl_verify: false, client_metrics: true }
targets:
  - name: tokyo
    url: https://sora.example.com/api
    interval: 15s
    local: true
    limits: { series_per_target: 1000000, answer_size: 64MB }
    headers:
      x-tenant: tokyo
      x-key: { env: TOKEN }
      x-token: { file: token }
      x-plain: &secret ${SECRET}
    basic_auth: { username: exporter, password: ${SECRET} }
    tls: { ca_file: ca.crt, cert_file: client.crt, key_file: client.key, server_name: sora.internal }
  - name: "osaka \\u00e9"
    urls: [http://a/, http://b:3000/x]
    bearer_token: *secret
calls: { list_connections: 10s, get_license: 0s }
metrics:
  levels: [target, channel]
  info_labels: [client_id, role]
  client_id: hash
  client_id_key: ${SECRET}
  include: ["sora_connection_*", sora_target_connections]
  exclude_channels: ["test-*", 'a''b', "*"]
  cc_round_trip_time_buckets: [10, 2.5e1, 50]
  zero: omit
limits: { series_per_metric: 1000, label_value_length: 64 }
otlp:
  enabled: true
  endpoint: http://127.0.0.1:4318/
  interval: 1m30s
  headers: { authorization: ${SECRET} }
  resource_attributes: { service.name: x }
web: { listen_address: "[::1]:10490", telemetry_path: /metrics, max_requests: 40 }
log: { level: info, format: text }
`;

const FILES: Readonly<Record<string, string>> = Object.assign(Object.create(null) as object, {
  token: SECRET,
  "ca.crt": fixture("tls/ca.crt"),
  "client.crt": fixture("tls/client.crt"),
  "client.key": fixture("tls/client.key"),
});

/** Loads it, and checks what is said: one line, no secret, nothing of the inside; what is read can go to the engine's thread. */
function check(given: Given, place: RegExp): void {
  const message = messageOf(given);
  if (message === undefined) {
    structuredClone(load(given));
    return;
  }
  expect(message).toMatch(/^[^\p{Cc}\u2028\u2029]+$/u);
  expect(message).toMatch(place);
  expect(message).not.toContain(SECRET);
  expect(message).not.toMatch(
    /\bat .*\.ts:\d|undefined|\[object|Cannot read|Maximum call|not a function|Zod|BEGIN /,
  );
  expect(message.length).toBeLessThanOrEqual(2000);
}

/** Deeper than any stack, and wider than any memory. */
const BOMBS = [
  "[".repeat(20_000),
  `${"[".repeat(3000)}${"]".repeat(3000)}`,
  "{a: ".repeat(3000),
  `${" ".repeat(3)}- `.repeat(3000),
  `[&a [x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c], [*d,*d,*d,*d]]`,
  "&x [*x]",
  "a".repeat(200_000),
  '"\\'.repeat(5000),
  "? ".repeat(3000),
  `\n${"- ".repeat(100_000)}`,
];

const IN_FILE = /^config\.yaml(:\d+)?: ./;

const YAML_PIECES = [
  ..."\n \t:-,{}[]&*!|>%@`#?'\"\\~.".split(""),
  ...["\n  ", "\n- ", ": ", "&secret ", "!!binary ", "!env ", "!!int ", "--- ", "\n...\n"],
  ...[
    "%YAML 1.1\n",
    "null",
    "true",
    "yes",
    "0o7",
    "0x1F",
    ".inf",
    ".nan",
    "2024-01-01",
    "? ",
    "\0",
    "\xff",
    "\u{feff}",
  ],
  ...["__proto__: 1\n", "constructor: {}\n", "sora:\n", "targets:\n", "headers: ", "url: "],
];

/** A scalar of the file, or a whole flow list, is something else. */
const SCALARS = /(?<=[:[,] |- |\[)[^\s,[\]{}][^\s,[\]{}]*|\[[^\][]*\]/g;
const SCALAR_COUNT = [...RICH.matchAll(SCALARS)].length;
const VALUE = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...BOMBS) },
  { weight: 4, arbitrary: TEXT.map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("[]", "{}", "null", "~", "[null]", "[[]]", "{a: {}}", "true", "[1, 1]"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "99999999999999999999d",
      "0s",
      "-1s",
      "1d1ms",
      "512MB",
      "1e9B",
      "http://u:p@h/",
      "http://[::1",
      "https://",
      ":0",
      ":65536",
      "/-/x",
      "//",
      "/../a",
      "{env: TOKEN}",
      "{file: ''}",
      "{file: token, env: TOKEN}",
    ),
  },
);

const CHANGED_BYTES = cuts(YAML_PIECES).map((changes) => applyCuts(RICH, changes));
const CHANGED_VALUES = fc
  .array(fc.tuple(fc.nat({ max: SCALAR_COUNT - 1 }), VALUE), { minLength: 1, maxLength: 3 })
  .map((changes) => {
    const by = new Map(changes);
    let i = 0;
    return RICH.replaceAll(SCALARS, (whole) => by.get(i++) ?? whole);
  });

const files = fuzz({
  name: "a configuration file with other values is valid, or its line and key are named, and no secret",
  runs: 200,
  input: CHANGED_VALUES,
  check: (yaml) => check({ yaml, files: FILES, env: { TOKEN: SECRET } }, IN_FILE),
});

const brokenFiles = fuzz({
  name: "a configuration file of which characters were changed is valid, or its line is named",
  runs: 200,
  input: CHANGED_BYTES,
  // What is cut may leave a secret where something else should be, which is shown.
  check: (yaml) =>
    check({ yaml: yaml.replaceAll(SECRET, "abc"), files: FILES, env: { TOKEN: "abc" } }, IN_FILE),
});

const ARGUMENT = fc.oneof(
  { weight: 1, arbitrary: TEXT },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...FLAGS.flatMap(({ name, alias }) => [name, `no-${name}`, alias ?? name])),
        fc.constantFrom("=", "", " "),
        fc.oneof(
          TEXT,
          fc.constantFrom(...HOSTILE_NUMBERS),
          fc.constantFrom("true", "false", "1s", "100MB", "a,b,,", "http://h/"),
        ),
      )
      .map(([name, sign, value]) => `--${name}${sign}${sign === "" ? "" : value}`),
  },
  {
    weight: 1,
    arbitrary: cuts(["-", "=", ".", "no-"]).map((changes) => applyCuts("--sora.url=http://h/", changes)),
  },
);

const commandLines = fuzz({
  name: "a command line is valid, or the flag is named",
  runs: 300,
  input: fc.array(ARGUMENT, { maxLength: 4 }),
  check(argv) {
    if (argv.some((one) => /^--(config\.file|record)/.test(one))) return;
    check({ argv }, /^(-|unknown flag|unexpected argument|config)/);
  },
});

const OTEL = [
  ...[
    "ENDPOINT",
    "PROTOCOL",
    "COMPRESSION",
    "TIMEOUT",
    "HEADERS",
    "CERTIFICATE",
    "CLIENT_CERTIFICATE",
    "CLIENT_KEY",
  ].flatMap((end) => [`OTEL_EXPORTER_OTLP_${end}`, `OTEL_EXPORTER_OTLP_METRICS_${end}`]),
  ...[
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRICS_EXPORTER",
  ],
  ...["OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"],
];
const OURS = FLAGS.flatMap(({ env }) => (env === undefined ? [] : [env])).filter(
  (name) => !name.endsWith("CONFIG_FILE"),
);

const VARIABLE_VALUE = fc.oneof(
  TEXT,
  fc.constantFrom(...HOSTILE_NUMBERS),
  fc.constantFrom(
    "otlp",
    "none",
    "http://h:1/",
    "https://[::1]/",
    "grpc",
    "http/json",
    "delta",
    "ca.crt",
    "client.key",
    "a=b,c=%zz",
  ),
  fc
    .array(fc.tuple(TEXT, TEXT), { maxLength: 3 })
    .map((pairs) => pairs.map(([name, value]) => `${name}=${encode(value)}`).join(",")),
);

function encode(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

const environments = fuzz({
  name: "an environment is valid, or the variable is named",
  runs: 300,
  input: fc.dictionary(fc.constantFrom(...OTEL, ...OURS), VARIABLE_VALUE, { maxKeys: 5 }),
  check(env) {
    const headers = `authorization=${SECRET},x=${SECRET}%0`;
    for (const more of [
      {},
      { OTEL_METRICS_EXPORTER: "otlp" },
      { OTEL_METRICS_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_HEADERS: headers },
    ])
      check({ env: { ...env, ...more }, files: FILES }, /^(OTEL_|SORA_STATS_EXPORTER_|config)/);
  },
});

export const CONFIG_FUZZES = [files, brokenFiles, commandLines, environments];
