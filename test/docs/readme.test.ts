/** The READMEs against each other and against the code. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FLAGS } from "../../src/config/flags.ts";
import { SCENARIOS } from "../../src/simulator/scenarios.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const ENGLISH = read("README.md");
const JAPANESE = read("README.ja.md");

/** Code blocks without their comments. */
function codeBlocks(text: string): string[] {
  return [...text.matchAll(/```\w+\n(.*?)```/gs)].map((match) => match[1]!.replaceAll(/^#.*\n/gm, ""));
}

/** What is set as code, in the order in which it appears. */
function codeSpans(text: string): string[] {
  return [...text.replaceAll(/```.*?```/gs, "").matchAll(/`([^`]+)`/g)].map((match) => match[1]!).sort();
}

test("README.ja.md is level with README.md: same sections, commands, tables and names", () => {
  const headings = (text: string) => [...text.matchAll(/^(#+) /gm)].map((match) => match[1]!);
  expect(headings(JAPANESE)).toEqual(headings(ENGLISH));
  expect(codeBlocks(JAPANESE)).toEqual(codeBlocks(ENGLISH));
  expect(codeSpans(JAPANESE)).toEqual(codeSpans(ENGLISH));
  const links = (text: string) =>
    [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^README/.test(link))
      .sort();
  expect(links(JAPANESE)).toEqual(links(ENGLISH));
});

test("the table of flags is the list of flags, with their defaults", () => {
  const rows = ENGLISH.split("\n").filter((line) => /^\| `--/.test(line));
  const documented = rows.map((row) =>
    row
      .split(" | ")
      .slice(0, 2)
      .map((cell) => cell.replaceAll(/[|` ]/g, "")),
  );
  const flags = FLAGS.filter(({ name }) => !["version", "help"].includes(name));
  expect(documented.map(([flag]) => flag!.replace("[no-]", "").slice(2))).toEqual([
    "config.file",
    "config.check",
    ...flags.filter(({ setting }) => setting !== undefined).map(({ name }) => name),
    "record",
  ]);
  for (const [flag, shown] of documented) {
    const { default: fallback, negatable } = FLAGS.find(
      ({ name }) => name === flag!.replace("[no-]", "").slice(2),
    )!;
    if (!negatable && fallback !== undefined) expect([flag, shown]).toEqual([flag, String(fallback)]);
  }
});

test("the table of scenarios is the list of scenarios", () => {
  const section = ENGLISH.slice(ENGLISH.indexOf("| Scenario "));
  const rows = section
    .slice(0, section.indexOf("\n\n"))
    .split("\n")
    .flatMap((line) => /^\| `([a-z-]+)`/.exec(line)?.[1] ?? []);
  expect(rows).toEqual(Object.keys(SCENARIOS));
});

test("every npm script that the documents name exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const text of [ENGLISH, JAPANESE, read("CONTRIBUTING.md")]) {
    for (const [, name] of text.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name);
  }
});
