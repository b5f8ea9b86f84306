/** What tells whether a file has changed. */

import type { BigIntStats } from "node:fs";

/** Changes when a file does, or what its path leads to by links, as where Kubernetes replaces a Secret. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

/** The signature of a file that cannot be looked at. */
export const MISSING = "missing";
