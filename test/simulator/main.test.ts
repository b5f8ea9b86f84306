import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import { afterEach, expect, test } from "vitest";
import { readFlags } from "../../src/simulator/flags.ts";
import { SCENARIOS } from "../../src/simulator/scenarios.ts";
import { formatRecord } from "../../src/sora/recording.ts";
import { sentBy } from "../support/read-only.ts";

const MAIN = fileURLToPath(new URL("../../src/simulator/main.ts", import.meta.url));

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

interface Run {
  stdout: () => string;
  stderr: () => string;
  /** The exit code, or the signal's name. */
  ended: Promise<unknown>;
  process: ChildProcess;
}

function start(...args: string[]): Run {
  const started = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  child = started;
  let stdout = "";
  let stderr = "";
  started.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  started.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const ended = once(started, "close").then(([code, signal]: unknown[]) => code ?? signal);
  return { stdout: () => stdout, stderr: () => stderr, ended, process: started };
}

test("without flags, everything has its default", () => {
  expect(readFlags([])).toEqual({
    do: "run",
    flags: {
      addresses: [{ host: "127.0.0.1", port: 3000 }],
      ...{ channels: 5, connections: 50, nodes: 1, seed: 1, form: "2024", scenario: "normal" },
      without: [],
    },
  });
});

test("every flag is read, with = or without", () => {
  const args = ["--listen=[::1]:0", "--channels", "7", "--connections=0", "--nodes=3", "--seed=42"];
  const without = "--without=network_status.unstable_level,rtp.total_received";
  expect(readFlags([...args, "--version=2022", "--scenario=node-lost", without])).toEqual({
    do: "run",
    flags: {
      addresses: [{ host: "::1", port: 0 }],
      ...{ channels: 7, connections: 0, nodes: 3, seed: 42, form: "2022", scenario: "node-lost" },
      without: ["network_status.unstable_level", "rtp.total_received"],
    },
  });
});

test("several addresses are those of the nodes, in their order", () => {
  const read = readFlags(["--nodes=3", "--listen=127.0.0.1:3000,[::1]:3001"]);
  expect(read.do === "run" && read.flags.addresses).toEqual([
    { host: "127.0.0.1", port: 3000 },
    { host: "::1", port: 3001 },
  ]);
});

test("a recording is played on one address", () => {
  const address = { host: "127.0.0.1", port: 3000 };
  expect(readFlags(["--replay=a b.jsonl"])).toEqual({ do: "replay", address, file: "a b.jsonl" });
  const elsewhere = { ...address, port: 0 };
  const read = readFlags(["--replay", "x", "--listen=127.0.0.1:0"]);
  expect(read).toEqual({ do: "replay", address: elsewhere, file: "x" });
});

test.each(["unstable_level", "rtp.", "a.b", "rtp.total_received,", "simulcast.{rid}.rtp.total_received_rtp"])(
  "--without=%s is refused",
  (fields) => {
    expect(readFlags([`--without=${fields}`])).toMatchObject({
      do: "refuse",
      message: expect.stringMatching(/^--without must name fields of a section, such as /) as string,
    });
  },
);

test.each([
  [["--listen=3000"], '--listen must be HOST:PORT with a port of 0 to 65535, not "3000"'],
  [["--listen=:3000"], '--listen must be HOST:PORT with a port of 0 to 65535, not ":3000"'],
  [["--listen=a:65536"], '--listen must be HOST:PORT with a port of 0 to 65535, not "a:65536"'],
  [["--nodes=2", "--listen=a:1,a"], '--listen must be HOST:PORT with a port of 0 to 65535, not "a"'],
  [["--listen=a:1,"], '--listen must be HOST:PORT with a port of 0 to 65535, not ""'],
  [["--listen=a:1,a:2"], "--listen has 2 addresses, more than nodes (--nodes=1)"],
  [
    ["--scenario=storm"],
    "--scenario must be one of normal, calm, lossy-channel, lossy-everywhere, ice-failures",
  ],
  [["--scenario="], 'not ""'],
  [["--scenario=node-lost"], "--scenario=node-lost needs --nodes=2 or more"],
  [["--replay"], "--replay must be the name of a file"],
  [
    ["--replay=x", "--scenario=calm"],
    "--scenario makes no sense with --replay, which plays what was recorded",
  ],
  [["--channels=5", "--replay=x"], "--channels makes no sense with --replay"],
  [
    ["--replay=x", "--listen=a:1,a:2"],
    '--listen must be one HOST:PORT with a port of 0 to 65535 with --replay, not "a:1,a:2"',
  ],
  [["--channels=0"], '--channels must be an integer from 1 to 10000, not "0"'],
  [["--connections=1e3"], '--connections must be an integer from 0 to 20000, not "1e3"'],
  [["--connections=-1"], '--connections must be an integer from 0 to 20000, not "-1"'],
  [["--nodes=101"], '--nodes must be an integer from 1 to 100, not "101"'],
  [["--seed"], '--seed must be an integer from 0 to 4294967295, not ""'],
  [["--seed=4294967296"], '--seed must be an integer from 0 to 4294967295, not "4294967296"'],
  [["--version=2025\n"], '--version must be 2022 or 2024, not "2025\\n"'],
  [
    ["--chanels=3"],
    'unknown flag "--chanels": known are --listen, --channels, --connections, --nodes, --seed',
  ],
  [["-v"], 'unknown flag "-v": known are'],
  [["3000"], 'unexpected argument "3000": flags only'],
])("%j is refused", (args, message) => {
  const read = readFlags(args);
  expect(read.do === "refuse" && read.message).toContain(message);
});

test("wrong usage is one line on stderr and exit code 2", async () => {
  const run = start("--nodes=none");
  expect(await run.ended).toBe(2);
  expect(run.stderr()).toBe(
    'simulator: --nodes must be an integer from 1 to 100, not "none" (--help tells more)\n',
  );
  expect(run.stdout()).toBe("");
});

test("--help is the flags on stdout", async () => {
  const run = start("--help");
  expect(await run.ended).toBe(0);
  for (const flag of [
    "listen",
    "channels",
    "connections",
    "nodes",
    "seed",
    "version",
    "scenario",
    "replay",
  ]) {
    expect(run.stdout()).toContain(`--${flag}=`);
  }
  for (const [name, description] of Object.entries(SCENARIOS)) {
    const told = run
      .stdout()
      .split("\n")
      .some((line) => line.startsWith(`  ${name} `) && line.endsWith(description));
    expect(told, name).toBe(true);
  }
  for (const told of [
    "What ends is followed by calm",
    "within some 15 s",
    "node-lost needs --nodes=2 or more",
    "one address per node",
    "its last record stays",
    "GetStatsAllConnections, GetStatsConnection, GetStatsClient and",
    "ListConnections are answered",
  ]) {
    expect(run.stdout().replaceAll(/\s+/g, " ")).toContain(told);
  }
  for (const line of run.stdout().split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});

test("a port in use is one line on stderr and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const run = start(`--listen=${address}`);
  const code = await run.ended;
  other.close();
  expect(code).toBe(1);
  expect(run.stderr()).toBe(`simulator: cannot listen on --listen=${address}: the port is in use\n`);
});

test.each(["SIGTERM", "SIGINT"] as const)("it serves where it says, until %s ends it", async (signal) => {
  const run = start("--listen=127.0.0.1:0", "--connections=10");
  await once(run.process.stdout!, "data");
  expect(run.stdout()).toContain(" channels on 1 node, form of 2024,");
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(run.stdout())?.[0] ?? "";
  const response = await request(url, {
    method: "POST",
    headers: { "x-sora-target": "Sora_20171101.GetStatsAllConnections", ...sentBy("simulator/main") },
  });
  expect(response.statusCode).toBe(200);
  expect(((await response.body.json()) as unknown[]).length).toBeGreaterThan(5);
  run.process.kill(signal);
  expect(await run.ended).toBe(0);
  expect(run.stderr()).toBe("");
});

test("all nodes and the scenario are told at the start", async () => {
  const run = start("--listen=127.0.0.1:0,127.0.0.1:0", "--nodes=2", "--scenario=calm");
  await once(run.process.stdout!, "data");
  expect(run.stdout()).toMatch(
    /^Sora simulator on http:\/\/127\.0\.0\.1:\d+, http:\/\/127\.0\.0\.1:\d+: .* on 2 nodes, .* scenario calm\n$/,
  );
  run.process.kill("SIGTERM");
  expect(await run.ended).toBe(0);
});

test("a recording is played until it is told to stop", async () => {
  const directory = await mkdtemp(join(tmpdir(), "replay-"));
  const file = join(directory, "recorded.jsonl");
  await writeFile(file, formatRecord(1_000, Buffer.from("[]")));
  const run = start("--listen=127.0.0.1:0", `--replay=${file}`);
  await once(run.process.stdout!, "data");
  expect(run.stdout()).toContain(`: plays 1 record over 0 s from ${JSON.stringify(file)}\n`);
  run.process.kill("SIGTERM");
  expect(await run.ended).toBe(0);

  await writeFile(file, formatRecord(1_000, Buffer.from("[]")).toString() + '{"time":');
  const cut = start("--listen=127.0.0.1:0", `--replay=${file}`);
  await once(cut.process.stdout!, "data");
  expect(cut.stdout()).toContain(`${JSON.stringify(file)}; line 2, the last one, is cut off and left out\n`);
  cut.process.kill("SIGTERM");
  expect(await cut.ended).toBe(0);

  await writeFile(file, "nonsense");
  const bad = start("--listen=127.0.0.1:0", `--replay=${file}`);
  expect(await bad.ended).toBe(1);
  expect(bad.stderr()).toBe(`simulator: cannot play --replay=${JSON.stringify(file)}, line 1: not JSON\n`);
  await rm(directory, { recursive: true });
});
