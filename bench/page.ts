/** docs/bench.md, made from docs/bench.json; the tables are what `npm run bench` prints, too. */

import { table } from "../scripts/markdown.ts";
import {
  type Figure,
  figuresOf,
  meets,
  overCopy,
  overJsonParse,
  overOwn,
  perConnectionUs,
  sumsOverJsonParse,
  troubleOf,
} from "./figures.ts";
import type { Machine, Results, Spread } from "./results.ts";

/** The page, in Markdown. */
export function benchPage(results: Results): string {
  return `# What it costs

Made by \`npm run bench -- --write\` on ${describeMachine(results.machine)}. Times are medians of at least five
rounds; on another machine they are others, and only the ratios, each from one run, should be alike. Answers are the
simulator's, in the form of 2024, new ones for each poll. MB are millions of bytes.

${tablesOf(results)}
${results.otlp === undefined ? "\nPushes by OTLP were not measured in that run.\n" : ""}
![Cost of a poll per connection, by number of connections](bench.svg)
`;
}

/** Everything that was measured, a table for each part. */
export function tablesOf(results: Results): string {
  const { pipeline, promClient, process, otlp = [] } = results;
  const parts = [
    section(
      "Figures and bars",
      ["Figure", "Value", "Bar", "Goal", "Within"],
      figuresOf(results).map(figureRow),
    ),
  ];
  const columns = <T extends { connections: number }>(
    of: readonly T[],
    rows: [string, (one: T) => string][],
  ) =>
    [
      ["", ...of.map(({ connections }) => whole(connections))],
      rows.map(([name, cell]) => [name, ...of.map(cell)]),
    ] as const;
  if (pipeline.length > 0)
    parts.push(
      section(
        "The pipeline, by number of connections",
        ...columns(pipeline, [
          ["answer, MB", ({ answerBytes }) => megabytes(answerBytes)],
          ["numbers in it", ({ numbers }) => whole(numbers)],
          ["of these not zero", ({ nonZeroShare }) => percent(nonZeroShare)],
          ["series", ({ allLevels }) => whole(allLevels.series)],
          ["exposition, MB", ({ allLevels }) => megabytes(allLevels.expositionBytes)],
          ["series of the sums", ({ sumsOnly }) => whole(sumsOnly.series)],
          ["`JSON.parse`, ms", ({ jsonParseMs }) => short(jsonParseMs)],
          ["— measured again", ({ jsonParseDrift }) => `x ${short(jsonParseDrift)}`],
          ["copying, ms", ({ copyMs }) => short(copyMs)],
          ["pipeline, ms", ({ allLevels }) => short(allLevels.totalMs)],
          ["— bytes to snapshot", ({ allLevels }) => short(allLevels.readMs)],
          ["— sums", ({ allLevels }) => short(allLevels.sumsMs)],
          ["— snapshots to bytes", ({ allLevels }) => short(allLevels.writeMs)],
          ["with the sums alone, ms", ({ sumsOnly }) => short(sumsOnly.totalMs)],
          ["pipeline per connection, µs", (one) => short(perConnectionUs(one))],
          ["pipeline / `JSON.parse`", (one) => short(overJsonParse(one))],
          ["sums alone / `JSON.parse`", (one) => short(sumsOverJsonParse(one))],
          ["pipeline / copying", (one) => short(overCopy(one))],
          ["a snapshot, bytes a connection", (one) => whole(one.snapshotBytes / one.connections)],
          ["— once it was scraped", (one) => whole(one.exposedSnapshotBytes / one.connections)],
        ]),
      ),
    );
  if (promClient.length > 0)
    parts.push(
      section(
        "prom-client with the same series",
        ...columns(promClient, [
          ["series", ({ series }) => whole(series)],
          ["`labels().set()`, ms", ({ setMs }) => short(setMs)],
          ["`metrics()`, ms", ({ metricsMs }) => short(metricsMs)],
          ["both, ms", ({ totalMs }) => short(totalMs)],
          ["snapshots and sums to bytes, ms", ({ ownMs }) => short(ownMs)],
          ["times faster", (one) => short(overOwn(one))],
          ["prom-client's peak RSS, MB", ({ peakRssMB }) => whole(peakRssMB)],
          ["note", ({ failure }) => failure ?? ""],
        ]),
      ),
    );
  if (process.length > 0)
    parts.push(
      section(
        "The running process, polled every 5 s and scraped with gzip as often",
        ...columns(process, [
          ["watched for, s", ({ seconds }) => whole(seconds)],
          ["polls", ({ polls }) => whole(polls)],
          ["scrapes", ({ scrapes }) => whole(scrapes)],
          ["trouble", troubleOf],
          ["series", ({ series }) => whole(series)],
          ["event-loop delay by samples, p50 / p99 / max ms", ({ loopDelay }) => spreadText(loopDelay)],
          ["event-loop wait by time, p50 / p99 / max ms", ({ loopWait }) => spreadText(loopWait)],
          ["`/-/healthy`, p50 / p99 / max ms", ({ healthy }) => spreadText(healthy)],
          ["— the asking process late by, ms", ({ proberLate }) => spreadText(proberLate)],
          ["`/metrics`, p50 / max ms", ({ metrics }) => `${short(metrics.p50)} / ${short(metrics.max)}`],
          ["its body with gzip, MB", ({ gzipBytes }) => megabytes(gzipBytes)],
          ["peak RSS, MB", ({ peakRssMB }) => whole(peakRssMB)],
          ["RSS at the end, MB", ({ endRssMB }) => whole(endRssMB)],
          ["CPU per poll, s", ({ cpuSecondsPerPoll }) => short(cpuSecondsPerPoll)],
        ]),
      ),
    );
  if (process.length > 0)
    parts.push(
      "Delay by samples is what `monitorEventLoopDelay` of Node.js counts with a resolution of 1 ms, which is taken off; a\n" +
        "loop that stands still for seconds is one sample then. Wait by time is how long something waits that happens at\n" +
        "any moment. CPU is that of all threads, scrapes included, over the number of polls.",
    );
  if (otlp.length > 0)
    parts.push(
      section(
        "Pushes by OTLP of all levels, http/protobuf without compression",
        ...columns(otlp, [
          ["data points", ({ points }) => whole(points)],
          ["requests", ({ requests }) => whole(requests)],
          ["bytes, MB", ({ bytes }) => megabytes(bytes)],
          ["largest request, MB", ({ largestRequest }) => megabytes(largestRequest)],
          ["a push, ms", ({ pushMs }) => short(pushMs)],
          ["— per 1,000 points, ms", ({ pushMs, points }) => short((pushMs / points) * 1000)],
          ["longest block of the thread, ms", ({ longestBlockMs }) => short(longestBlockMs)],
          ["peak RSS of polls alone, MB", ({ pollsPeakRssMB }) => whole(pollsPeakRssMB)],
          ["peak RSS with pushes, MB", ({ peakRssMB }) => whole(peakRssMB)],
        ]),
      ),
    );
  return parts.join("\n\n");
}

export function describeMachine({ node, cpu, cores, memoryGB, loadAverage }: Machine): string {
  const load = loadAverage.map((one) => one.toFixed(2)).join(", ");
  return `Node.js ${node}, ${cores} x ${cpu}, ${whole(memoryGB)} GB, load average ${load} at the start`;
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `## ${title}\n\n${table(head, rows)}`;
}

function figureRow(figure: Figure): string[] {
  const { name, value, unit, bar, goal } = figure;
  const sign = unit === "x" ? "≥" : "≤";
  const show = (number: number | undefined, before = "") =>
    number === undefined ? "" : `${before}${short(number)} ${unit}`.trim();
  const within = meets(figure);
  return [
    name,
    value === undefined ? "not measured" : show(value),
    show(bar, `${sign} `),
    show(goal, `${sign} `),
    within === undefined ? "" : within ? "yes" : "no",
  ];
}

function spreadText({ p50, p99, max }: Spread): string {
  return [p50, p99, max].map(short).join(" / ");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function megabytes(bytes: number): string {
  return short(bytes / 1e6);
}

function whole(number: number | undefined): string {
  return number === undefined ? "" : Math.round(number).toLocaleString("en");
}

/** Three digits that count. */
function short(number: number | undefined): string {
  if (number === undefined) return "";
  if (!Number.isFinite(number)) return "no answer";
  if (Math.abs(number) < 0.01) return "0";
  return Math.abs(number) >= 100 ? whole(number) : String(Number(number.toPrecision(3)));
}
