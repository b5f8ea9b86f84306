/**
 * A process that tries inputs on one property, so that whoever started it can tell when it is stuck, and end it:
 * `node scripts/fuzz/try.ts MODULE NAME SEED LIMIT_MS FILE`. Before each input is tried it is written to the file, behind a
 * line with its number. Sends an `Outcome` at the end.
 */

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describeFailure, type Fuzz, run } from "../../test/fuzz/fuzz.ts";
import { recordHere } from "../../test/support/recording.ts";
import type { Outcome } from "./watch.ts";

/** How long a failing input is made smaller, besides. */
const SHRINK_MS = 60_000;

process.once("disconnect", () => process.exit());
await recordHere();
const [module = "", name = "", seedText = "", limitText = "", file = ""] = process.argv.slice(2);
const { FUZZES } = (await import(pathToFileURL(module).href)) as { FUZZES: readonly Fuzz[] };
const one = FUZZES.find((property) => property.name === name)!;
const seed = Number(seedText);
let inputs = 0;
const trying = (input: unknown) => writeFileSync(file, `${++inputs}\n${JSON.stringify(input)}`);

const details = await run(one, { seed, limitMs: Number(limitText), trying });
const outcome: Outcome = { inputs: details.numRuns };
if (details.counterexample !== null) {
  const { counterexamplePath: path } = details;
  const smaller = await run(one, { seed, path, limitMs: SHRINK_MS, trying });
  outcome.failure = describeFailure(one, smaller.counterexample === null ? details : smaller);
}
// A check that was interrupted may hold something open.
process.send!(outcome, undefined, undefined, () => process.exit());
