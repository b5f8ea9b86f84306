/**
 * `npm run fuzz -- [--minutes=10] [--seed=N] [--only=TEXT]`: tries random inputs on every property of test/fuzz, each for its
 * share of the time. Exit code 1 where one fails, with the smallest input that does, as a regression to paste.
 */

import { parseArgs } from "node:util";
import { FUZZES } from "../test/fuzz/all.ts";
import { describeFailure, run } from "../test/fuzz/fuzz.ts";

/** How long a failing input is made smaller, besides. */
const SHRINK_MS = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const chosen = FUZZES.filter(({ name }) => name.includes(values.only));
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  console.error("usage: npm run fuzz -- [--minutes=10] [--seed=N] [--only=TEXT of a property's name]");
  process.exit(2);
}

const limitMs = (minutes * 60_000) / chosen.length;
console.log(`${chosen.length} properties, ${Math.round(limitMs / 1000)} s each, seed ${seed}`);
let total = 0;
for (const one of chosen) {
  const details = await run(one, { seed, limitMs });
  total += details.numRuns;
  console.log(`${String(details.numRuns).padStart(9)} inputs: ${one.name}`);
  if (details.counterexample === null) continue;
  process.exitCode = 1;
  const { counterexamplePath } = details;
  const smaller = await run(one, { seed, path: counterexamplePath, limitMs: SHRINK_MS });
  console.log(describeFailure(one, smaller.counterexample === null ? details : smaller));
}
console.log(`${String(total).padStart(9)} inputs in all`);
// A check that was interrupted may hold something open.
process.exit();
