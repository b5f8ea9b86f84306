/** The exporter's own process with so many connections: polled every five seconds, scraped as often, watched. */

import { type ChildProcess, spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { freePort } from "../../src/simulator/free-port.ts";
import { ask, cpuSecondsOf, memoryOf, start, stop } from "../child.ts";
import type { ProcessResult } from "../results.ts";
import { countSamples } from "../samples.ts";
import { spread } from "../timing.ts";
import type { LoopDelays } from "./loop-delay.ts";
import { loopDelay, loopWait } from "./loop-spread.ts";

const INTERVAL_S = 5;
/** For code to be compiled, heaps to grow, the first polls to be over. */
const SETTLE_S = 20;
const START_TIMEOUT_MS = 120_000;
/** Prometheus would not wait so long. */
const SCRAPE_TIMEOUT_MS = 60_000;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param seconds to watch for, after a time to settle */
export async function measureProcess(connections: number, seconds: number): Promise<ProcessResult> {
  const children: ChildProcess[] = [];
  const keep = (child: ChildProcess) => {
    children.push(child);
    return child;
  };
  const agent = new Agent({ keepAlive: true });
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-bench-"));
  try {
    const polls = Math.ceil((SETTLE_S + seconds) / INTERVAL_S) + 3;
    const sora = keep(start("running/sora.ts", [String(connections), String(polls)]));
    const soraUrl = `http://127.0.0.1:${await ask<number>(sora, "port")}/`;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const { exporter, log } = startExporter({ soraUrl, port, directory });
    keep(exporter);
    await isReady(url, agent);
    const prober = keep(start("running/prober.ts", [url]));
    await scrapeFor(SETTLE_S, url, agent);

    await ask(prober, "reset");
    await ask(exporter, "reset");
    log.length = 0;
    const before = { asked: await ask<number>(sora, "asked"), cpu: cpuSecondsOf(exporter.pid!) };
    const scrapes = await scrapeFor(seconds, url, agent);
    const asked = (await ask<number>(sora, "asked")) - before.asked;
    const cpu = cpuSecondsOf(exporter.pid!) - before.cpu;
    const [peak, end] = [memoryOf(exporter.pid!, "VmHWM"), memoryOf(exporter.pid!, "VmRSS")];
    const delays = await ask<LoopDelays>(exporter, "report");
    return {
      connections,
      seconds: scrapes.seconds,
      answerBytes: await ask<number>(sora, "answerBytes"),
      series: scrapes.last === undefined ? 0 : countSamples(gunzipSync(scrapes.last)),
      polls: asked,
      pollsExpected: Math.floor(scrapes.seconds / INTERVAL_S),
      failedPolls: log.filter((line) => line.includes("poll failed")).length,
      scrapes: scrapes.latencies.length,
      failedScrapes: scrapes.failed,
      loopDelay: loopDelay(delays),
      loopWait: loopWait(delays),
      ...(await ask<Pick<ProcessResult, "healthy" | "failedProbes" | "proberLate">>(prober, "report")),
      metrics: spread(scrapes.latencies),
      gzipBytes: scrapes.last?.length ?? 0,
      peakRssMB: peak / 1e6,
      endRssMB: end / 1e6,
      cpuSecondsPerPoll: cpu / asked,
    };
  } finally {
    agent.destroy();
    await Promise.all(children.map(stop));
    rmSync(directory, { recursive: true });
  }
}

/** As users run it, from dist/; a compiler for the sources would take some of the memory that is measured. */
function startExporter({ soraUrl, port, directory }: { soraUrl: string; port: number; directory: string }): {
  exporter: ChildProcess;
  log: string[];
} {
  const log: string[] = [];
  const watcher = join(directory, "loop-delay.mjs");
  writeFileSync(watcher, stripTypeScriptTypes(readFileSync(`${root}bench/running/loop-delay.ts`, "utf8")));
  const exporter = spawn(
    process.execPath,
    [
      `--import=${watcher}`,
      `${root}dist/main.js`,
      `--sora.url=${soraUrl}`,
      `--sora.interval=${INTERVAL_S}s`,
      `--sora.timeout=${INTERVAL_S}s`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  for (const stream of [exporter.stdout!, exporter.stderr!])
    stream.on("data", (text: Buffer) => log.push(...String(text).trim().split("\n")));
  return { exporter, log };
}

async function isReady(url: string, agent: Agent): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const status = await fetchBody(`${url}/-/ready`, agent).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > end) throw new Error(`the exporter is not ready within ${START_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Scrapes about every five seconds, at ever other moments of them, as polls come every five seconds too; never two
 * at a time, as Prometheus does not either.
 */
async function scrapeFor(seconds: number, url: string, agent: Agent) {
  const GOLDEN = (Math.sqrt(5) - 1) / 2;
  const begin = performance.now();
  const passed = () => (performance.now() - begin) / 1000;
  const until = (second: number) =>
    new Promise((resolve) => setTimeout(resolve, Math.max(0, second - passed()) * 1000));
  const latencies: number[] = [];
  let failed = 0;
  let last: Buffer | undefined;
  for (let k = 0; k < Math.floor(seconds / INTERVAL_S) && passed() < seconds; k++) {
    await until((k + (((k + 1) * GOLDEN) % 1)) * INTERVAL_S);
    const start = performance.now();
    const answer = await fetchBody(`${url}/metrics`, agent).catch(() => undefined);
    latencies.push(performance.now() - start);
    if (answer?.status === 200) last = answer.body;
    else failed++;
  }
  await until(seconds);
  return { latencies, failed, last, seconds: Math.round(passed()) };
}

async function fetchBody(url: string, agent: Agent): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip" };
    const signal = AbortSignal.timeout(SCRAPE_TIMEOUT_MS);
    const request = get(url, { agent, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
  });
}
