/**
 * Reads the configuration in a thread that ends with it: what reads and checks it (YAML, schemas) is needed once, and would
 * stay in the memory of the main thread for ever.
 */

import { parentPort, workerData } from "node:worker_threads";
import { ConfigError } from "./errors.ts";
import { helpText } from "./help.ts";
import type { Read } from "../read-in-thread.ts";
import { readWebConfig } from "../web-config/read.ts";
import { type Command, loadConfig } from "./load.ts";
import { readRegularFile } from "./read-file.ts";

/** What the command line asks to do, or why it cannot be done. */
export type ReadCommand =
  | Extract<Command, { readonly config: unknown }>
  | { readonly command: "version" }
  | { readonly command: "help"; readonly text: string }
  | { readonly command: "refuse"; readonly message: string };

const post = (message: Read<ReadCommand>) => parentPort!.postMessage(message);
post({ read: read(workerData as readonly string[]) });

function read(argv: readonly string[]): ReadCommand {
  try {
    const readFile = (path: string) => {
      post({ reading: path });
      return readRegularFile(path);
    };
    const command = loadConfig({ argv, env: process.env, readFile });
    if ("config" in command) {
      // Whether it is good; what it says is read again where it is used.
      if (command.config.web.configFile !== undefined) readWebConfig(command.config.web.configFile, readFile);
      return command;
    }
    return command.command === "help" ? { command: "help", text: helpText() } : { command: "version" };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { command: "refuse", message: error.message };
  }
}
