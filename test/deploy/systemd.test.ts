/** The systemd unit and its environment file. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
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

  test("has nothing to say about the unit, nor about the credential that it suggests", () => {
    const suggested = join(directory, "with-credential.service");
    const text = readFileSync(unit, "utf8").replace("# LoadCredential=", "LoadCredential=");
    expect(text).toMatch(/^LoadCredential=/m);
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
