import { describe, expect, test } from "vitest";
import { FLAGS } from "../../src/config/flags.ts";
import { helpText } from "../../src/config/help.ts";
import { configJsonSchema } from "../../src/config/schema.ts";
import { configOf, load, messageOf } from "./support.ts";

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
      ["sora.body-size-limit", "SORA_STATS_EXPORTER_SORA_BODY_SIZE_LIMIT"],
      ["web.listen-address", "SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS"],
      ["web.telemetry-path", "SORA_STATS_EXPORTER_WEB_TELEMETRY_PATH"],
      ["log.level", "SORA_STATS_EXPORTER_LOG_LEVEL"],
      ["log.format", "SORA_STATS_EXPORTER_LOG_FORMAT"],
      ["version", undefined],
      ["help", undefined],
    ]);
  });

  test("exist for every key of the schema that holds one value", () => {
    const { properties = {} } = configJsonSchema() as Property;
    const leaves = Object.entries(properties).flatMap(([section, { properties = {} }]) =>
      Object.keys(properties).map((key) => `${section}.${key.replaceAll("_", "-")}`),
    );
    expect(FLAGS.flatMap(({ name, setting }) => (setting === undefined ? [] : [name]))).toEqual(leaves);
  });

  test.each([
    [["--sora.url=http://a:1/"], "http://a:1/"],
    [["--sora.url", "http://a:1/"], "http://a:1/"],
  ])("take values as %j", (argv, url) => {
    expect(configOf({ argv }).targets[0]!.url).toBe(url);
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
    expect(messageOf({ yaml, env: { SORA_STATS_EXPORTER_SORA_URL: "http://b/" } })).toBe(
      "SORA_STATS_EXPORTER_SORA_URL=http://b/: would not be used, config.yaml lists targets",
    );
  });
});

describe("the help", () => {
  const help = helpText();

  test("has every flag on a line with its default and description, and its variable below", () => {
    const lines = help.split("\n");
    for (const flag of FLAGS) {
      const at = lines.findIndex((line) => line.endsWith(`  ${flag.description}`));
      expect(lines[at]).toContain(flag.negatable ? `--[no-]${flag.name}` : `--${flag.name}`);
      if (flag.env !== undefined) expect(lines[at + 1]!.trim()).toBe(flag.env);
      if (typeof flag.default === "string") expect(lines[at]).toContain(`--${flag.name}=${flag.default} `);
    }
    expect(help).toContain("--[no-]sora.local (default: no)");
  });

  test("is aligned and fits a terminal of 110 columns", () => {
    const lines = help.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
    const starts = FLAGS.map(({ description }) =>
      lines.find((line) => line.endsWith(description))!.indexOf(description),
    );
    expect(new Set(starts).size).toBe(1);
    expect(help.endsWith("\n")).toBe(true);
  });
});
