/**
 * `npm run fuzz`: tries random inputs on every property of test/fuzz, each for its share of the time. Exit code 1 where one
 * fails, with the smallest input that does, as a regression to paste, and where one gets stuck, with the input that it does so at.
 * Flags:
 *
 *     --minutes=10          for how long, all of them together
 *     --seed=N              the same inputs again
 *     --only=TEXT           properties with this in their name
 *     --patience=60         seconds without a new input after which a property is stuck
 *     --of=FILE             other properties than those of test/fuzz/all.ts
 */

import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Fuzz } from "../test/fuzz/fuzz.ts";
import { linesOf, summarize } from "../test/support/read-only.ts";
import { openRecording } from "../test/support/recording.ts";
import { watchProperty } from "./fuzz/watch.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    only: { type: "string", default: "" },
    patience: { type: "string", default: "60" },
    of: { type: "string", default: fileURLToPath(new URL("../test/fuzz/all.ts", import.meta.url)) },
  },
});
const module = resolve(values.of);
const { FUZZES } = (await import(pathToFileURL(module).href)) as { FUZZES: readonly Fuzz[] };
const chosen = FUZZES.filter(({ name }) => name.includes(values.only));
const [minutes, patience] = [Number(values.minutes), Number(values.patience)];
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !(patience > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(
    "usage: npm run fuzz -- [--minutes=10] [--seed=N] [--only=TEXT of a property's name] [--patience=60]",
  );
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const limitMs = (minutes * 60_000) / chosen.length;
console.log(`${chosen.length} properties, ${Math.round(limitMs / 1000)} s each, seed ${seed}`);
const recording = openRecording();
process.once("exit", recording.end);
let total = 0;
for (const { name } of chosen) {
  const { inputs, failure } = await watchProperty({
    ...{ module, name, seed, limitMs, patienceMs: patience * 1000 },
  });
  total += inputs;
  console.log(`${String(inputs).padStart(9)} inputs: ${name}`);
  if (failure === undefined) continue;
  process.exitCode = 1;
  console.log(failure);
}
console.log(`${String(total).padStart(9)} inputs in all`);
const asked = summarize(recording.requests());
for (const line of linesOf(asked, "of the fuzzer")) console.log(line);
if (asked.violations.length > 0) process.exitCode = 1;
