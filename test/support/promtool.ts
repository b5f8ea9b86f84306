/** Queries in the eyes of promtool, on series that are made up. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

/** A query, when it is asked, and what it must find; `labels` as a selector has them. */
export interface Expectation {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

/**
 * Asks queries of series in promtool's notation, a value every 30 seconds.
 *
 * @returns what promtool complains of: that it does not understand a query, or finds something else
 */
export function disappointments(
  series: Readonly<Record<string, string>>,
  expectations: readonly Expectation[],
): string {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  try {
    const file = join(directory, "queries.yaml");
    const input = Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const test = { interval: "30s", input_series: input, promql_expr_test: expectations };
    writeFileSync(file, stringify({ rule_files: [], tests: [test] }));
    const { stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
    return /^Unit Testing:.*\n\s+SUCCESS\n\s*$/.test(stdout) ? stderr : stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
