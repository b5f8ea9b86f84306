/**
 * The proof that the exporter only reads: what reached any Sora of the tests (a fake, the simulator, what stands before one)
 * during a whole run, held against a list that has nothing to do with the exporter's own.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every operation of Sora's documents that changes nothing. */
export const READ_ONLY: ReadonlySet<string> = new Set([
  "Sora_20161101.GetStartedRecording",
  "Sora_20161101.ListArchiving",
  "Sora_20161101.ListStartedRecording",
  "Sora_20170529.GetStatsClient",
  "Sora_20170529.GetStatsConnection",
  "Sora_20171010.GetStatsReport",
  "Sora_20171101.GetStatsAllConnections",
  "Sora_20171218.GetLicense",
  "Sora_20201013.ListChannelConnections",
  "Sora_20201013.ListConnections",
  "Sora_20211215.ListClusterNodes",
]);

/** Names the directory of the recording to every process of the run. */
export const RECORD_VARIABLE = "RECORD_REQUESTS_TO";

/** Put on requests that a test makes of the simulator itself, which may be told to do more than read. */
export const SENT_BY_A_TEST = { "x-sent-by-a-test": "1" };

/** A request with the header `x-sora-target`, as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly target: string;
  /** Whether a test made it itself. */
  readonly own: boolean;
}

/** All requests of the run up to now; those of tests themselves too. */
export function readRecording(directory: string): RecordedRequest[] {
  return readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as RecordedRequest),
  );
}

/** What a run asked of Sora, in lines for its end, and what of that is no reading. */
export function summarize(requests: readonly RecordedRequest[]): { lines: string[]; violations: string[] } {
  const asked = requests.filter(({ own }) => !own);
  const counts = new Map<string, number>();
  for (const { method, target } of asked) {
    const request = method === "POST" ? target : `${method} ${target}`;
    counts.set(request, (counts.get(request) ?? 0) + 1);
  }
  const violations = [...counts.keys()].filter((target) => !READ_ONLY.has(target)).toSorted();
  const listed = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([one, n]) => `${one} ${n}`);
  const lines =
    asked.length === 0 ? [] : [`${asked.length} requests reached a Sora of the tests: ${listed.join(", ")}`];
  if (violations.length > 0)
    lines.push(`NOT READ-ONLY: ${violations.map((one) => JSON.stringify(one)).join(", ")}`);
  return { lines, violations };
}
