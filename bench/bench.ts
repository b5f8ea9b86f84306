/**
 * `npm run bench`: what the exporter costs, from an answer's bytes to a scraped body, beside `JSON.parse`, copying, and
 * prom-client. On a noisy machine only the ratios mean something. Flags:
 *
 *     --json                the results as JSON, instead of tables
 *     --sizes=100,1000      numbers of connections; default 100,300,1000,3000,10000
 *     --only=PART,...       pipeline, prom-client, process, otlp; default all
 *     --seconds=60          for how long the process is watched
 *     --write               also writes docs/bench.json and what is made from it
 *     --chart=FILE          also writes the chart to this file
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchChart } from "./chart.ts";
import { run } from "./child.ts";
import { describeThisMachine } from "./machine.ts";
import { describeMachine, tablesOf } from "./page.ts";
import { measurePipeline } from "./pipeline.ts";
import type { OtlpResult, PipelineResult, ProcessResult, PromClientResult, Results } from "./results.ts";
import { measureProcess } from "./running/running.ts";
import { linesOf, summarize } from "../test/support/read-only.ts";
import { openRecording } from "../test/support/recording.ts";

/** The issue of prom-client and of the process is at these sizes; what lies in between is for the chart. */
const COMPARED = [100, 1000, 10_000];
const WATCHED = [100, 10_000];
const PROM_CLIENT_TIMEOUT_MS = 150_000;

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    sizes: { type: "string", default: "100,300,1000,3000,10000" },
    only: { type: "string", default: "pipeline,prom-client,process,otlp" },
    seconds: { type: "string", default: "60" },
    write: { type: "boolean", default: false },
    chart: { type: "string" },
  },
});
const sizes = flags.sizes.split(",").map(Number);
const parts = new Set(flags.only.split(","));
const machine = describeThisMachine();
const recording = openRecording();
process.once("exit", recording.end);

const pipeline: PipelineResult[] = [];
const promClient: PromClientResult[] = [];
const processes: ProcessResult[] = [];
for (const size of parts.has("pipeline") ? sizes : []) {
  say(`pipeline, ${size} connections`);
  pipeline.push(await measurePipeline(size));
}
for (const size of parts.has("prom-client") ? sizes.filter((one) => COMPARED.includes(one)) : []) {
  say(`prom-client, ${size} connections`);
  promClient.push(await measurePromClient(size));
}
if (parts.has("process")) execFileSync(process.execPath, [`${root}scripts/build.ts`], { stdio: "inherit" });
for (const size of parts.has("process") ? sizes.filter((one) => WATCHED.includes(one)) : []) {
  say(`the process, ${size} connections`);
  processes.push(await measureProcess(size, Number(flags.seconds)));
}

const otlp: OtlpResult[] = [];
for (const size of parts.has("otlp") ? sizes.filter((one) => COMPARED.includes(one)) : []) {
  say(`pushes by OTLP, ${size} connections`);
  otlp.push(
    await run<OtlpResult>("otlp.ts", [String(size)], { timeoutMs: 600_000, execArgv: ["--expose-gc"] }),
  );
}

const results: Results = {
  ...{ machine, pipeline, promClient, process: processes },
  ...(parts.has("otlp") && { otlp }),
};
const asked = summarize(recording.requests());
// Not among the results, which are figures of the machine, and for programs where they are JSON.
for (const line of linesOf(asked, "of the benchmark")) console.error(line);
if (asked.violations.length > 0) process.exitCode = 1;
if (processes.length > 0 && Object.keys(asked.counts).length === 0) {
  console.error("NOT RECORDED: what the exporter has asked for");
  process.exitCode = 1;
}
if (flags.json) console.log(JSON.stringify(results, null, 2));
else console.log(`${describeMachine(machine)}\n\n${tablesOf(results)}`);
if (flags.chart !== undefined) writeFileSync(flags.chart, benchChart(results));
if (flags.write) {
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/bench.json`, `${JSON.stringify(results, null, 2)}\n`);
  execFileSync(process.execPath, [`${root}scripts/docs.ts`], { stdio: "inherit" });
}

async function measurePromClient(connections: number): Promise<PromClientResult> {
  // What is free, but for what everybody else needs.
  const heapMB = Math.floor((freemem() / 1024 ** 2) * 0.8);
  try {
    return await run<PromClientResult>("prom-client.ts", [String(connections)], {
      timeoutMs: PROM_CLIENT_TIMEOUT_MS,
      execArgv: ["--expose-gc", `--max-old-space-size=${heapMB}`],
    });
  } catch (error) {
    return { connections, failure: `with a heap of ${heapMB} MB: ${(error as Error).message}` };
  }
}

function say(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${what} ...\n`);
}
