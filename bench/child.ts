/** Processes of the benchmark: each does one thing and tells what it found. */

import { type ChildProcess, fork, type ForkOptions } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Starts a file of this directory. */
export function start(file: string, args: readonly string[], options: ForkOptions = {}): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, options);
}

/**
 * Runs a file of this directory up to its `report`.
 *
 * @throws Error that tells how the process ended where it has nothing to report, within `timeoutMs`
 */
export async function run<T>(
  file: string,
  args: readonly string[],
  { timeoutMs, ...options }: ForkOptions & { timeoutMs: number },
): Promise<T> {
  const child = start(file, args, { stdio: ["ignore", "ignore", "pipe", "ipc"], ...options });
  let errors = "";
  let found: { value: T } | undefined;
  const time = { isUp: false };
  child.stderr?.on("data", (text: Buffer) => (errors += String(text)));
  child.on("message", (message) => (found = message as { value: T }));
  const timer = setTimeout(() => {
    time.isUp = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  if (found !== undefined) return found.value;
  const reason = /(FATAL ERROR|\w*Error): .*/.exec(errors)?.[0] ?? `it ended with ${code ?? signal}`;
  throw new Error(time.isUp ? `not done within ${timeoutMs / 1000} s` : reason);
}

/** Tells the process that called `run` what was found, and lets this one end. */
export function report(value: unknown): void {
  process.send!({ value }, undefined, undefined, () => process.disconnect!());
}

/** A question to a process that listens with `answer`, and its answer. */
export async function ask<T>(child: ChildProcess, question: string): Promise<T> {
  const answered = Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${child.spawnfile} ended with ${code}`);
    }),
  ]);
  child.send(question);
  return ((await answered) as [T])[0];
}

/** Answers the questions of `ask` for as long as whoever started this process is there; undefined becomes null. */
export function answer(answers: Readonly<Record<string, () => unknown>>): void {
  process.on("message", (question) => process.send!(answers[question as string]!() ?? null));
  process.on("disconnect", () => process.exit());
}

/** Ends a process that was started here, and waits for its end. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}

/** A field of /proc/PID/status in bytes: `VmRSS`, `VmHWM` (its highest ever). Linux alone has it. */
export function memoryOf(pid: number | "self", field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)![1]) * 1024;
}

/** Seconds that all threads of a process have spent on a CPU, in user and in system mode. */
export function cpuSecondsOf(pid: number): number {
  // The second field, the command, may have spaces in it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
