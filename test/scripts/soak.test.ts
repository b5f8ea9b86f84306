/** What a soak makes of the requests that it has recorded. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { soakPage } from "../../scripts/soak/page.ts";
import { fallsOf } from "../../scripts/soak/prometheus.ts";
import { type SoakResults, verdictsOf } from "../../scripts/soak/results.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";

const KEPT = JSON.parse(
  readFileSync(new URL("../../docs/soak.json", import.meta.url), "utf8"),
) as SoakResults;
const ALL = Object.fromEntries(Object.values(OPERATIONS).map((operation) => [operation, 1234]));

function failing(asked: SoakResults["asked"]): string[] {
  return verdictsOf({ ...KEPT, polls: 1250, failedPolls: 50, asked })
    .filter(({ name, value, bound }) => name.includes("requests") && value > bound)
    .map(({ name, value }) => `${name}: ${value}`);
}

test("a soak holds where every good poll was recorded, and nothing that is no reading", () => {
  expect(failing({ counts: ALL, violations: [] })).toEqual([]);
  const lost = { ...ALL, [OPERATIONS.GetStatsAllConnections]: 1199 };
  expect(failing({ counts: lost, violations: [] })).toEqual([
    "good polls that are not among the recorded requests: 1",
  ]);
  expect(failing({ counts: {}, violations: [] })).toEqual([
    "good polls that are not among the recorded requests: 1200",
  ]);
  const violations = ["PUT Sora_20171218.GetLicense", "without x-sora-target"];
  expect(failing({ counts: ALL, violations })).toEqual(["kinds of requests that are no reading: 2"]);
});

test("its page lists what was asked for", () => {
  expect(soakPage({ ...KEPT, asked: { counts: ALL, violations: [] } })).toContain(
    "\nNothing but what reads.\n\n| Operation | Times |\n| --- | --- |\n| Sora_20171101.GetStatsAllConnections | 1,234 |\n",
  );
  expect(soakPage({ ...KEPT, asked: { counts: ALL, violations: ["PUT x"] } })).toContain(
    '\nWhat does not only read: "PUT x".\n',
  );
});

test("a fall of a counter is told with how long it was not there", () => {
  const values = [
    [10, "5"],
    [15, "7"],
    [700, "2"],
    [705, "2"],
    [710, "1"],
  ] as const;
  expect(fallsOf("a", values)).toEqual([
    { series: "a", from: 7, to: 2, at: 700, absentSeconds: 685 },
    { series: "a", from: 2, to: 1, at: 710, absentSeconds: 5 },
  ]);
});
