/** Where the recording of requests to a Sora is kept while a run of tests, or of a script, lasts. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORD_VARIABLE, type RecordedRequest, readRecording } from "./read-only.ts";

/** The module that records, once it is loaded. */
const RECORDER = new URL("record-requests.mjs", import.meta.url).href;

/** A recording that goes on. */
export interface Recording {
  /** What has been recorded up to now. */
  readonly requests: () => RecordedRequest[];
  /** Forgets all of it. */
  readonly end: () => void;
}

/** Makes the place, and names it in the environment; what is to be recorded has to load `RECORDER` after that. */
export function openRecording(): Recording & { readonly recorder: string } {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-requests-"));
  process.env[RECORD_VARIABLE] = directory;
  return {
    recorder: RECORDER,
    requests: () => readRecording(directory),
    end: () => rmSync(directory, { recursive: true }),
  };
}

/** Records in this process, if somebody has named a place for it. Servers that are there already count too. */
export async function recordHere(): Promise<void> {
  await import(RECORDER);
}
