/** Has every process of a test run record what reaches a Sora; the summary reporter reads it at the end. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORD_VARIABLE } from "./read-only.ts";

/** Before the workers start, which inherit the environment, as does what they start. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-requests-"));
  const recorder = new URL("record-requests.mjs", import.meta.url).href;
  const options = process.env["NODE_OPTIONS"];
  process.env[RECORD_VARIABLE] = directory;
  process.env["NODE_OPTIONS"] = `${options === undefined ? "" : `${options} `}--import=${recorder}`;
  return () => rmSync(directory, { recursive: true });
}
