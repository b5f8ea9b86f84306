/** Programs of the machine, such as Prometheus, that run beside this process and end with it. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

/** A program that runs. */
export interface Program {
  /** Ends it, and waits until it has. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and waits until it has. */
  kill(): Promise<void>;
}

/**
 * Becomes the program, and leaves somebody behind who ends it when its standard input is closed: by whoever started it
 * or, should that be killed, by the system.
 */
const WITH_PARENT = 'exec 3<&0; { cat <&3 >/dev/null; kill $$; } 2>/dev/null & exec "$@" 3<&- </dev/null';
const READY_MS = 30_000;
const KILL_AFTER_MS = 10_000;

/** Whether there is such a program on the PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @param readyUrl answers 200 once it is
 * @param headers to ask that with
 * @throws Error with the last of what it said, if it ends before that or takes longer than 30 s
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  readyUrl: string,
  headers: Record<string, string> = {},
): Promise<Program> {
  const child = spawn("sh", ["-c", WITH_PARENT, program, program, ...args], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
  // Whoever ends it in another way closes the pipe.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit");

  async function stop(): Promise<void> {
    child.stdin.end();
    const killing = globalThis.setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await ended;
    clearTimeout(killing);
  }

  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await ended;
    child.stdin.end();
  }

  const end = performance.now() + READY_MS;
  while (!(await answers(readyUrl, headers))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > end) {
      await stop();
      throw new Error(`${program} did not start: ${said.trim()}`);
    }
    await setTimeout(50);
  }
  return { stop, kill };
}

/** Whether something is there: it answers within a second, and with success. */
export async function answers(url: string, headers: Record<string, string> = {}): Promise<boolean> {
  return fetch(url, { headers, signal: AbortSignal.timeout(1_000) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok;
    },
    () => false,
  );
}
