/** What `npm run fuzz` has found, each input as it was found. */

import { expect, test } from "vitest";
import { quote } from "../../src/config/errors.ts";
import { messageOf } from "../config/support.ts";
import { FUZZES } from "./all.ts";
import { describeFailure, run } from "./fuzz.ts";

const FILES = "a configuration file of which characters were changed is valid, or its line is named";
const ENVIRONMENTS = "an environment is valid, or the variable is named";

test.each<[what: string, property: string, input: unknown]>([
  [
    "a list within lists without end was said to be a stack of the parser's",
    FILES,
    `sora: ${"[".repeat(20_000)}`,
  ],
  ["lists on one line took the parser minutes", FILES, `sora:\n${"- ".repeat(100_000)}`],
  [
    "a control character of a variable reached the terminal",
    ENVIRONMENTS,
    { SORA_STATS_EXPORTER_SORA_INTERVAL: "\u001b[31m\0" },
  ],
])("%s", { timeout: 60_000 }, async (_, property, input) => {
  const one = FUZZES.find(({ name }) => name === property)!;
  const details = await run(one, { examples: [input], runs: 1 });
  if (details.counterexample !== null) throw new Error(describeFailure(one, details));
});

test("a long variable, or flag, is cut in the message", () => {
  for (const given of [
    { env: { SORA_STATS_EXPORTER_SORA_INTERVAL: "y".repeat(5000) } },
    { argv: [`--sora.interval=${"y".repeat(5000)}`] },
  ])
    expect(messageOf(given)!.length).toBeLessThan(300);
  const yaml = `targets: [{ url: http://a, bearer_token: { env: ${"a".repeat(200_000)} } }]`;
  expect(messageOf({ yaml })!.length).toBe(2000);
});

test("what is nested too deeply is said to be, with its line", () => {
  expect(messageOf({ yaml: `\nsora: ${"[".repeat(20_000)}` })).toBe("config.yaml:2: nested too deeply");
  expect(messageOf({ yaml: `log: {}\n\n${"- ".repeat(100)}` })).toBe("config.yaml:3: nested too deeply");
});

test("a long value that is wrong is named at once: looking for secrets in it took the square of its length", () => {
  expect(quote("a".repeat(1_000_000))).toBe(`"${"a".repeat(80)}…"`);
});
