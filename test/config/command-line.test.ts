import { describe, expect, test } from "vitest";
import { INFO_LABELS } from "../../src/config/config.ts";
import { FLAGS } from "../../src/config/flags.ts";
import { helpText } from "../../src/config/help.ts";
import { configJsonSchema } from "../../src/config/schema.ts";
import { NO_TLS } from "../support/exporter.ts";
import { configOf, DEFAULTS, load, messageOf } from "./support.ts";

interface Property {
  readonly type: string;
  readonly properties?: Record<string, Property>;
}

describe("flags", () => {
  test("are these, with these variables", () => {
    expect(FLAGS.map(({ name, env }) => [name, env])).toEqual([
      ["config.file", "SORA_STATS_EXPORTER_CONFIG_FILE"],
      ["config.check", "SORA_STATS_EXPORTER_CONFIG_CHECK"],
      ["sora.url", "SORA_STATS_EXPORTER_SORA_URL"],
      ["sora.interval", "SORA_STATS_EXPORTER_SORA_INTERVAL"],
      ["sora.timeout", "SORA_STATS_EXPORTER_SORA_TIMEOUT"],
      ["sora.local", "SORA_STATS_EXPORTER_SORA_LOCAL"],
      ["sora.skip-ssl-verify", "SORA_STATS_EXPORTER_SORA_SKIP_SSL_VERIFY"],
      ["sora.client-metrics", "SORA_STATS_EXPORTER_SORA_CLIENT_METRICS"],
      ["sora.connection-error-metrics", "SORA_STATS_EXPORTER_SORA_CONNECTION_ERROR_METRICS"],
      ["sora.erlang-vm-metrics", "SORA_STATS_EXPORTER_SORA_ERLANG_VM_METRICS"],
      ["sora.cluster-metrics", "SORA_STATS_EXPORTER_SORA_CLUSTER_METRICS"],
      ["calls.list-connections", "SORA_STATS_EXPORTER_CALLS_LIST_CONNECTIONS"],
      ["calls.get-stats-report", "SORA_STATS_EXPORTER_CALLS_GET_STATS_REPORT"],
      ["calls.list-cluster-nodes", "SORA_STATS_EXPORTER_CALLS_LIST_CLUSTER_NODES"],
      ["calls.get-license", "SORA_STATS_EXPORTER_CALLS_GET_LICENSE"],
      ["calls.list-started-recording", "SORA_STATS_EXPORTER_CALLS_LIST_STARTED_RECORDING"],
      ["calls.list-archiving", "SORA_STATS_EXPORTER_CALLS_LIST_ARCHIVING"],
      ["metrics.levels", "SORA_STATS_EXPORTER_METRICS_LEVELS"],
      ["metrics.info-labels", "SORA_STATS_EXPORTER_METRICS_INFO_LABELS"],
      ["metrics.client-id", "SORA_STATS_EXPORTER_METRICS_CLIENT_ID"],
      ["metrics.include", "SORA_STATS_EXPORTER_METRICS_INCLUDE"],
      ["metrics.exclude", "SORA_STATS_EXPORTER_METRICS_EXCLUDE"],
      ["metrics.include-sections", "SORA_STATS_EXPORTER_METRICS_INCLUDE_SECTIONS"],
      ["metrics.exclude-sections", "SORA_STATS_EXPORTER_METRICS_EXCLUDE_SECTIONS"],
      ["metrics.include-channels", "SORA_STATS_EXPORTER_METRICS_INCLUDE_CHANNELS"],
      ["metrics.exclude-channels", "SORA_STATS_EXPORTER_METRICS_EXCLUDE_CHANNELS"],
      ["metrics.zero", "SORA_STATS_EXPORTER_METRICS_ZERO"],
      ["limits.series-per-target", "SORA_STATS_EXPORTER_LIMITS_SERIES_PER_TARGET"],
      ["limits.series-per-metric", "SORA_STATS_EXPORTER_LIMITS_SERIES_PER_METRIC"],
      ["limits.data-channel-labels", "SORA_STATS_EXPORTER_LIMITS_DATA_CHANNEL_LABELS"],
      ["limits.label-value-length", "SORA_STATS_EXPORTER_LIMITS_LABEL_VALUE_LENGTH"],
      ["limits.answer-size", "SORA_STATS_EXPORTER_LIMITS_ANSWER_SIZE"],
      ["otlp.enabled", "SORA_STATS_EXPORTER_OTLP_ENABLED"],
      ["otlp.endpoint", "SORA_STATS_EXPORTER_OTLP_ENDPOINT"],
      ["otlp.protocol", "SORA_STATS_EXPORTER_OTLP_PROTOCOL"],
      ["otlp.compression", "SORA_STATS_EXPORTER_OTLP_COMPRESSION"],
      ["otlp.interval", "SORA_STATS_EXPORTER_OTLP_INTERVAL"],
      ["otlp.timeout", "SORA_STATS_EXPORTER_OTLP_TIMEOUT"],
      ["otlp.temporality", "SORA_STATS_EXPORTER_OTLP_TEMPORALITY"],
      ["otlp.levels", "SORA_STATS_EXPORTER_OTLP_LEVELS"],
      ["otlp.batch-size", "SORA_STATS_EXPORTER_OTLP_BATCH_SIZE"],
      ["otlp.omit-own-metrics", "SORA_STATS_EXPORTER_OTLP_OMIT_OWN_METRICS"],
      ["web.listen-address", "SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS"],
      ["web.telemetry-path", "SORA_STATS_EXPORTER_WEB_TELEMETRY_PATH"],
      ["web.max-requests", "SORA_STATS_EXPORTER_WEB_MAX_REQUESTS"],
      ["web.disable-exporter-metrics", "SORA_STATS_EXPORTER_WEB_DISABLE_EXPORTER_METRICS"],
      ["web.config.file", "SORA_STATS_EXPORTER_WEB_CONFIG_FILE"],
      ["web.health-without-auth", "SORA_STATS_EXPORTER_WEB_HEALTH_WITHOUT_AUTH"],
      ["log.level", "SORA_STATS_EXPORTER_LOG_LEVEL"],
      ["log.format", "SORA_STATS_EXPORTER_LOG_FORMAT"],
      ["record", "SORA_STATS_EXPORTER_RECORD"],
      ["version", undefined],
      ["help", undefined],
    ]);
  });

  test("exist for every key of the schema that holds one value, but for secrets, files and lists of numbers", () => {
    const { properties = {} } = configJsonSchema() as Property;
    const leaves = Object.entries(properties).flatMap(([section, { properties = {} }]) =>
      Object.keys(properties).map((key) => `${section}.${key.replaceAll("_", "-")}`),
    );
    // As in exporter-toolkit.
    const named = (name: string) => (name === "web.config.file" ? "web.config-file" : name);
    const flags = FLAGS.flatMap(({ name, setting }) => (setting === undefined ? [] : [named(name)]));
    expect(flags).toEqual(
      leaves.filter(
        (leaf) =>
          !/^metrics\.(client-id-key|.*-buckets)$|^otlp\.(headers|.*-file|resource-attributes)$/.test(leaf),
      ),
    );
  });

  test.each([
    [["--sora.url=http://a:1/"], "http://a:1/"],
    [["--sora.url", "http://a:1/"], "http://a:1/"],
    [["--sora.api-url=http://a:1/"], "http://a:1/"],
    [["--sora.api-url", "http://host:3000"], "http://host:3000/"],
  ])("take values as %j", (argv, url) => {
    expect(configOf({ argv }).targets[0]!.urls).toEqual([url]);
  });

  test("are, beside ours, all of the official sora_exporter", () => {
    const { targets, report, web, log } = configOf({
      argv: [
        "--sora.api-url=http://sora:3000",
        "--sora.skip-ssl-verify",
        "--sora.timeout=4s",
        "--sora.client-metrics",
        "--sora.connection-error-metrics",
        "--sora.erlang-vm-metrics",
        "--sora.cluster-metrics",
        "--web.listen-address=:9490",
        "--web.telemetry-path=/sora",
        "--web.max-requests=20",
        "--web.disable-exporter-metrics",
        "--log.level=warn",
        "--log.format=logfmt",
      ],
    });
    expect(targets).toEqual([
      {
        ...DEFAULTS.targets[0],
        name: "sora:3000",
        urls: ["http://sora:3000/"],
        timeoutMs: 4_000,
        tls: { ...NO_TLS, skipVerify: true },
      },
    ]);
    expect(report).toEqual({ client: true, connectionError: true, erlangVm: true, cluster: true });
    expect(web).toEqual({
      listenAddress: { host: undefined, port: 9_490 },
      telemetryPath: "/sora",
      maxRequests: 20,
      disableExporterMetrics: true,
      configFile: undefined,
      healthWithoutAuth: false,
    });
    expect(log).toEqual({ level: "warn", format: "text" });
  });

  test("another name of a flag comes before the flag's variable", () => {
    const env = { SORA_STATS_EXPORTER_SORA_URL: "http://env/" };
    expect(configOf({ argv: ["--sora.api-url=http://flag/"], env }).targets[0]!.urls).toEqual([
      "http://flag/",
    ]);
  });

  test.each([
    ["role,client_id", ["client_id", "role"]],
    [" role , node_name ", ["node_name", "role"]],
    ["", []],
  ])("list names with commas: %j", (text, labels) => {
    expect(configOf({ argv: [`--metrics.info-labels=${text}`] }).info.labels).toEqual(labels);
  });

  test("name the file in which answers are recorded", () => {
    expect(configOf({ argv: ["--record=answers.jsonl"] }).record).toBe("answers.jsonl");
    expect(configOf({ env: { SORA_STATS_EXPORTER_RECORD: "/var/answers" } }).record).toBe("/var/answers");
    const yaml = "targets: [{urls: [http://a, http://b]}]";
    expect(configOf({ yaml, argv: ["--record", "x"] }).record).toBe("x");
  });

  test.each([
    [["--sora.local"], true],
    [["--sora.local=true"], true],
    [["--sora.local=false"], false],
    [["--no-sora.local"], false],
  ])("are switched as %j", (argv, local) => {
    expect(configOf({ yaml: `sora: {local: ${!local}}`, argv }).targets[0]!.local).toBe(local);
  });

  test.each([
    ["true", true],
    ["false", false],
  ])("are switched by a variable %s", (value, local) => {
    const env = { SORA_STATS_EXPORTER_SORA_LOCAL: value };
    expect(configOf({ yaml: `sora: {local: ${!local}}`, env }).targets[0]!.local).toBe(local);
  });
});

describe("commands", () => {
  test.each([
    [[], {}, "run"],
    [["--config.check"], {}, "check"],
    [["--config.check=false"], { SORA_STATS_EXPORTER_CONFIG_CHECK: "true" }, "run"],
    [[], { SORA_STATS_EXPORTER_CONFIG_CHECK: "true" }, "check"],
    [["--version"], {}, "version"],
    [["--help"], {}, "help"],
    [["-h"], {}, "help"],
    [["--unknown", "--help"], {}, "help"],
    [["--version", "--help"], {}, "help"],
  ])("%j %j: %s", (argv, env, command) => {
    expect(load({ argv, env }).command).toBe(command);
  });

  test("version and help need no configuration that is right", () => {
    const env = { SORA_STATS_EXPORTER_SORA_URL: "nonsense", SORA_STATS_EXPORTER_CONFIG_FILE: "missing.yaml" };
    expect(load({ argv: ["--version"], env })).toEqual({ command: "version" });
    expect(load({ argv: ["--help"], env })).toEqual({ command: "help" });
  });
});

describe("a command line is refused", () => {
  test.each([
    [["--sora.urll=http://a"], "unknown flag --sora.urll; did you mean --sora.url?"],
    [["--web.listen_adress=:1"], "unknown flag --web.listen_adress; did you mean --web.listen-address?"],
    [["--listen-address=:1"], "unknown flag --listen-address; did you mean --web.listen-address?"],
    [["--no-sora.url"], "unknown flag --no-sora.url; did you mean --sora.url?"],
    [["--no-version"], "unknown flag --no-version; did you mean --version?"],
    [["--frobnicate"], "unknown flag --frobnicate; --help lists the flags"],
    [["-x"], "unknown flag -x; --help lists the flags"],
    [["-hx", "--sora.url"], undefined],
    [["sora"], 'unexpected argument "sora"; flags are written --name=value'],
    [["--", "--help"], 'unexpected argument "--help"; flags are written --name=value'],
    [["--sora.local", "true"], 'unexpected argument "true"; flags are written --name=value'],
    [["--log.level=info", "--log.level=info"], "--log.level: given more than once"],
    [["--sora.local", "--no-sora.local"], "--no-sora.local: given more than once"],
    [
      ["--sora.url=http://a", "--sora.api-url=http://a"],
      "--sora.api-url: given more than once; --sora.url is another name of it",
    ],
    [
      ["--sora.api-url=http://a", "--sora.url=http://a"],
      "--sora.url: given more than once; --sora.api-url is another name of it",
    ],
    [["--sora.api-url=http://a", "--sora.api-url=http://a"], "--sora.api-url: given more than once"],
    [["--sora.api-url=a"], '--sora.api-url=a: "a" is not an http or https URL'],
    [["--api_url=http://a"], "unknown flag --api_url; did you mean --sora.api-url?"],
    [["--metrics.client-id-key=a"], "unknown flag --metrics.client-id-key; --help lists the flags"],
    [["--web.max-requests=many"], '--web.max-requests=many: "many" is not a whole number from 0 to 10000'],
    [["--web.max-requests="], '--web.max-requests=: "" is not a whole number from 0 to 10000'],
    [["--web.max-requests=-1"], '--web.max-requests=-1: "-1" is not a whole number from 0 to 10000'],
    [["--web.max-requests=10001"], "--web.max-requests=10001: 10001 is not a whole number from 0 to 10000"],
    [["--calls.get-license=1ms"], "--calls.get-license=1ms: 1ms is neither 0s nor between 100ms and 1d"],
    [
      ["--metrics.info-labels=role,rolle"],
      `--metrics.info-labels=role,rolle: "rolle" is not one of ${INFO_LABELS.join(", ")}`,
    ],
    [["--metrics.info-labels=role,role"], '--metrics.info-labels=role,role: "role" is there twice'],
    [["--record"], "--record: needs a value"],
    [["--record="], "--record=: is not the path of a file"],
    [["--sora.url"], "--sora.url: needs a value"],
    [["--sora.url", "--sora.local"], "--sora.url: needs a value"],
    [["--no-sora.local=true"], "--no-sora.local: takes no value"],
    [["--sora.local=yes"], '--sora.local=yes: "yes" is not true or false'],
    [["--sora.url="], '--sora.url=: "" is not an http or https URL'],
    [["--version", "--frobnicate"], "unknown flag --frobnicate; --help lists the flags"],
    [["--sora.interval=10x"], '--sora.interval=10x: "10x" is not a duration such as 500ms, 10s or 1m30s'],
    [["--log.level", "trace"], '--log.level=trace: "trace" is not one of debug, info, warn, error'],
    [
      ["--sora.interval=1\n0s"],
      '--sora.interval=1 0s: "1\\n0s" is not a duration such as 500ms, 10s or 1m30s',
    ],
    [["--config.file=no.yaml"], "--config.file=no.yaml: ENOENT: no such file or directory, open 'no.yaml'"],
  ])("%j", (argv, message) => {
    expect(messageOf({ argv })).toBe(message);
  });

  test.each([
    ["SORA_INTERVAL", "10x", '"10x" is not a duration such as 500ms, 10s or 1m30s'],
    ["SORA_LOCAL", "1", '"1" is not true or false'],
    ["CONFIG_CHECK", "yes", '"yes" is not true or false'],
    [
      "WEB_LISTEN_ADDRESS",
      "10490",
      '"10490" is not an address such as :10490, 127.0.0.1:10490 or [::1]:10490',
    ],
    ["CONFIG_FILE", "no.yaml", "ENOENT: no such file or directory, open 'no.yaml'"],
  ])("for the variable %s=%s", (name, value, message) => {
    const variable = `SORA_STATS_EXPORTER_${name}`;
    expect(messageOf({ env: { [variable]: value } })).toBe(`${variable}=${value}: ${message}`);
  });

  test("where a URL would not be used", () => {
    const yaml = "targets: [{url: http://a}]";
    expect(messageOf({ yaml, argv: ["--sora.url=http://b/"] })).toBe(
      "--sora.url=http://b/: would not be used, config.yaml lists targets",
    );
    expect(messageOf({ yaml, argv: ["--sora.api-url=http://b/"] })).toBe(
      "--sora.api-url=http://b/: would not be used, config.yaml lists targets",
    );
    expect(messageOf({ yaml, env: { SORA_STATS_EXPORTER_SORA_URL: "http://b/" } })).toBe(
      "SORA_STATS_EXPORTER_SORA_URL=http://b/: would not be used, config.yaml lists targets",
    );
  });

  test("where it asks to record several targets", () => {
    const yaml = "targets: [{url: http://a}, {url: http://b}]";
    expect(messageOf({ yaml, argv: ["--record=x"] })).toBe(
      "--record=x: records one target, config.yaml lists 2",
    );
    expect(messageOf({ yaml, env: { SORA_STATS_EXPORTER_RECORD: "x" } })).toBe(
      "SORA_STATS_EXPORTER_RECORD=x: records one target, config.yaml lists 2",
    );
  });
});

describe("the help", () => {
  const help = helpText();

  test("has every flag on a line with its default, and its description, variable and other name there and below", () => {
    const entries = help.split(/\n {2}(?=-)/).map((entry) => entry.replaceAll(/\s+/g, " "));
    for (const flag of FLAGS) {
      const name = flag.negatable ? `--[no-]${flag.name}` : `--${flag.name}`;
      const entry = entries.find((entry) => entry.replace(/^-h, /, "").split(/[ =]/)[0] === name)!;
      expect(entry).toContain(` ${flag.description}`);
      if (flag.env !== undefined) expect(entry).toContain(`${flag.description} ${flag.env}`);
      if (flag.alias !== undefined) expect(entry).toContain(`${flag.env} Also --${flag.alias},`);
      if (flag.default !== undefined && !flag.boolean) expect(entry).toContain(`${name}=${flag.default} `);
    }
  });

  test("tells the truth about switches: off unless set", () => {
    expect(help).toContain("switches are off unless set");
    expect(FLAGS.filter((flag) => flag.boolean && (flag.default ?? false) !== false)).toEqual([]);
  });

  test("shows names and values that only the official sora_exporter has", () => {
    expect(help).toMatch(
      /SORA_STATS_EXPORTER_SORA_URL\n +Also --sora\.api-url, as sora_exporter calls it\.\n/,
    );
    expect(help).toContain("logfmt is another spelling of text");
  });

  test("is aligned and fits a terminal of 110 columns", () => {
    const lines = help.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
    const starts = lines.flatMap((line) => /^ {2}(?:-h, )?--\S+ {2,}|^ {30,}/.exec(line)?.[0].length ?? []);
    expect(starts.length).toBeGreaterThan(2 * FLAGS.length);
    expect(new Set(starts).size).toBe(1);
    expect(help.endsWith("\n")).toBe(true);
  });
});
