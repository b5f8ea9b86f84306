/** The last lines of a test run: what was skipped for want of a tool, what was asked of Sora, and the counts. */

import type { Reporter, TestModule } from "vitest/node";
import { readRecording, RECORD_VARIABLE, summarize } from "./read-only.ts";
import { lacks, type Tool, TOOLS } from "./tools.ts";

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const testModule of modules) {
      for (const test of testModule.children.allTests()) counts[test.result().state]++;
      // A module that could not be loaded has no tests that could fail.
      if (testModule.errors().length > 0) counts.failed++;
    }
    const directory = process.env[RECORD_VARIABLE];
    const asked = directory === undefined ? undefined : summarize(readRecording(directory));
    const written = asked === undefined ? 1 : asked.violations.length;
    const failed = counts.failed + counts.pending + unhandledErrors.length + written;
    // After the summary of the default reporter.
    process.once("exit", () => {
      for (const tool of missingTools()) {
        console.log(`skipped what needs ${tool}, which is not installed (${TOOLS[tool]})`);
      }
      console.log((asked?.lines ?? ["what was asked of Sora was not recorded"]).join("\n"));
      // No test of the suite can tell what the others did.
      if (written > 0) process.exitCode = 1;
      console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
    });
  }
}

function missingTools(): Tool[] {
  if (process.env["REQUIRE_TOOLS"] === "1") return [];
  return (Object.keys(TOOLS) as Tool[]).filter((tool) => lacks(tool));
}
