/** Reads the configuration, at the start and whenever it is read anew. */

import { readInThread } from "../read-in-thread.ts";
import { siblingScript } from "../sibling-script.ts";
import { reason } from "./errors.ts";
import type { ReadCommand } from "./thread.ts";

/**
 * Reads the command line, the environment and all files, in a thread of its own (thread.ts says why).
 *
 * @param argv arguments without the program's name
 */
export async function readCommand(argv: readonly string[]): Promise<ReadCommand> {
  try {
    return await readInThread(siblingScript("./thread.ts", import.meta.url), argv);
  } catch (error) {
    return { command: "refuse", message: reason(error) };
  }
}
