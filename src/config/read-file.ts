/** Reads the files that the configuration is in, or names. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/**
 * Reads a file as UTF-8.
 *
 * @throws Error without the file's content, if it cannot be read, or is a pipe, a device or a socket
 */
export function readRegularFile(path: string): string {
  // Opening a pipe that nobody writes to would not return.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    // A directory has an error of its own.
    if (!stats.isFile() && !stats.isDirectory()) throw new Error("not a regular file");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
