/** Reads files in a thread that ends with it, and waits no longer for them than one may. */

import { Worker } from "node:worker_threads";
import { suspect } from "./end.ts";

/** What such a thread says: each file before it is read, and all of it at the end. */
export type Read<T> = { readonly reading: string } | { readonly read: T };

/** Files are read in milliseconds; those of a network may be gone for ever. */
const READ_WITHIN_MS = 10_000;

/**
 * Runs a script that posts `Read<T>`.
 *
 * @throws Error that names the file, if it is not read in time; the script's, if that throws
 */
export async function readInThread<T>(
  script: URL,
  workerData: unknown,
  withinMs = READ_WITHIN_MS,
): Promise<T> {
  const thread = new Worker(script, { workerData });
  suspect(thread);
  let file: string | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  thread.on("message", (message: Read<T>) => {
    if ("read" in message) resolve(message.read);
    else file = message.reading;
  });
  thread.once("error", reject);
  const timeout = setTimeout(() => {
    const what = file === undefined ? "the files are" : `${JSON.stringify(file)} is`;
    reject(new Error(`${what} not read within ${withinMs / 1000} s`));
  }, withinMs);
  try {
    const read = await promise;
    await thread.terminate();
    return read;
  } finally {
    clearTimeout(timeout);
    void thread.terminate();
  }
}
