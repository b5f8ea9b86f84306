/** The end of the process where a thread may hang in the system, as in reading a file of a network that is gone. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";

/** How long threads have to end that only have to be told. */
const END_MS = 1000;
const LOOK_MS = 20;

const suspects = new Set<Worker>();
let ending = false;

/** Counts a thread among those that may hang, until it has ended. */
export function suspect(thread: Worker): void {
  suspects.add(thread);
  thread.once("exit", () => suspects.delete(thread));
}

/** Whether something may hang that `process.exit`, and so the usual end of a process, would wait for without end. */
export function mayHang(): boolean {
  return suspects.size > 0 || process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"));
}

/** Whether the process has said something that nobody has taken yet; the usual end of a process would wait for that without end. */
export function isUnread(): boolean {
  return process.stderr.writableLength > 0;
}

/**
 * Ends the process: at once where nothing may hang, or within a second; by SIGKILL, and not with `code`, where something does. What nobody
 * takes from stderr in that time is lost.
 * Once it ends, a second call changes nothing.
 *
 * @param complain is told so right before
 */
export async function endProcess(code: number, complain: (message: string) => void): Promise<void> {
  if (ending) return;
  ending = true;
  for (const thread of suspects) {
    // Nobody else is to be told: who waits for it would start another.
    thread.removeAllListeners();
    thread.on("error", () => {});
    suspect(thread);
    void thread.terminate();
  }
  for (let waited = 0; (mayHang() || isUnread()) && waited < END_MS; waited += LOOK_MS) await sleep(LOOK_MS);
  if (!mayHang()) process.exit(code);
  try {
    complain("a file that is being read, or a thread, does not let the process end: it is killed");
  } finally {
    process.kill(process.pid, "SIGKILL");
    // Process 1 of a container is killed by no signal that it sends itself.
    process.abort();
  }
}
