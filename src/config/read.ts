/** Reads the configuration, at the start and whenever it is read anew. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { siblingScript } from "../sibling-script.ts";
import type { ReadCommand } from "./thread.ts";

/**
 * Reads the command line, the environment and all files, in a thread of its own (thread.ts says why).
 *
 * @param argv arguments without the program's name
 */
export async function readCommand(argv: readonly string[]): Promise<ReadCommand> {
  const thread = new Worker(siblingScript("./thread.ts", import.meta.url), { workerData: argv });
  const [read] = (await once(thread, "message")) as [ReadCommand];
  await thread.terminate();
  return read;
}
