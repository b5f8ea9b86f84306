/** Every property that `npm run fuzz` runs for long, shortly: with a fixed seed, and with one that is new each time. */

import { describe, test } from "vitest";
import { FUZZES } from "./all.ts";
import { describeFailure, run } from "./fuzz.ts";

const FIXED_SEED = 20_171_101;
const FRESH_MS = 1_500;

describe.each(FUZZES.map((one) => [one.name, one] as const))("%s", (_, one) => {
  test("with a fixed seed", { timeout: 120_000 }, async () => {
    const details = await run(one, { seed: FIXED_SEED, runs: one.runs });
    if (details.counterexample !== null) throw new Error(describeFailure(one, details));
  });

  test("with a fresh seed", { timeout: 120_000 }, async () => {
    const details = await run(one, { limitMs: FRESH_MS });
    if (details.counterexample !== null) throw new Error(describeFailure(one, details));
  });
});
