/** A soak: everything that takes part in it is started, watched, and ended here. */

import { setTimeout } from "node:timers/promises";
import { ask, start, stop } from "../../bench/child.ts";
import { describeThisMachine } from "../../bench/machine.ts";
import type { ProcessResult } from "../../bench/results.ts";
import { below, createRandom } from "../../src/simulator/prng.ts";
import { startPrometheus } from "../../src/simulator/prometheus.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { startExporterProcess } from "../../test/faults/exporter-process.ts";
import { startFaultProxy } from "../../test/faults/proxy.ts";
import { summarize } from "../../test/support/read-only.ts";
import { openRecording, recordHere } from "../../test/support/recording.ts";
import { createFaults } from "./faults.ts";
import { queryOf, scrapesOf } from "./prometheus.ts";
import type { SoakResults, SoakSample } from "./results.ts";

export interface SoakOptions {
  /** What Node.js runs: the exporter's main script. */
  readonly main: string;
  readonly minutes: number;
  readonly connections: number;
  /** Seconds of the simulated world to one of the clock. */
  readonly speed: number;
  readonly seed: number;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

const POLL = "2s";
const SCRAPE_S = [5, 15] as const;
/** A sample every five seconds, or rarer, so that there are no more than these. */
const MAX_SAMPLES = 180;
const SETTLE_MS = 20_000;
/** What a scrape may take, as Prometheus has it. */
const SCRAPE_TIMEOUT_MS = 10_000;
/** Rarer than samples, so that each of them shows in one. */
const RELOAD_MS = 45_000;
const IN_USE = "sora_exporter_config_last_reload_success_timestamp_seconds";
/** What a scrape takes that is to be looked into. */
const SLOW_MS = 3000;
/** A channel that was empty for so long counts from zero; see METRICS.md. */
const FORGOTTEN_S = 600;
const BYTES = "sora_target_rtp_received_bytes_total";

/**
 * Runs one.
 *
 * @throws the signal's AbortError, when all that was started has ended
 */
export async function soak(options: SoakOptions): Promise<SoakResults> {
  const { main, minutes, connections, speed, seed, signal } = options;
  const sleep = (ms: number) => setTimeout(ms, undefined, { signal });
  const machine = describeThisMachine();
  const recording = openRecording();
  await recordHere();
  const startMs = Date.now();
  const nowMs = () => startMs + (Date.now() - startMs) * speed;
  const world = {
    seed,
    channels: Math.ceil(connections / 10),
    connections,
    nodes: 1,
    form: "2024",
    startMs,
  } as const;
  const simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs });
  const known = new Set<string>();
  const look = () => {
    simulator.world.advanceTo(nowMs());
    for (const { plan } of simulator.world.members()) known.add(plan.connectionId);
  };
  const ticking = setInterval(look, 1000);
  const random = createRandom(seed, 3, 0);
  const proxy = await startFaultProxy({
    ...{ upstream: simulator.url, elsewhere: "http://sora.invalid/", random },
  });
  const often = Object.fromEntries(
    ["list_connections", "get_stats_report", "list_cluster_nodes", "get_license"]
      .concat(["list_started_recording", "list_archiving"])
      .map((call) => [call, POLL]),
  );
  const proxyPort = Number(new URL(proxy.url).port);
  const ended: (() => unknown)[] = [() => proxy.close(), () => simulator.close(), recording.end];
  try {
    const config = {
      sora: { url: proxy.url, interval: POLL, timeout: POLL },
      calls: often,
      // Prometheus would need many gigabytes for every series of everybody who ever came.
      metrics: { include_sections: ["rtp", "network_status", "ice_connection_state"] },
      limits: { answer_size: "32MB" },
    };
    const exporter = await startExporterProcess(config, main);
    ended.unshift(() => exporter.close());
    const prober = start("running/prober.ts", [exporter.url]);
    ended.unshift(() => stop(prober));
    const prometheuses = await Promise.all(
      SCRAPE_S.map((intervalS) => startPrometheus({ exporterUrl: exporter.url, intervalS })),
    );
    ended.unshift(...prometheuses.map((one) => () => one.close()));

    const faults = createFaults(proxy, random, sleep);
    const problems: string[] = [];
    const started = performance.now();
    const passed = () => performance.now() - started;
    const own = { by: "the soak itself", count: 0, unanswered: 0, longestMs: 0 };
    const scrape = async (): Promise<string> => {
      own.count++;
      const begin = performance.now();
      const text = await fetch(`${exporter.url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) })
        .then((response) => (response.ok ? response.text() : Promise.reject(new Error())))
        .catch((error: unknown) => {
          own.unanswered++;
          problems.push(`a scrape has no answer at ${seconds(passed())}: ${String(error)}; ${faults.latest}`);
          return "";
        });
      const took = performance.now() - begin;
      own.longestMs = Math.max(own.longestMs, took);
      if (took > SLOW_MS)
        problems.push(`a scrape took ${seconds(took)} at ${seconds(passed())}; ${faults.latest}`);
      return text;
    };
    let first = await scrape();
    for (; valueOf(first, BYTES) === undefined; first = await scrape()) await sleep(1000);
    const before = simulator.world.produced().receivedSrtpBytes;

    const samples: SoakSample[] = [];
    const firstMs = passed();
    const lengthMs = firstMs + minutes * 60_000;
    const sampleMs = Math.max(5000, (lengthMs - firstMs) / MAX_SAMPLES);
    const hurting = (async () => {
      while (passed() < lengthMs - SETTLE_MS) {
        await sleep(3000 + below(random, 12_000));
        await faults.next(2000 + below(random, 6000));
      }
    })();
    const reloads = { asked: 0, done: 0 };
    const reloading = (async () => {
      while (passed() < lengthMs - RELOAD_MS) {
        await sleep(RELOAD_MS);
        // Another one each time.
        const seconds = reloads.asked++ % 2 === 0 ? 10 : 2;
        exporter.reload({ ...config, calls: { ...often, get_license: `${seconds}s` } });
      }
    })();
    const others = Promise.all([hurting, reloading]);
    // Heard below; where it comes to that.
    others.catch(() => undefined);
    let inUse = valueOf(first, IN_USE);
    while (passed() < lengthMs) {
      const text = await scrape();
      if (valueOf(text, IN_USE) !== inUse) reloads.done++;
      inUse = valueOf(text, IN_USE);
      samples.push({
        seconds: Math.round((passed() - firstMs) / 1000),
        rssMB: Math.round(exporter.memory("VmRSS") / 1e5) / 10,
        heapMB: Math.round((valueOf(text, "nodejs_heap_size_used_bytes") ?? 0) / 1e5) / 10,
        handles: exporter.handles(),
        series: valueOf(text, "sora_exporter_series") ?? 0,
        logBytes: exporter.log.reduce((sum, line) => sum + line.length + 1, 0),
      });
      await sleep(Math.max(0, firstMs + samples.length * sampleMs - passed()));
    }
    await others;
    await sleep(SETTLE_MS / 2);
    const last = await scrape();
    const produced = simulator.world.produced().receivedSrtpBytes - before;
    const health = await ask<Pick<ProcessResult, "healthy" | "failedProbes">>(prober, "report");
    const ofPrometheus = await Promise.all(
      prometheuses.map((one, i) =>
        scrapesOf(queryOf(one.url), `a Prometheus every ${SCRAPE_S[i]} s`, passed()),
      ),
    );
    const falls = ofPrometheus.flatMap((one) => one.falls);
    const resets = falls.filter(({ absentSeconds }) => absentSeconds < FORGOTTEN_S);
    for (const { series, from, to, at, absentSeconds } of resets)
      problems.push(
        `${series} was ${from} and is ${to} at ${seconds(at * 1000 - Date.now() + passed())}, ${absentSeconds} s later`,
      );
    look();
    const requests = recording.requests();
    return {
      ...{ machine, minutes, connections, speed, samples, faults: faults.counts, reloads },
      left: known.size - simulator.world.members().length,
      polls: valueOf(last, "sora_exporter_polls_total") ?? 0,
      failedPolls: valueOf(last, "sora_exporter_poll_failures_total") ?? 0,
      peakRssMB: exporter.memory("VmHWM") / 1e6,
      scrapes: [own, ...ofPrometheus.map(({ scrapes }) => scrapes)],
      healthChecks: {
        ...{ count: health.healthy.count, failed: health.failedProbes, longestMs: health.healthy.max },
      },
      ...{ resets: resets.length, begunAnew: falls.length - resets.length, problems },
      engineRestarts: valueOf(last, "sora_exporter_engine_restarts_total") ?? 0,
      asked: {
        // The proxy hands on what it is asked, so that the simulator is asked the same once more.
        counts: summarize(requests.filter(({ port }) => port === proxyPort)).counts,
        violations: summarize(requests).violations,
      },
      counted: ((valueOf(last, BYTES) ?? 0) - (valueOf(first, BYTES) ?? 0)) / produced,
    };
  } finally {
    clearInterval(ticking);
    for (const end of ended) await end();
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Of all series of a name in an exposition, added up; undefined where there is none. */
function valueOf(text: string, name: string): number | undefined {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].map(([, value]) =>
    Number(value),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
