/** That `npm run fuzz` tells of a property that never comes back. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "./fuzz.ts";
import { FUZZES } from "./stuck.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Generous: the machine may be busy with other things for as long. */
const PATIENCE_S = 5;

function fuzzStuck(only: string): { status: number | null; stdout: string } {
  const flags = ["--of=test/fuzz/stuck.ts", `--only=${only}`, "--seed=1", `--patience=${PATIENCE_S}`];
  return spawnSync(process.execPath, ["scripts/fuzz.ts", ...flags, "--minutes=0.02"], {
    ...{ cwd: ROOT, encoding: "utf8", timeout: 60_000 },
  });
}

test("an endless loop is named, with the seed and the input", { timeout: 90_000 }, () => {
  const { status, stdout } = fuzzStuck("loops at three");
  expect(stdout).toMatch(
    /"loops at three" is stuck: nothing has moved for 5 s; seed 1, \d+ inputs\nThe last input, in .*: \{"n":3\}\n/,
  );
  expect(status).toBe(1);
});

test("a process that ended is named, with the seed and the input", { timeout: 90_000 }, () => {
  const { status, stdout } = fuzzStuck("leaves at three");
  expect(stdout).toMatch(
    /"leaves at three" ended its process \(exit code 7\); seed 1, \d+ inputs\nThe last input, in .*: \{"n":3\}\n/,
  );
  expect(status).toBe(1);
});

test("a property that holds is no failure", { timeout: 90_000 }, () => {
  const { status, stdout } = fuzzStuck("holds");
  expect(stdout).toMatch(/^ *[1-9]\d* inputs: holds$/m);
  expect(status).toBe(0);
});

test("what does not only read fails, though the property holds", { timeout: 90_000 }, () => {
  const { status, stdout } = fuzzStuck("writes");
  expect(stdout).toMatch(/^ *[1-9]\d* inputs: writes$/m);
  expect(stdout).toContain('NOT READ-ONLY: "Sora_20151104.DisconnectChannel"');
  expect(status).toBe(1);
});

test("what waits for ever fails as what is wrong does", { timeout: 90_000 }, async () => {
  const waits = FUZZES.find(({ name }) => name === "waits at three")!;
  const { counterexample, errorInstance } = await run(waits, { seed: 1, runs: 100 });
  expect(counterexample).toEqual([{ n: 3 }]);
  expect(String(errorInstance)).toContain("Property timeout");
});
