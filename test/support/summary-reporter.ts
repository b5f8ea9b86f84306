/** The last lines of a test run: what was skipped for want of a tool, and the counts. */

import type { Reporter, TestModule } from "vitest/node";
import { lacks, type Tool, TOOLS } from "./tools.ts";

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const testModule of modules) {
      for (const test of testModule.children.allTests()) counts[test.result().state]++;
      // A module that could not be loaded has no tests that could fail.
      if (testModule.errors().length > 0) counts.failed++;
    }
    const failed = counts.failed + counts.pending + unhandledErrors.length;
    // After the summary of the default reporter.
    process.once("exit", () => {
      for (const tool of missingTools()) {
        console.log(`skipped what needs ${tool}, which is not installed (${TOOLS[tool]})`);
      }
      console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
    });
  }
}

function missingTools(): Tool[] {
  if (process.env["REQUIRE_TOOLS"] === "1") return [];
  return (Object.keys(TOOLS) as Tool[]).filter((tool) => lacks(tool));
}
