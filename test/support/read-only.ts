/**
 * The proof that the exporter only reads: what reached any Sora of the tests (a fake, the simulator, what stands before one)
 * during a whole run, held against a list that has nothing to do with the exporter's own.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OPERATIONS } from "../../src/sora/operations.ts";

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

/** Where Sora's API is, and where tests configure it to be. */
const PATHS: ReadonlySet<string> = new Set(["/", "/sora/api"]);

/** Tests that ask a simulator themselves, which may be told to do more than read, and has pages that Sora has not. */
const TEST_PROGRAMS = [
  "integration/calls",
  "integration/command",
  "integration/prometheus",
  "integration/reload",
  "simulator/main",
  "simulator/operations",
  "simulator/replay",
  "simulator/scenario-routes",
  "simulator/server",
  "sora/read-only",
] as const;

/** Names the directory of the recording to every process of the run. */
export const RECORD_VARIABLE = "RECORD_REQUESTS_TO";

/** The headers of requests that a test makes itself. */
export function sentBy(program: (typeof TEST_PROGRAMS)[number]): Record<string, string> {
  return { "x-sent-by-a-test": program };
}

/** A request as it arrived at a Sora, or anywhere with the header `x-sora-target`. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** The header `x-sora-target`; null where there was none. */
  readonly target: string | null;
  /** The test that says it made it itself. */
  readonly by: string | null;
  /** That it arrived at. */
  readonly port: number;
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

/** How many requests to a server of this thread are in the recording; none where nothing is recorded. */
export function countRecorded(server: object): number {
  const counts = (globalThis as Record<symbol, unknown>)[Symbol.for("sora-stats-exporter.recorded")];
  return (counts as WeakMap<object, number> | undefined)?.get(server) ?? 0;
}

/** What was asked of Sora. */
export interface Summary {
  /** How often each request came that no test made: its operation, and before it what is not as it has to be. */
  readonly counts: Readonly<Record<string, number>>;
  /** What of that is no reading. */
  readonly violations: readonly string[];
}

/** Counts what was asked of Sora; requests of tests that are known by name are left out. */
export function summarize(requests: readonly RecordedRequest[]): Summary {
  const counts = new Map<string, number>();
  const violations = new Set<string>();
  for (const { method, path, target, by } of requests) {
    if ((TEST_PROGRAMS as readonly (string | null)[]).includes(by)) continue;
    const odd = [
      ...(method === "POST" ? [] : [method]),
      ...(PATHS.has(path) ? [] : [path]),
      ...(by === null ? [] : [`by ${by}`]),
    ];
    const name = [...odd, target ?? "without x-sora-target"].join(" ");
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (odd.length > 0 || target === null || !READ_ONLY.has(target)) violations.add(name);
  }
  const sorted = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { counts: Object.fromEntries(sorted), violations: [...violations].toSorted() };
}

/** Whose tests all ask Sora for something, and one of them for everything that the exporter can ask for. */
const LIVE = "test/integration/";
const EVERYTHING = `${LIVE}calls.test.ts`;

/**
 * What a recording lacks, in lines for the end of a run: one that is empty proves nothing. Of tests that were chosen one by one,
 * nothing is expected.
 *
 * @param whole paths of the modules of which every test has passed
 */
export function missingOf({ counts }: Pick<Summary, "counts">, whole: readonly string[]): string[] {
  if (whole.includes(EVERYTHING))
    return Object.values(OPERATIONS)
      .filter((operation) => counts[operation] === undefined)
      .map((operation) => `NOT RECORDED: ${operation}, which ${EVERYTHING} has the exporter ask for`);
  if (Object.keys(counts).length > 0 || !whole.some((path) => path.startsWith(LIVE))) return [];
  return [`NOT RECORDED: anything, and tests of ${LIVE} have asked a Sora`];
}

/** A summary in lines for the end of a run. */
export function linesOf({ counts, violations }: Summary, who = "of the tests"): string[] {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const listed = Object.entries(counts).map(([name, n]) => `${name} ${n}`);
  return [
    ...(total === 0 ? [] : [`${total} requests reached a Sora ${who}: ${listed.join(", ")}`]),
    ...(violations.length === 0
      ? []
      : [`NOT READ-ONLY: ${violations.map((one) => JSON.stringify(one)).join(", ")}`]),
  ];
}
