/** The last lines of a test run: what was skipped for want of a tool, what was asked of Sora, and the counts. */

import type { Reporter, TestModule } from "vitest/node";
import { linesOf, missingOf, readRecording, RECORD_VARIABLE, summarize } from "./read-only.ts";
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
    const asked = summarize(directory === undefined ? [] : readRecording(directory));
    const whole = modules.filter(isWhole).map(({ relativeModuleId }) => relativeModuleId);
    const missing = missingOf(asked, whole);
    const unproven = asked.violations.length + missing.length;
    const failed = counts.failed + counts.pending + unhandledErrors.length + unproven;
    // After the summary of the default reporter.
    process.once("exit", () => {
      for (const tool of missingTools()) {
        console.log(`skipped what needs ${tool}, which is not installed (${TOOLS[tool]})`);
      }
      for (const line of [...linesOf(asked), ...missing]) console.log(line);
      // No test of the suite can tell what the others did.
      if (unproven > 0) process.exitCode = 1;
      console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
    });
  }
}

/** Whether all of its tests have run, and passed: what they do has been done. */
function isWhole(testModule: TestModule): boolean {
  const tests = [...testModule.children.allTests()];
  return tests.length > 0 && tests.every((test) => test.result().state === "passed");
}

function missingTools(): Tool[] {
  if (process.env["REQUIRE_TOOLS"] === "1") return [];
  return (Object.keys(TOOLS) as Tool[]).filter((tool) => lacks(tool));
}
