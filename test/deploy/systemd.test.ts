/** The systemd unit and its environment file. */

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readWebConfig } from "../../src/web-config/read.ts";
import { lacks } from "../support/tools.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const UNIT = read("deploy/systemd/sora-stats-exporter.service");
const ENVIRONMENT = read("deploy/systemd/sora-stats-exporter.default");

/** The variables that the environment file sets, also those that it only suggests. */
const variables = [...ENVIRONMENT.matchAll(/^(# )?([A-Z_]+)="?(.*?)"?$/gm)].map(
  ([, suggested, name, value]) => ({
    suggested: suggested !== undefined,
    name: name!,
    value: value!,
  }),
);

const load = (argv: string[], env: Record<string, string>) =>
  loadConfig({ argv, env, readFile: () => "sora: { interval: 10s }\n" });

test("the exporter understands what the environment file sets, and what it suggests", () => {
  expect(variables.map(({ name, suggested }) => [name, suggested])).toEqual([
    ["ARGS", false],
    ["SORA_STATS_EXPORTER_SORA_LOCAL", true],
    ["ARGS", true],
    ["ARGS", true],
  ]);
  for (const { name, value } of variables) {
    const command = name === "ARGS" ? load(value.split(" "), {}) : load([], { [name]: value });
    expect(command.command).toBe("run");
  }
  expect(load([], { SORA_STATS_EXPORTER_SORA_LOCAL: "true" })).toMatchObject({
    config: { targets: [{ local: true }] },
  });
  expect(UNIT).toMatch(/^ExecStart=\S+ \$ARGS$/m);
});

test("the web configuration that the environment file suggests is a copy that the service can read", () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  try {
    const credentials = "/run/credentials/sora-stats-exporter.service/";
    const { value } = variables.find((each) => each.value.includes("--web.config.file="))!;
    const command = load(value.split(" "), {});
    const path = "config" in command ? command.config.web.configFile! : expect.fail(command.command);
    expect(path.startsWith(credentials)).toBe(true);
    // What systemd would copy, which lies in one directory then.
    const suggested = [...UNIT.matchAll(/^# LoadCredential=([^:]+):/gm)].map(([, name]) => name!);
    const named = (key: string) => new RegExp(`${key}: ([a-z.]+)`).exec(UNIT)![1]!;
    const [cert_file, key_file] = [named("cert_file"), named("key_file")];
    expect(suggested).toEqual(expect.arrayContaining([path.slice(credentials.length), cert_file, key_file]));
    copyFileSync(join(ROOT, "test/fixtures/tls/server.crt"), join(directory, cert_file));
    copyFileSync(join(ROOT, "test/fixtures/tls/server.key"), join(directory, key_file));
    const file = join(directory, "web.yml");
    writeFileSync(file, JSON.stringify({ tls_server_config: { cert_file, key_file } }));
    expect(readWebConfig(file, (each) => readFileSync(each, "utf8")).tls).toBeDefined();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a reload is the signal that the exporter reloads on", () => {
  expect(UNIT).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});

test("a mistake in the configuration is not tried again, and a stop has longer than the exporter takes", () => {
  expect(UNIT).toMatch(/^RestartPreventExitStatus=2$/m);
  expect(UNIT).toMatch(/^TimeoutStopSec=10s$/m);
});

describe.skipIf(lacks("systemd-analyze"))("systemd-analyze", () => {
  let directory: string;
  let unit: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    unit = join(directory, "sora-stats-exporter.service");
    const program = join(directory, "sora-stats-exporter");
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
    // It looks whether the program is there.
    writeFileSync(unit, UNIT.replace(/^ExecStart=\S+/m, `ExecStart=${program}`));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const analyze = (...args: string[]) =>
    spawnSync("systemd-analyze", ["--no-pager", ...args], { encoding: "utf8", timeout: 20_000 });

  test("has nothing to say about the unit, nor about the credentials that it suggests", () => {
    const suggested = join(directory, "with-credential.service");
    const text = readFileSync(unit, "utf8").replaceAll("# LoadCredential=", "LoadCredential=");
    expect(text.match(/^LoadCredential=/gm)).toHaveLength(4);
    writeFileSync(suggested, text);
    for (const file of [unit, suggested]) {
      const { status, stdout, stderr } = analyze("verify", "--man=no", file);
      expect([stdout, stderr, status]).toEqual(["", "", 0]);
    }
    writeFileSync(suggested, text.replace("PrivateTmp=", "PrivateTemp="));
    expect(analyze("verify", "--man=no", suggested).stderr).toContain("'PrivateTemp'");
  });

  test("finds little exposed: as little as the README says", () => {
    const { status, stdout, stderr } = analyze("security", "--offline=true", "--threshold=15", unit);
    expect([stderr, status]).toEqual(["", 0]);
    const level = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)![1]);
    const stated = Number(/`systemd-analyze security` says (\d\.\d) of 10/.exec(read("README.md"))![1]);
    expect(level).toBeLessThanOrEqual(stated);
  });
});
