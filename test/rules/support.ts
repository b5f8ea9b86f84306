/** The rules and their tests for promtool, as they are in the tree. */

import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import { alertGroups, recordingGroups } from "../../dashboards/src/rules/files.ts";
import type { AlertingRule, RecordingRule } from "../../dashboards/src/rules/rule.ts";

export const ROOT = new URL("../../", import.meta.url);
export const RULES = new URL("dashboards/rules/", ROOT);

export const ALERTS = alertGroups().flatMap(({ rules }) => rules as AlertingRule[]);
export const RECORDINGS = recordingGroups().flatMap(({ rules }) => rules as RecordingRule[]);

/** A test of promtool's, as far as it is read here. */
export interface PromtoolTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test?: readonly {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts?: readonly unknown[];
  }[];
}

/** Files with tests for promtool, without their directory. */
export const TEST_FILES = globSync("tests/*.yaml", { cwd: RULES })
  .map((path) => basename(path))
  .sort();

/** All tests of all files. */
export const TESTS = TEST_FILES.flatMap(
  (file) => (parse(readText(`dashboards/rules/tests/${file}`)) as { tests: PromtoolTest[] }).tests,
);

/** The text of a file of the tree. */
export function readText(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

/** The queries of the runbooks. */
export function runbookQueries(): string[] {
  return [...readText("docs/runbooks.md").matchAll(/```promql\n(.*?)```/gs)].map((match) => match[1]!.trim());
}
