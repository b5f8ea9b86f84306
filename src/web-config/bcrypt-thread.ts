/** Compares passwords with bcrypt hashes, which takes long, in a thread of its own and after everything else. */

import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { compareSync } from "bcryptjs";

/** A password, and the hashes to compare it with. */
export interface Comparison {
  readonly id: number;
  readonly password: string;
  readonly hashes: readonly string[];
}

/** Whether the password is that of each of the hashes. */
export interface Compared {
  readonly id: number;
  readonly equal: readonly boolean[];
}

/** Of a thread, where the system has such. */
const LOW_PRIORITY = 10;

if (process.platform === "linux") {
  try {
    // On Linux this thread's alone.
    setPriority(LOW_PRIORITY);
  } catch {
    // Where it may not be changed, as with systemd's filters.
  }
}

parentPort!.on("message", ({ id, password, hashes }: Comparison) => {
  const compared: Compared = { id, equal: hashes.map((hash) => compareSync(password, hash)) };
  parentPort!.postMessage(compared);
});
