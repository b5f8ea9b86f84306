/** Signals while the command starts: whenever one comes, it is heeded. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
type Child = ChildProcessByStdio<null, Readable, null>;

const BOUND_MS = 15_000;

/** Says when both signals have a listener. */
const TELL = `import { isMainThread } from "node:worker_threads";
import { writeSync } from "node:fs";
if (isMainThread) process.on("newListener", (name) => name === "SIGINT" && writeSync(1, "heard"));`;

let sora: FakeSora;

beforeEach(async () => {
  sora = await startFakeSora(calm(reply([])));
});
afterEach(() => sora.close());

/** What a delay begins with. */
const BEGINNINGS = {
  "its start": (child: Child) => new Promise((resolve) => child.once("spawn", resolve)),
  "listening for signals": (child: Child) => new Promise((resolve) => child.stdout.once("data", resolve)),
  "its first poll": () => {
    const before = sora.requests.length;
    return until(() => sora.requests.length > before, BOUND_MS);
  },
};

/**
 * Starts it, and signals it.
 *
 * @returns its exit code, or the name of the signal that ended it; "lost" where none did
 */
async function signalAfter(
  delayMs: number,
  signal: "SIGTERM" | "SIGINT",
  from: keyof typeof BEGINNINGS,
): Promise<number | string> {
  const child = spawn(
    process.execPath,
    [
      `--import=data:text/javascript,${encodeURIComponent(TELL)}`,
      MAIN,
      `--sora.url=${sora.url}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const exited = new Promise<number | string>((resolve) =>
    child.once("exit", (code, by) => resolve(code ?? by!)),
  );
  try {
    await BEGINNINGS[from](child);
    await sleep(delayMs);
    child.kill(signal);
    return await Promise.race([exited, sleep(BOUND_MS, "lost", { ref: false })]);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

const delays = (step: number) => Array.from({ length: 1 + 1000 / step }, (_, i) => i * step);

test("ends it with code 0, however soon after it can be heard at all", { timeout: 300_000 }, async () => {
  const found: [number, string, number | string][] = [];
  for (const delay of delays(50)) {
    // Two at a time, so that what each does at a delay varies.
    const signals = ["SIGTERM", "SIGINT"] as const;
    const ends = await Promise.all(
      signals.map((signal) => signalAfter(delay, signal, "listening for signals")),
    );
    for (const [i, signal] of signals.entries()) found.push([delay, signal, ends[i]!]);
  }
  expect(found.filter(([, , end]) => end !== 0)).toEqual([]);
});

test("ends it whenever it comes, before that and after the start too", { timeout: 120_000 }, async () => {
  for (const delay of delays(125))
    expect([0, "SIGTERM"]).toContain(await signalAfter(delay, "SIGTERM", "its start"));
  expect(await signalAfter(0, "SIGTERM", "its first poll")).toBe(0);
});
