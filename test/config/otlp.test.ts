import { describe, expect, test } from "vitest";
import type { OtlpConfig } from "../../src/config/otlp-config.ts";
import { FLAGS } from "../../src/config/flags.ts";
import { keyPair } from "./key-pair.ts";
import { configOf, load, messageOf } from "./support.ts";

const { cert, key } = keyPair();
const ON = { OTEL_METRICS_EXPORTER: "otlp" };
const SECRET = "s3cr3t";

/** What pushes are like where nothing but that they are wanted is said. */
const PLAIN: OtlpConfig = {
  url: "http://127.0.0.1:4318/v1/metrics",
  protocol: "http/protobuf",
  compression: "none",
  temporality: "cumulative",
  timeoutMs: 10_000,
  intervalMs: 60_000,
  pushTimeoutMs: 54_000,
  levels: ["target", "channel"],
  batchSize: 5000,
  ownMetrics: true,
  headers: {},
  tls: { ca: undefined, cert: undefined, key: undefined },
  resource: {},
};

describe("pushes by OTLP", () => {
  test.each<[Record<string, string>, string, boolean]>([
    [{}, "{}", false],
    [{}, "otlp: {enabled: true}", true],
    [{}, "otlp: {endpoint: 'http://a:1'}", false],
    [{ OTEL_METRICS_EXPORTER: "otlp" }, "otlp: {enabled: false}", true],
    [{ OTEL_METRICS_EXPORTER: "console, otlp" }, "{}", true],
    [{ OTEL_METRICS_EXPORTER: "none" }, "otlp: {enabled: true}", false],
    [{ OTEL_METRICS_EXPORTER: "prometheus", OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1" }, "{}", false],
    [{ OTEL_METRICS_EXPORTER: "" }, "otlp: {enabled: true}", true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1" }, "{}", true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://a:1" }, "{}", true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, "{}", false],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=b" }, "{}", false],
    [{ OTEL_SDK_DISABLED: "TRUE", OTEL_METRICS_EXPORTER: "otlp" }, "otlp: {enabled: true}", false],
    [{ OTEL_SDK_DISABLED: "false" }, "otlp: {enabled: true}", true],
    // Where there are none, nothing else that is said of them matters.
    [{ OTEL_METRICS_EXPORTER: "none", OTEL_EXPORTER_OTLP_PROTOCOL: "carrier pigeon" }, "{}", false],
  ])("%j with %j: %j", (env, yaml, on) => {
    expect(configOf({ env, yaml }).otlp !== undefined).toBe(on);
  });

  test("are as the protocol's own defaults have it", () => {
    expect(configOf({ env: ON }).otlp).toEqual(PLAIN);
  });

  test.each<[Record<string, string>, string, Partial<OtlpConfig>]>([
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "https://a/otlp/" },
      "otlp: {endpoint: 'http://b'}",
      { url: "https://a/otlp/v1/metrics" },
    ],
    [
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://a",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://b:9090/api/v1/otlp/v1/metrics",
      },
      "{}",
      { url: "http://b:9090/api/v1/otlp/v1/metrics" },
    ],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "{}", { protocol: "grpc", url: "http://127.0.0.1:4317" }],
    [{}, "otlp: {protocol: grpc, endpoint: 'https://a:1/x'}", { protocol: "grpc", url: "https://a:1" }],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/json" },
      "otlp: {protocol: http/protobuf}",
      { protocol: "http/json" },
    ],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" }, "otlp: {compression: none}", { compression: "gzip" }],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: "2000" }, "otlp: {timeout: 3s}", { timeoutMs: 2000 }],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: "2000", OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "1" }, "{}", { timeoutMs: 1 }],
    [
      { OTEL_METRIC_EXPORT_INTERVAL: "5000" },
      "otlp: {interval: 1s}",
      { intervalMs: 5000, pushTimeoutMs: 4500 },
    ],
    [{ OTEL_METRIC_EXPORT_TIMEOUT: "5000" }, "otlp: {push_timeout: 7s}", { pushTimeoutMs: 5000 }],
    [{}, "otlp: {push_timeout: 7s}", { pushTimeoutMs: 7000 }],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "a:4317" },
      "{}",
      { protocol: "grpc", url: "https://a:4317" },
    ],
    [
      {
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "127.0.0.1:4317",
        OTEL_EXPORTER_OTLP_INSECURE: "True",
      },
      "{}",
      { protocol: "grpc", url: "http://127.0.0.1:4317" },
    ],
    [
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "[::1]:4317",
        OTEL_EXPORTER_OTLP_INSECURE: "false",
        OTEL_EXPORTER_OTLP_METRICS_INSECURE: "true",
      },
      "otlp: {protocol: grpc}",
      { protocol: "grpc", url: "http://[::1]:4317" },
    ],
    // What the URL says comes first.
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "https://a:4317", OTEL_EXPORTER_OTLP_INSECURE: "true" },
      "otlp: {protocol: grpc}",
      { protocol: "grpc", url: "https://a:4317" },
    ],
    [{ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "Delta" }, "{}", { temporality: "delta" }],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: "X-A=1%202, x-b=2", OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-b=3" },
      "otlp: {headers: {x-b: file, x-c: c, x-d: {env: D}, x-e: {file: e}}}",
      {
        headers: {
          "x-a": "1 2",
          "x-b": "3",
          "x-c": "c",
          "x-d": "d",
          "x-e": { path: "e", scheme: { is: "value" } },
        },
      },
    ],
    [
      { OTEL_RESOURCE_ATTRIBUTES: "service.name=a,deployment.environment.name=b", OTEL_SERVICE_NAME: "c" },
      "otlp: {resource_attributes: {service.name: d, host.name: e}}",
      { resource: { "service.name": "c", "deployment.environment.name": "b", "host.name": "e" } },
    ],
    [
      {},
      "otlp: {ca_file: cert, cert_file: cert, key_file: key}",
      { tls: { ca: "cert", cert: "cert", key: "key" } },
    ],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: "cert" },
      "otlp: {ca_file: nothing}",
      { tls: { ca: "cert", cert: undefined, key: undefined } },
    ],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: "cert" },
      "otlp: {ca_file: nothing, cert_file: cert, key_file: key}",
      { tls: { ca: "cert", cert: "cert", key: "key" } },
    ],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "cert", OTEL_EXPORTER_OTLP_CLIENT_KEY: "key" },
      "otlp: {ca_file: cert, cert_file: nothing, key_file: nothing}",
      { tls: { ca: "cert", cert: "cert", key: "key" } },
    ],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: "key", OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: "cert" },
      "{}",
      { tls: { ca: undefined, cert: "cert", key: "key" } },
    ],
  ])("take what OpenTelemetry's variables say: %j before %j", (env, yaml, expected) => {
    const files = { cert, key, e: "e" };
    expect(configOf({ env: { ...ON, D: "d", ...env }, yaml, files }).otlp).toEqual({ ...PLAIN, ...expected });
  });

  test.each([
    [
      { OTEL_METRICS_EXPORTER: "oltp" },
      'OTEL_METRICS_EXPORTER: "oltp" is not one of otlp, prometheus, console, none',
    ],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "http" },
      'OTEL_EXPORTER_OTLP_PROTOCOL: "http" is not one of http/protobuf, http/json, grpc',
    ],
    [
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "a:1" },
      'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "a:1" is not an http or https URL',
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: `http://u:${SECRET}@a` },
      "OTEL_EXPORTER_OTLP_ENDPOINT: a user or password in the URL is not allowed; use OTEL_EXPORTER_OTLP_HEADERS",
    ],
    [
      { OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
      'OTEL_EXPORTER_OTLP_TIMEOUT: "10s" is not a number of milliseconds from 1 to 86400000',
    ],
    [
      { OTEL_METRIC_EXPORT_INTERVAL: "0" },
      'OTEL_METRIC_EXPORT_INTERVAL: "0" is not a number of milliseconds from 1 to 86400000',
    ],
    [
      { OTEL_EXPORTER_OTLP_COMPRESSION: "zip" },
      'OTEL_EXPORTER_OTLP_COMPRESSION: "zip" is not one of none, gzip',
    ],
    [
      { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "x" },
      'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "x" is not one of cumulative, delta, lowmemory',
    ],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: `a=b,${SECRET}` },
      "OTEL_EXPORTER_OTLP_HEADERS: pair 2 is not name=value, percent-encoded",
    ],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: `a=${SECRET}%0a` },
      "OTEL_EXPORTER_OTLP_HEADERS: a header holds characters that an HTTP header may not",
    ],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "https://10.0.0.1:4317" },
      "OTEL_EXPORTER_OTLP_ENDPOINT: has an address; over gRPC with TLS it must have a name, as the certificate is checked by that",
    ],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "10.0.0.1:4317" },
      "OTEL_EXPORTER_OTLP_ENDPOINT: has an address; over gRPC with TLS it must have a name, as the certificate is checked by that; without TLS, put http:// before it, or set OTEL_EXPORTER_OTLP_INSECURE=true",
    ],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "a b" },
      'OTEL_EXPORTER_OTLP_ENDPOINT: "a b" is not an http or https URL, nor HOST:PORT',
    ],
    [
      {
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT: "a:1",
        OTEL_EXPORTER_OTLP_INSECURE: "1",
      },
      'OTEL_EXPORTER_OTLP_INSECURE: "1" is not one of true, false',
    ],
    [
      { OTEL_METRIC_EXPORT_TIMEOUT: "30s" },
      'OTEL_METRIC_EXPORT_TIMEOUT: "30s" is not a number of milliseconds from 1 to 86400000',
    ],
    [
      { OTEL_RESOURCE_ATTRIBUTES: "a=%" },
      "OTEL_RESOURCE_ATTRIBUTES: pair 1 is not name=value, percent-encoded",
    ],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: "gone" },
      "OTEL_EXPORTER_OTLP_CERTIFICATE: cannot read \"gone\": ENOENT: no such file or directory, open 'gone'",
    ],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "cert" },
      "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: needs its key",
    ],
  ])("%j is a mistake", (env, message) => {
    const found = messageOf({ env: { ...ON, ...env }, files: { cert } });
    expect(found).toBe(message);
    expect(found).not.toContain(SECRET);
  });

  test.each([
    [
      `otlp: {headers: {"Bearer ${SECRET}": x}}`,
      "config.yaml:1: otlp.headers: holds a name that is not one of an HTTP header",
    ],
    [
      "otlp: {headers: {x-a: {file: gone}}}",
      "config.yaml:1: otlp.headers.x-a: cannot read \"gone\": ENOENT: no such file or directory, open 'gone'",
    ],
    [
      `otlp: {endpoint: "http://u:${SECRET}@a"}`,
      "config.yaml:1: otlp.endpoint: a user or password in the URL is not allowed; use headers",
    ],
    [
      "otlp: {protocol: grpc, endpoint: 'https://[::1]:1'}",
      "config.yaml:1: otlp.endpoint: has an address; over gRPC with TLS it must have a name, as the certificate is checked by that",
    ],
    [
      "otlp: {protocol: http}",
      'config.yaml:1: otlp.protocol: "http" is not one of http/protobuf, http/json, grpc',
    ],
    ["otlp: {levels: []}", "config.yaml:1: otlp.levels: is empty; name some of target, channel, connection"],
    ["otlp: {batch_size: 0}", "config.yaml:1: otlp.batch_size: 0 is not a whole number from 1 to 100000"],
    ["otlp: {resource_attributes: {a: 1}}", "config.yaml:1: otlp.resource_attributes.a: is not a text"],
    ["otlp: {cert_file: cert}", "config.yaml:1: otlp.cert_file: needs key_file"],
  ])("%j is a mistake", (yaml, message) => {
    const found = messageOf({ yaml, env: ON, files: { cert } });
    expect(found).toBe(message);
    expect(found).not.toContain(SECRET);
  });

  test("have flags, and are checked with the rest", () => {
    expect(FLAGS.filter(({ name }) => name.startsWith("otlp."))).toHaveLength(11);
    expect(load({ argv: ["--config.check", "--otlp.enabled"] })).toMatchObject({
      command: "check",
      config: { otlp: PLAIN },
    });
  });
});
