/** `--record`: the answers of GetStatsAllConnections in a file, for sorastats and for the simulator to play back. */

import type { Log } from "./log.ts";
import { appendFile } from "node:fs/promises";
import { formatRecord } from "./sora/recording.ts";

/** They hold what users of Sora have chosen, and who talked when. */
const MODE = 0o600;

/**
 * Makes a function that appends one answer to a file, which is made if there is none.
 *
 * @throws Error that names the flag if the file cannot be written
 *
 * The function never rejects: a file that cannot be written costs a line in the log, and one more when it can be written again, but no poll.
 */
export async function createRecorder(
  path: string,
  log: Log,
): Promise<(timeMs: number, body: Buffer) => Promise<void>> {
  await appendFile(path, "", { mode: MODE }).catch((error: unknown) => {
    throw new Error(`--record: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  let works = true;
  return async (timeMs, body) => {
    try {
      await appendFile(path, formatRecord(timeMs, body), { mode: MODE });
      if (!works) log.info({ path }, "polls are recorded again");
      works = true;
    } catch (error) {
      if (works)
        log.error({ path }, `cannot record: ${error instanceof Error ? error.message : String(error)}`);
      works = false;
    }
  };
}
