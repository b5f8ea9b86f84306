/** `/config`: the configuration in force as a file. */

import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Config } from "../../src/config/config.ts";
import { keyPair } from "../config/key-pair.ts";
import { configOf, DEFAULTS, type Given, load, messageOf } from "../config/support.ts";

const { cert, key } = keyPair();

function yamlOf(given: Given): string {
  const loaded = load(given);
  if (!("yaml" in loaded)) throw new Error("nothing to show");
  return loaded.yaml;
}

/** All that secrets could be planted in, once in the file itself. */
const PLANTED: Given = {
  yaml: `
sora: { interval: 2s, timeout: 1s }
targets:
  - name: tokyo
    url: https://sora.example/api
    headers: { X-Key: planted-1, x-env: { env: KEY }, x-file: { file: keys/one } }
    basic_auth: { username: exporter, password: planted-2 }
    tls: { ca_file: ca.pem, cert_file: /etc/cert.pem, key_file: key.pem, server_name: sora.internal }
  - urls: [http://a:3000/, "http://b:3000/"]
    interval: 1m
    bearer_token: planted-3
    limits: { answer_size: 1MB, label_value_length: 32 }
metrics: { client_id: hash, client_id_key: planted-4, levels: [target], exclude: ["sora_connection_a*"] }
otlp: { enabled: true, headers: { x-otlp: planted-5 }, endpoint: "http://otel:4318/", levels: [channel] }
web: { listen_address: "127.0.0.1:1", max_requests: 3 }
log: { level: debug, format: logfmt }
`,
  env: { KEY: "planted-6" },
  files: { "keys/one": "planted-7\n", "ca.pem": cert, "/etc/cert.pem": cert, "key.pem": key },
};

test("no secret is shown, whatever it comes from; files and variables are named", () => {
  const text = yamlOf({
    ...PLANTED,
    env: { ...PLANTED.env, OTEL_EXPORTER_OTLP_HEADERS: "authorization=planted-8" },
  });
  expect(text).not.toContain("planted");
  expect(text).not.toContain("PRIVATE KEY");
  const shown = parse(text) as { targets: unknown[]; otlp: unknown; metrics: unknown };
  expect(shown.targets).toMatchObject([
    {
      name: "tokyo",
      headers: { "X-Key": "<secret>", "x-env": { env: "KEY" }, "x-file": { file: "keys/one" } },
      basic_auth: { username: "exporter", password: "<secret>" },
      tls: { ca_file: "ca.pem", cert_file: "/etc/cert.pem", key_file: "key.pem" },
    },
    { bearer_token: "<secret>" },
  ]);
  expect(shown.otlp).toMatchObject({ headers: { "x-otlp": "<secret>", authorization: "<secret>" } });
  expect(shown.metrics).toMatchObject({ client_id_key: "<secret>" });
});

describe("copied back, with its secrets put in, it says the same", () => {
  const OTEL = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1500",
    OTEL_METRIC_EXPORT_INTERVAL: "5000",
    OTEL_METRIC_EXPORT_TIMEOUT: "4000",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
    OTEL_RESOURCE_ATTRIBUTES: "a=b",
    OTEL_SERVICE_NAME: "sora",
  };
  test.each<[string, Given]>([
    ["the defaults", {}],
    ["an interval below the timeout", { argv: ["--sora.interval=1s"] }],
    ["an interval above those of calls", { argv: ["--sora.interval=1m"] }],
    ["a call of its own pace", { argv: ["--sora.interval=1m", "--calls.get-license=2s"] }],
    ["no calls at all", { argv: ["--calls.get-license=0s", "--calls.list-connections=0s"] }],
    ["flags over variables over a file", { ...PLANTED, argv: ["--metrics.zero=omit", "--log.level=warn"] }],
    ["variables of ours", { env: { SORA_STATS_EXPORTER_METRICS_LEVELS: "channel" } }],
    ["variables of OpenTelemetry's", { env: OTEL }],
    ["gRPC without an endpoint", { argv: ["--otlp.enabled", "--otlp.protocol=grpc"] }],
    ["pushes that a variable forbids", { argv: ["--otlp.enabled"], env: { OTEL_SDK_DISABLED: "true" } }],
    [
      "targets that differ in what is not set",
      { yaml: "targets: [{url: http://a, interval: 1m}, {url: http://b, interval: 2s}]" },
    ],
    [
      "texts that YAML could take for something else",
      { yaml: 'targets: [{url: http://a, name: "yes"}]\nmetrics: {include_channels: ["*", "#a: b", "1"]}' },
    ],
  ])("%s", (_, given) => {
    const before = configOf(given);
    let secrets = 0;
    const order = ["planted-1", "planted-2", "planted-3", "planted-4", "planted-5"];
    const text = yamlOf(given).replaceAll("<secret>", () => order[secrets++]!);
    const back: Config = configOf({ ...given, yaml: text, argv: [], env: { KEY: "planted-6" } });
    expect(back).toEqual(before);
    // It is the effective one already.
    expect(yamlOf({ ...given, yaml: text, argv: [], env: { KEY: "planted-6" } })).toBe(yamlOf(given));
  });

  test("and the defaults are the defaults", () => {
    expect(configOf({ yaml: yamlOf({}) })).toEqual(DEFAULTS);
  });
});

test("what stands there in place of a secret is refused as one", () => {
  expect(messageOf({ ...PLANTED, yaml: yamlOf(PLANTED) })).toBe(
    "config.yaml:26: targets[0].headers.X-Key: is what /config shows in place of a secret; the secret itself goes there",
  );
});

test("a recording is told of, which no key can say", () => {
  expect(yamlOf({ argv: ["--record=/tmp/x y"] })).toContain('# Besides: --record="/tmp/x y"\n');
  expect(yamlOf({})).not.toContain("--record");
});
