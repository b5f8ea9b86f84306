import { describe, expect, test } from "vitest";
import { INFO_LABELS } from "../../src/config/config.ts";
import type { Config, TargetConfig } from "../../src/config/config.ts";
import { FLAGS } from "../../src/config/flags.ts";
import { DEFAULT_LIMITS, NO_TLS } from "../support/exporter.ts";
import { configOf, DEFAULTS, load, messageOf } from "./support.ts";

describe("defaults", () => {
  test.each([
    ["no file", {}],
    ["a file that says nothing", { yaml: "{}" }],
    ["empty sections", { yaml: "sora:\ncalls:\nmetrics:\nlimits:\notlp:\nweb:\nlog:\n" }],
    [
      "empty maps",
      { yaml: "sora: {}\ntargets: []\ncalls: {}\nmetrics: {}\nlimits: {}\notlp: {}\nweb: {}\nlog: {}\n" },
    ],
    ["empty variables", { env: { SORA_STATS_EXPORTER_SORA_URL: "", SORA_STATS_EXPORTER_CONFIG_FILE: "" } }],
    [
      "variables that are none of the exporter's",
      {
        env: {
          SORA_STATS_EXPORTER_PORT: "tcp://10.0.0.1:10490",
          SORA_STATS_EXPORTER_SERVICE_HOST: "10.0.0.1",
        },
      },
    ],
  ])("hold with %s", (_, given) => {
    expect(load(given)).toMatchObject({ command: "run", config: DEFAULTS });
  });
});

/** The variables without which what is said of pushes is not looked at. */
const PUSHING = { OTEL_METRICS_EXPORTER: "otlp" };

/** For each flag three values that are not the default, and what the configuration then says. */
const SETTINGS: Record<
  string,
  { values: [unknown, unknown][]; of: (config: Config) => unknown; given?: Record<string, string> }
> = {
  "sora.url": {
    values: [
      ["http://file:3000/", "http://file:3000/"],
      ["https://env/api", "https://env/api"],
      ["http://flag/api/", "http://flag/api/"],
    ],
    of: ({ targets }) => targets[0]!.urls[0],
  },
  "sora.interval": {
    values: [
      ["11s", 11_000],
      ["1m30s", 90_000],
      ["7s7ms", 7_007],
    ],
    of: ({ targets }) => targets[0]!.intervalMs,
  },
  "sora.timeout": {
    values: [
      ["1s", 1_000],
      ["2s500ms", 2_500],
      ["10ms", 10],
    ],
    of: ({ targets }) => targets[0]!.timeoutMs,
  },
  "sora.local": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ targets }) => targets[0]!.local,
  },
  "sora.skip-ssl-verify": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ targets }) => targets[0]!.tls.skipVerify,
  },
  "sora.client-metrics": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ report }) => report.client,
  },
  "sora.connection-error-metrics": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ report }) => report.connectionError,
  },
  "sora.erlang-vm-metrics": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ report }) => report.erlangVm,
  },
  "sora.cluster-metrics": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ report }) => report.cluster,
  },
  "calls.list-connections": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.ListConnections,
  },
  "calls.get-stats-report": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.GetStatsReport,
  },
  "calls.list-cluster-nodes": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.ListClusterNodes,
  },
  "calls.get-license": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.GetLicense,
  },
  "calls.list-started-recording": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.ListStartedRecording,
  },
  "calls.list-archiving": {
    values: [
      ["100ms", 100],
      ["0s", 0],
      ["1d", 86_400_000],
    ],
    of: ({ targets }) => targets[0]!.calls.ListArchiving,
  },
  "metrics.levels": {
    values: [
      [
        ["connection", "target"],
        ["target", "connection"],
      ],
      ["channel", ["channel"]],
      ["target,channel,connection", ["target", "channel", "connection"]],
    ],
    of: ({ levels }) => levels,
  },
  "metrics.info-labels": {
    values: [
      [
        ["role", "client_id"],
        ["client_id", "role"],
      ],
      ["spotlight", ["spotlight"]],
      ["video_codec,audio_codec", ["audio_codec", "video_codec"]],
    ],
    of: ({ info }) => info.labels,
  },
  "metrics.client-id": {
    values: [
      ["hash", { key: undefined }],
      ["plain", undefined],
      ["hash", { key: undefined }],
    ],
    of: ({ info }) => info.clientIdHash,
  },
  "metrics.include": {
    values: [
      [["sora_connection_rtp_*"], ["sora_connection_rtp_*"]],
      ["*", ["*"]],
      ["*_info, sora_target_*", ["*_info", "sora_target_*"]],
    ],
    of: ({ choice }) => choice.include,
  },
  "metrics.exclude": {
    values: [
      [["sora_connection_rtp_*"], ["sora_connection_rtp_*"]],
      ["*", ["*"]],
      ["*_info, sora_target_*", ["*_info", "sora_target_*"]],
    ],
    of: ({ choice }) => choice.exclude,
  },
  "metrics.include-sections": {
    values: [
      [
        ["rtp", "rtcp"],
        ["rtp", "rtcp"],
      ],
      ["cc", ["cc"]],
      ["turn,data_channel", ["turn", "data_channel"]],
    ],
    of: ({ choice }) => choice.includeSections,
  },
  "metrics.exclude-sections": {
    values: [
      [
        ["rtp", "rtcp"],
        ["rtp", "rtcp"],
      ],
      ["cc", ["cc"]],
      ["turn,data_channel", ["turn", "data_channel"]],
    ],
    of: ({ choice }) => choice.excludeSections,
  },
  "metrics.include-channels": {
    values: [
      [
        ["a,b", "*"],
        ["a,b", "*"],
      ],
      ["sora", ["sora"]],
      ["test-*,会議*", ["test-*", "会議*"]],
    ],
    of: ({ choice }) => choice.includeChannels,
  },
  "metrics.exclude-channels": {
    values: [
      [
        ["a,b", "*"],
        ["a,b", "*"],
      ],
      ["sora", ["sora"]],
      ["test-*,会議*", ["test-*", "会議*"]],
    ],
    of: ({ choice }) => choice.excludeChannels,
  },
  "metrics.zero": {
    values: [
      ["omit", "omit"],
      ["keep", "keep"],
      ["omit", "omit"],
    ],
    of: ({ choice }) => choice.zero,
  },
  "limits.series-per-target": {
    values: [
      [1, 1],
      ["5000", 5000],
      ["100000000", 100_000_000],
    ],
    of: ({ targets }) => targets[0]!.limits.seriesPerTarget,
  },
  "limits.series-per-metric": {
    values: [
      [1, 1],
      ["5000", 5000],
      ["100000000", 100_000_000],
    ],
    of: ({ targets }) => targets[0]!.limits.seriesPerMetric,
  },
  "limits.data-channel-labels": {
    values: [
      [0, 0],
      ["1", 1],
      ["10000", 10_000],
    ],
    of: ({ targets }) => targets[0]!.limits.dataChannelLabels,
  },
  "limits.label-value-length": {
    values: [
      [32, 32],
      ["64", 64],
      ["65536", 65_536],
    ],
    of: ({ targets }) => targets[0]!.limits.labelValueLength,
  },
  "limits.answer-size": {
    values: [
      ["1KB", 1_024],
      ["511MB", 535_822_336],
      ["2000B", 2_000],
    ],
    of: ({ targets }) => targets[0]!.limits.answerSizeBytes,
  },
  "otlp.enabled": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ otlp }) => otlp !== undefined,
  },
  "otlp.endpoint": {
    values: [
      ["http://file:1/", "http://file:1/v1/metrics"],
      ["https://env/otlp", "https://env/otlp/v1/metrics"],
      ["http://flag:3/x/", "http://flag:3/x/v1/metrics"],
    ],
    of: ({ otlp }) => otlp!.url,
    given: PUSHING,
  },
  "otlp.protocol": {
    values: [
      ["http/json", "http/json"],
      ["grpc", "grpc"],
      ["http/json", "http/json"],
    ],
    of: ({ otlp }) => otlp!.protocol,
    given: PUSHING,
  },
  "otlp.compression": {
    values: [
      ["gzip", "gzip"],
      ["none", "none"],
      ["gzip", "gzip"],
    ],
    of: ({ otlp }) => otlp!.compression,
    given: PUSHING,
  },
  "otlp.interval": {
    values: [
      ["10s", 10_000],
      ["1s", 1_000],
      ["100ms", 100],
    ],
    of: ({ otlp }) => otlp!.intervalMs,
    given: PUSHING,
  },
  "otlp.timeout": {
    values: [
      ["3s", 3_000],
      ["1s", 1_000],
      ["100ms", 100],
    ],
    of: ({ otlp }) => otlp!.timeoutMs,
    given: PUSHING,
  },
  "otlp.push-timeout": {
    values: [
      ["3s", 3_000],
      ["1s", 1_000],
      ["100ms", 100],
    ],
    of: ({ otlp }) => otlp!.pushTimeoutMs,
    given: PUSHING,
  },
  "otlp.temporality": {
    values: [
      ["delta", "delta"],
      ["lowmemory", "lowmemory"],
      ["delta", "delta"],
    ],
    of: ({ otlp }) => otlp!.temporality,
    given: PUSHING,
  },
  "otlp.levels": {
    values: [
      [["channel"], ["channel"]],
      ["target", ["target"]],
      ["connection,target", ["target", "connection"]],
    ],
    of: ({ otlp }) => otlp!.levels,
    given: PUSHING,
  },
  "otlp.batch-size": {
    values: [
      [1, 1],
      ["100", 100],
      ["100000", 100_000],
    ],
    of: ({ otlp }) => otlp!.batchSize,
    given: PUSHING,
  },
  "otlp.omit-own-metrics": {
    values: [
      [true, false],
      ["false", true],
      ["true", false],
    ],
    of: ({ otlp }) => otlp!.ownMetrics,
    given: PUSHING,
  },
  "web.listen-address": {
    values: [
      ["127.0.0.1:1", { host: "127.0.0.1", port: 1 }],
      ["[::1]:65535", { host: "::1", port: 65_535 }],
      ["localhost:0", { host: "localhost", port: 0 }],
    ],
    of: ({ web }) => web.listenAddress,
  },
  "web.telemetry-path": {
    values: [
      ["/file", "/file"],
      ["/sora/metrics", "/sora/metrics"],
      ["/-flag/", "/-flag/"],
    ],
    of: ({ web }) => web.telemetryPath,
  },
  "web.max-requests": {
    values: [
      [0, 0],
      ["1", 1],
      ["10000", 10_000],
    ],
    of: ({ web }) => web.maxRequests,
  },
  "web.disable-exporter-metrics": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ web }) => web.disableExporterMetrics,
  },
  "web.config.file": {
    values: [
      ["web.yaml", "web.yaml"],
      ["/etc/web.yaml", "/etc/web.yaml"],
      ["", undefined],
    ],
    of: ({ web }) => web.configFile,
  },
  "web.health-without-auth": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ web }) => web.healthWithoutAuth,
  },
  "web.enable-lifecycle": {
    values: [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    of: ({ web }) => web.enableLifecycle,
  },
  "log.level": {
    values: [
      ["debug", "debug"],
      ["warn", "warn"],
      ["error", "error"],
    ],
    of: ({ log }) => log.level,
  },
  "log.format": {
    values: [
      ["json", "json"],
      ["logfmt", "text"],
      ["json", "json"],
    ],
    of: ({ log }) => log.format,
  },
};

describe("precedence", () => {
  test("every flag that stands for a key is tried", () => {
    const flags = FLAGS.filter((flag) => flag.setting !== undefined).map((flag) => flag.name);
    expect(Object.keys(SETTINGS)).toEqual(flags);
  });

  test.each(Object.entries(SETTINGS))(
    "of --%s: flag, environment, file, default",
    (name, { values, of, given = {} }) => {
      const [[fileValue, inFile], [envValue, inEnv], [flagValue, inFlag]] = values as [
        [unknown, unknown],
        [string, unknown],
        [string, unknown],
      ];
      const [section, key] = FLAGS.find((flag) => flag.name === name)!.setting!.key;
      const yaml = JSON.stringify({ [section]: { [key]: fileValue } });
      const env = { ...given, [`SORA_STATS_EXPORTER_${section}_${key}`.toUpperCase()]: envValue };
      const argv = [`--${name}=${flagValue}`];

      expect(of(configOf({ yaml, env: given }))).toEqual(inFile);
      expect(of(configOf({ env }))).toEqual(inEnv);
      expect(of(configOf({ yaml, env }))).toEqual(inEnv);
      expect(of(configOf({ argv, env: given }))).toEqual(inFlag);
      expect(of(configOf({ yaml, argv, env: given }))).toEqual(inFlag);
      expect(of(configOf({ yaml, env, argv }))).toEqual(inFlag);
      expect(inFile).not.toEqual(inEnv);
      expect(inEnv).not.toEqual(inFlag);
    },
  );

  test("a flag replaces its own key alone", () => {
    const config = configOf({ yaml: "sora: {interval: 30s, local: true}", argv: ["--sora.interval=9s"] });
    expect(config.targets[0]).toEqual({ ...DEFAULTS.targets[0], intervalMs: 9_000, local: true });
  });

  test("the file itself may come from the environment, and a flag names another", () => {
    const env = { SORA_STATS_EXPORTER_CONFIG_FILE: "a.yaml" };
    const files = { "a.yaml": "log: {level: warn}", "b.yaml": "log: {level: error}" };
    expect(configOf({ env, files }).log.level).toBe("warn");
    expect(configOf({ env, files, argv: ["--config.file", "b.yaml"] }).log.level).toBe("error");
  });
});

describe("targets", () => {
  const CALLS = DEFAULTS.targets[0]!.calls;

  test("make no call more often than that for the statistics, unless they are told to", () => {
    const callsOf = (calls: string, interval: string) =>
      configOf({ yaml: `sora: {interval: ${interval}}\ncalls: {${calls}}\n` }).targets[0]!.calls;
    expect(callsOf("", "1s")).toEqual(CALLS);
    expect(callsOf("", "10m").GetLicense).toBe(600_000);
    expect(callsOf("get_stats_report: 10s", "60s")).toMatchObject({
      GetStatsReport: 10_000,
      ListConnections: 60_000,
    });
    expect(callsOf("get_stats_report: 0s", "60s").GetStatsReport).toBe(0);
  });

  test("take from sora what they do not set", () => {
    const yaml = `
sora: {interval: 20s, timeout: 3s, local: true}
limits: {answer_size: 1MB, data_channel_labels: 10}
targets:
  - url: http://sora-a:3000
  - {name: b, url: "https://b.example.com/api", interval: 1m, timeout: 1m, local: false, limits: {answer_size: 2MB, series_per_target: 9}}
`;
    expect(configOf({ yaml }).targets).toEqual<TargetConfig[]>([
      {
        name: "sora-a:3000",
        urls: ["http://sora-a:3000/"],
        local: true,
        intervalMs: 20_000,
        timeoutMs: 3_000,
        limits: { ...DEFAULT_LIMITS, answerSizeBytes: 2 ** 20, dataChannelLabels: 10 },
        headers: {},
        tls: NO_TLS,
        calls: { ...CALLS, ListConnections: 20_000, GetStatsReport: 20_000 },
      },
      {
        name: "b",
        urls: ["https://b.example.com/api"],
        local: false,
        intervalMs: 60_000,
        timeoutMs: 60_000,
        limits: {
          ...DEFAULT_LIMITS,
          answerSizeBytes: 2 ** 21,
          dataChannelLabels: 10,
          seriesPerTarget: 9,
        },
        headers: {},
        tls: NO_TLS,
        calls: {
          ListConnections: 60_000,
          GetStatsReport: 60_000,
          ListClusterNodes: 60_000,
          GetLicense: 300_000,
          ListStartedRecording: 60_000,
          ListArchiving: 60_000,
        },
      },
    ]);
  });

  test("have choice and limits that can be sent to another thread", () => {
    const { choice, targets } = configOf({ yaml: "metrics: {exclude: ['*_info'], zero: omit}" });
    expect(structuredClone({ choice, limits: targets[0]!.limits })).toEqual({
      choice: { ...DEFAULTS.choice, exclude: ["*_info"], zero: "omit" },
      limits: DEFAULT_LIMITS,
    });
  });

  test("take from the flags of sora what they do not set", () => {
    const [target] = configOf({
      yaml: "targets: [{url: http://a}]",
      argv: ["--sora.local", "--sora.interval=1m"],
    }).targets;
    expect(target).toMatchObject({ local: true, intervalMs: 60_000 });
  });

  test.each([
    ["http://sora", "sora:80"],
    ["https://sora/api", "sora:443"],
    ["http://Sora.Example:3000", "sora.example:3000"],
    ["http://[::1]:3000", "[::1]:3000"],
  ])("with the URL %s have the name %s", (url, name) => {
    expect(configOf({ yaml: JSON.stringify({ targets: [{ url }] }) }).targets[0]!.name).toBe(name);
    expect(configOf({ argv: ["--sora.url", url] }).targets[0]!.name).toBe(name);
  });

  test("may be clusters of which each node has a URL", () => {
    const yaml = "targets: [{urls: ['http://b:3000', http://A, 'http://a/api/']}, {urls: [http://c]}]";
    expect(configOf({ yaml }).targets).toMatchObject([
      { name: "b:3000", urls: ["http://b:3000/", "http://a/", "http://a/api/"] },
      { name: "c:80", urls: ["http://c/"] },
    ]);
  });

  test("may be written with aliases", () => {
    const yaml = "targets:\n  - &a {url: http://a, headers: &h {x-b: c}}\n  - {url: http://b, headers: *h}\n";
    expect(configOf({ yaml }).targets.map(({ headers }) => headers)).toEqual([
      { "x-b": "c" },
      { "x-b": "c" },
    ]);
  });
});

describe("who a connection is", () => {
  test("is told by the labels that are asked for, in their own order", () => {
    const labels = (yaml: string) => configOf({ yaml: `metrics: {${yaml}}` }).info.labels;
    expect(labels(`info_labels: [${INFO_LABELS.toReversed().join(", ")}]`)).toEqual(INFO_LABELS);
    expect(labels("info_labels: []")).toEqual([]);
    expect(labels("client_id: omit")).toEqual(INFO_LABELS.slice(1));
    expect(labels("client_id: omit, info_labels: [role, client_id]")).toEqual(["role"]);
    expect(labels("client_id: hash")).toEqual(INFO_LABELS);
  });

  test.each([
    ["plain", undefined],
    ["omit", undefined],
    ["hash", { key: undefined }],
    ["hash, client_id_key: k1", { key: "k1" }],
    ["hash, client_id_key: {env: KEY}", { key: "k2" }],
    ["hash, client_id_key: {file: key}", { key: "k3\n" }],
  ])("with client_id: %s", (clientId, clientIdHash) => {
    const given = { env: { KEY: "k2" }, files: { key: "k3\n\n" } };
    expect(configOf({ yaml: `metrics: {client_id: ${clientId}}`, ...given }).info.clientIdHash).toEqual(
      clientIdHash,
    );
  });
});

describe("the timeout", () => {
  test.each([
    ["2s", 2_000],
    ["5s", 5_000],
    ["5s1ms", 5_000],
    ["1m", 5_000],
  ])("that nobody sets, with an interval of %s, is %d ms", (interval, timeoutMs) => {
    expect(configOf({ argv: ["--sora.interval", interval] }).targets[0]!.timeoutMs).toBe(timeoutMs);
    expect(
      configOf({ yaml: `targets: [{url: http://a, interval: ${interval}}]` }).targets[0]!.timeoutMs,
    ).toBe(timeoutMs);
  });

  test("may be as long as the interval, and no longer", () => {
    expect(configOf({ argv: ["--sora.interval=2s", "--sora.timeout=2s"] }).targets[0]!.timeoutMs).toBe(2_000);
    expect(messageOf({ argv: ["--sora.interval=2s", "--sora.timeout=2s1ms"] })).toBe(
      "--sora.timeout=2s1ms: 2s1ms is longer than sora.interval, 2s",
    );
  });

  test("of sora does not matter where every target has its own", () => {
    const yaml = "sora: {interval: 1s, timeout: 5s}\ntargets: [{url: http://a, timeout: 1s}]";
    expect(configOf({ yaml }).targets[0]).toMatchObject({ intervalMs: 1_000, timeoutMs: 1_000 });
  });
});
