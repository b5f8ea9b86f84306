/** docs/soak.md, made from docs/soak.json. */

import { describeMachine } from "../../bench/page.ts";
import { table } from "../markdown.ts";
import { type SoakResults, verdictsOf } from "./results.ts";

/** The page, in Markdown. */
export function soakPage(results: SoakResults): string {
  const { machine, minutes, connections, speed, left, scrapes, healthChecks, faults, samples } = results;
  const series = samples.map((sample) => sample.series);
  const faultCount = Object.values(faults).reduce((sum, n) => sum + n, 0);
  const rows: [string, string][] = [
    ["polls", `${whole(results.polls)}, of which ${whole(results.failedPolls)} failed`],
    ["connections that have left", whole(left)],
    ["faults", `${whole(faultCount)} of ${Object.keys(faults).length} kinds`],
    ["reloads of the configuration", whole(results.reloads.done)],
    ["highest RSS", `${whole(results.peakRssMB)} MB`],
    ["series, least and most", `${whole(Math.min(...series))} and ${whole(Math.max(...series))}`],
    ["log", `${whole((samples.at(-1)?.logBytes ?? 0) / 1000)} KB`],
    ...scrapes.map(({ by, count, unanswered, longestMs }): [string, string] => [
      `scrapes by ${by}`,
      `${whole(count)}, ${unanswered} without an answer, the longest ${whole(longestMs)} ms`,
    ]),
    ["counters of channels that were empty for ten minutes, and began anew", whole(results.begunAnew)],
    ["health checks", `${whole(healthChecks.count)}, the longest ${whole(healthChecks.longestMs)} ms`],
    ["bytes counted, of those that the simulator counted", `${(results.counted * 100).toFixed(2)} %`],
  ];
  return `# For a long time

Made by \`npm run soak -- --write\` on ${describeMachine(machine)}. For ${minutes} minutes one exporter polled
a simulated Sora of about ${whole(connections)} connections, whose time went ${speed} times as fast as the clock, through a proxy that did
wrong now and then. Two Prometheus scraped it, and its configuration was changed again and again. What is not counted of
the bytes came with connections that no poll has seen, or went with them after the last one that did.

![Memory, handles, series and log over the time](soak.svg)

## What has to hold

${table(
  ["", "Value", "At most", "Holds"],
  verdictsOf(results).map(({ name, value, bound, unit }) => [
    name,
    `${short(value)} ${unit}`.trim(),
    `${short(bound)} ${unit}`.trim(),
    value <= bound ? "yes" : "no",
  ]),
)}

${results.problems.map((problem) => `- ${problem}\n`).join("")}
## Figures

${table(["", ""], rows)}

## What Sora was asked for

${requestsOf(results.asked)}

## Faults by kind

${table(
  ["Kind", "Times"],
  Object.entries(faults)
    .sort()
    .map(([kind, n]) => [kind, String(n)]),
)}
`;
}

function requestsOf({ counts, violations }: SoakResults["asked"]): string {
  const first =
    violations.length === 0
      ? "Nothing but what reads."
      : `What does not only read: ${violations.map((one) => JSON.stringify(one)).join(", ")}.`;
  const rows = Object.entries(counts).map(([operation, n]): [string, string] => [operation, whole(n)]);
  return `${first}\n\n${table(["Operation", "Times"], rows)}`;
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function short(number: number): string {
  return Math.abs(number) >= 100 ? whole(number) : String(Number(number.toFixed(3)));
}
