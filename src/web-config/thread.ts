/** Reads a web configuration file in a thread that ends with it, as config/thread.ts does, for the same reason. */

import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { ConfigError } from "../config/errors.ts";
import { readRegularFile } from "../config/read-file.ts";
import type { Read } from "../read-in-thread.ts";
import type { WebConfig } from "./config.ts";
import { readWebConfig } from "./read.ts";
import { MISSING, signatureOf } from "./signature.ts";

/** What was read, or in one line why it cannot be used. */
export type ReadWebConfig = ({ readonly config: WebConfig } | { readonly problem: string }) & {
  /** The files that were read, or should have been, each with its signature right before. */
  readonly files: ReadonlyMap<string, string>;
};

const post = (message: Read<ReadWebConfig>) => parentPort!.postMessage(message);
post({ read: read(workerData as string) });

function read(path: string): ReadWebConfig {
  const files = new Map<string, string>();
  function readFile(path: string): string {
    post({ reading: path });
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    files.set(path, stats === undefined ? MISSING : signatureOf(stats));
    return readRegularFile(path);
  }
  try {
    return { config: readWebConfig(path, readFile), files };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message, files };
  }
}
