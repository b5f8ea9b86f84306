/** What becomes of the log where nobody takes it from stderr, and of what else is printed. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../src/simulator/free-port.ts";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, samplesOf } from "../support/parse.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const START_MS = 20_000;
/** Above what a stop takes at most. */
const STOP_MS = 15_000;

let directory: string;
let sora: FakeSora;
let child: ChildProcess | undefined;
let flapping: NodeJS.Timeout | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  sora = await startFakeSora(calm(reply([])));
});

afterEach(async () => {
  clearInterval(flapping);
  child?.kill("SIGKILL");
  child = undefined;
  await sora.close();
  rmSync(directory, { recursive: true });
});

/** Targets whose names make lines of the log long, and a Sora that has something new to tell with every poll. */
function makeNoise(): string {
  let good = true;
  flapping = setInterval(() => {
    good = !good;
    sora.answer = good ? calm(reply([])) : reply({}, 500);
  }, 150);
  const file = join(directory, "config.yaml");
  const targets = Array.from({ length: 20 }, (_, i) => ({
    name: `${i}${"-long".repeat(40)}`,
    url: sora.url,
  }));
  writeFileSync(file, JSON.stringify({ sora: { interval: "100ms" }, targets }));
  return file;
}

/**
 * Starts it on a port of its own, and waits until it answers.
 *
 * @param node arguments of Node.js
 */
async function start(stderr: number, args: readonly string[], node: readonly string[] = []) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = spawn(
    process.execPath,
    [...node, MAIN, `--web.listen-address=127.0.0.1:${port}`, ...args],
    {
      stdio: ["ignore", "ignore", stderr],
    },
  );
  child = started;
  const exited = new Promise<number | string>((resolve) =>
    started.once("exit", (code, signal) => resolve(code ?? signal!)),
  );
  const get = (path: string) => fetch(url + path, { signal: AbortSignal.timeout(5000) });
  const own = async (name: string) =>
    find(samplesOf(await (await get("/metrics")).text(), "prometheus-text"), name)?.value;
  await until(
    () =>
      get("/-/healthy").then(
        (response) => response.ok,
        () => false,
      ),
    START_MS,
  );
  const stop = async () => {
    started.kill("SIGTERM");
    return Promise.race([exited, new Promise((resolve) => setTimeout(resolve, STOP_MS, "lost").unref())]);
  };
  return { child: started, own, get, stop, exited };
}

const DROPPED = "sora_exporter_log_lines_dropped_total";

describe("a pipe that nobody reads", () => {
  let pipe: number;
  let reading: number;

  beforeEach(() => {
    const path = join(directory, "pipe");
    execFileSync("mkfifo", [path]);
    reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    pipe = openSync(path, "w");
    // All but full.
    writeSync(pipe, `${"-".repeat(50_000)}\n`);
  });
  afterEach(() => {
    closeSync(pipe);
    closeSync(reading);
  });

  /** What is in the pipe now. */
  function read(): string {
    const buffer = Buffer.alloc(1 << 20);
    try {
      return buffer.toString("utf8", 0, readSync(reading, buffer));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
      return "";
    }
  }

  test.each(["text", "json"])(
    "holds up neither scrapes nor polls, what was dropped is counted and told: %s",
    { timeout: 120_000 },
    async (format) => {
      const { own, stop } = await start(pipe, [`--config.file=${makeNoise()}`, `--log.format=${format}`]);
      await until(async () => (await own(DROPPED))! > 0, 60_000);
      const before = sora.requests.length;
      await until(() => sora.requests.length > before + 100, START_MS);
      clearInterval(flapping);

      let log = "";
      const told = () => [...log.matchAll(/"lines":(\d+)/g)].map(([, n]) => Number(n));
      await until(() => {
        log += read();
        return told().length > 0;
      }, START_MS);
      const dropped = (await own(DROPPED))!;
      expect(told().reduce((sum, n) => sum + n)).toBeLessThanOrEqual(dropped);
      expect(told()[0]).toBeGreaterThan(0);
      expect(log).toContain("lines of this log have been dropped");
      // Of the lines that came out each is whole.
      const lines = log.split("\n").slice(1, -1);
      if (format === "json") for (const line of lines) JSON.parse(line);
      else for (const line of lines) expect(line).toMatch(/^\[[\dT:.Z-]+\] (INFO|WARN|ERROR): .*\}$/);
      expect(await stop()).toBe(0);
      expect(read()).toContain("SIGTERM: stopping");
    },
  );

  test("does not keep it from ending", { timeout: 120_000 }, async () => {
    const { own, stop } = await start(pipe, [`--config.file=${makeNoise()}`]);
    await until(async () => (await own(DROPPED))! > 0, 60_000);
    expect(await stop()).toBe(0);
  });

  test("gets what is fatal, if it is read at last", { timeout: 120_000 }, async () => {
    const mistake = 'process.on("SIGUSR2", () => { throw new Error("injected") })';
    const { child, own, exited } = await start(
      pipe,
      [`--config.file=${makeNoise()}`],
      [`--import=data:text/javascript,${encodeURIComponent(mistake)}`],
    );
    await until(async () => (await own(DROPPED))! > 0, 60_000);
    child.kill("SIGUSR2");
    let log = "";
    const reader = setInterval(() => (log += read()), 1);
    expect(await exited).toBe(1);
    clearInterval(reader);
    expect(log + read()).toMatch(/ FATAL: unexpected error: ending .*injected/);
  });
});

/** Has an exporter log to where nothing is taken: it goes on, counts what is lost, and stops when it is told to. */
async function losesLines(stderr: number, format: string): Promise<void> {
  const { own, stop, child } = await start(stderr, [`--sora.url=${sora.url}`, `--log.format=${format}`]);
  child.kill("SIGHUP");
  await until(async () => (await own(DROPPED))! >= 3, START_MS);
  expect(await stop()).toBe(0);
}

test("a device that takes nothing is no reason to stop, and what was lost is counted", async () => {
  const full = openSync("/dev/full", "w");
  try {
    for (const format of ["text", "json"]) await losesLines(full, format);
  } finally {
    closeSync(full);
  }
});

test("a reader that has gone away is no reason to stop, and what was lost is counted", async () => {
  for (const format of ["text", "json"]) {
    const path = join(directory, `gone-${format}`);
    execFileSync("mkfifo", [path]);
    const both = openSync(path, constants.O_RDWR);
    const write = openSync(path, "w");
    closeSync(both);
    try {
      await losesLines(write, format);
    } finally {
      closeSync(write);
    }
  }
});

describe("what is printed on stdout", () => {
  test.each(["--help", "--version", "--config.check"])("%s is no riddle where it cannot be", (flag) => {
    const run = (to: string) =>
      spawnSync("bash", ["-o", "pipefail", "-c", `"$0" "$1" "$2" ${to}`, process.execPath, MAIN, flag], {
        encoding: "utf8",
        timeout: START_MS,
      });
    const gone = run("| true");
    expect([gone.status, gone.stderr]).toEqual([0, ""]);
    const full = run("> /dev/full");
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/^sora-stats-exporter: cannot write: ENOSPC[^\n]*\n$/);
  });
});
