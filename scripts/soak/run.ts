/** A soak: everything that takes part in it is started, watched, and ended here. */

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
}

const POLL = "2s";
const SCRAPE_S = [5, 15] as const;
/** A sample every five seconds, or rarer, so that there are no more than these. */
const MAX_SAMPLES = 180;
const SETTLE_MS = 20_000;
/** What a scrape may take, as Prometheus has it. */
const SCRAPE_TIMEOUT_MS = 10_000;
const BYTES = "sora_target_rtp_received_bytes_total";

/** Runs one. */
export async function soak({ main, minutes, connections, speed, seed }: SoakOptions): Promise<SoakResults> {
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
    const exporter = await startExporterProcess(
      {
        sora: { url: proxy.url, interval: POLL, timeout: POLL },
        calls: often,
        // Prometheus would need many gigabytes for every series of everybody who ever came.
        metrics: { include_sections: ["rtp", "network_status", "ice_connection_state"] },
        limits: { answer_size: "64MB" },
      },
      main,
    );
    ended.unshift(() => exporter.close());
    const prober = start("running/prober.ts", [exporter.url]);
    ended.unshift(() => stop(prober));
    const prometheuses = await Promise.all(
      SCRAPE_S.map((intervalS) => startPrometheus({ exporterUrl: exporter.url, intervalS })),
    );
    ended.unshift(...prometheuses.map((one) => () => one.close()));

    const own = { by: "the soak itself", count: 0, unanswered: 0, longestMs: 0 };
    const scrape = async (): Promise<string> => {
      own.count++;
      const begin = performance.now();
      const text = await fetch(`${exporter.url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) })
        .then((response) => (response.ok ? response.text() : Promise.reject(new Error())))
        .catch(() => {
          own.unanswered++;
          return "";
        });
      own.longestMs = Math.max(own.longestMs, performance.now() - begin);
      return text;
    };
    let first = await scrape();
    for (; valueOf(first, BYTES) === undefined; first = await scrape()) await sleep(1000);
    const before = simulator.world.produced().receivedSrtpBytes;

    const faults = createFaults(proxy, random);
    const samples: SoakSample[] = [];
    const begin = performance.now();
    const passed = () => performance.now() - begin;
    const lengthMs = minutes * 60_000;
    const sampleMs = Math.max(5000, lengthMs / MAX_SAMPLES);
    const hurting = (async () => {
      while (passed() < lengthMs - SETTLE_MS) {
        await sleep(3000 + below(random, 12_000));
        await faults.next(2000 + below(random, 6000));
      }
    })();
    while (passed() < lengthMs) {
      const text = await scrape();
      samples.push({
        seconds: Math.round(passed() / 1000),
        rssMB: Math.round(exporter.memory("VmRSS") / 1e5) / 10,
        heapMB: Math.round((valueOf(text, "nodejs_heap_size_used_bytes") ?? 0) / 1e5) / 10,
        handles: exporter.handles(),
        series: valueOf(text, "sora_exporter_series") ?? 0,
        logBytes: exporter.log.reduce((sum, line) => sum + line.length + 1, 0),
      });
      await sleep(Math.max(0, samples.length * sampleMs - passed()));
    }
    await hurting;
    await sleep(SETTLE_MS / 2);
    const last = await scrape();
    const produced = simulator.world.produced().receivedSrtpBytes - before;
    const health = await ask<Pick<ProcessResult, "healthy" | "failedProbes">>(prober, "report");
    const ofPrometheus = await Promise.all(
      prometheuses.map((one, i) =>
        scrapesOf(queryOf(one.url), `a Prometheus every ${SCRAPE_S[i]} s`, passed()),
      ),
    );
    look();
    const requests = recording.requests();
    return {
      ...{ machine, minutes, connections, speed, samples, faults: faults.counts },
      left: known.size - simulator.world.members().length,
      polls: valueOf(last, "sora_exporter_polls_total") ?? 0,
      failedPolls: valueOf(last, "sora_exporter_poll_failures_total") ?? 0,
      peakRssMB: exporter.memory("VmHWM") / 1e6,
      scrapes: [own, ...ofPrometheus.map(({ scrapes }) => scrapes)],
      healthChecks: {
        ...{ count: health.healthy.count, failed: health.failedProbes, longestMs: health.healthy.max },
      },
      resets: ofPrometheus.reduce((sum, { resets }) => sum + resets, 0),
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Of all series of a name in an exposition, added up; undefined where there is none. */
function valueOf(text: string, name: string): number | undefined {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].map(([, value]) =>
    Number(value),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
