/**
 * `npm run demo`: the simulator and the exporter together, to look at, and a Prometheus with our rules where one is
 * installed. Flags of the exporter can be given; what they leave open is set so that things move soon. Every few seconds
 * it says what the exporter sees.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../config/errors.ts";
import { loadConfig } from "../config/load.ts";
import { type Exporter, startExporter } from "../exporter.ts";
import { createLogger } from "../log.ts";
import type { TargetStatus } from "../engine/status.ts";
import { VERSION } from "../version.ts";
import { isInstalled } from "./program.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.ts";
import { startSimulator } from "./server.ts";

const SAY_EVERY_MS = 3000;
const SCRAPE_EVERY_S = 5;
const PROMETHEUS_PORT = 9090;
const RULES = fileURLToPath(new URL("../../dashboards/rules/*.yaml", import.meta.url));
const WORLD = { seed: 1, channels: 5, connections: 50, nodes: 3, form: "2024" } as const;

const simulator = await startSimulator({
  host: "127.0.0.1",
  port: 0,
  world: { ...WORLD, startMs: Date.now() },
});
let exporter: Exporter | undefined;
let prometheus: RunningPrometheus | undefined;
let saying: NodeJS.Timeout | undefined;
const signalled = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
});
try {
  exporter = await start(simulator.url);
  console.log(`Simulated Sora: ${simulator.url}`);
  console.log(`Status page:    ${exporter.url}/`);
  console.log(`Metrics:        ${exporter.url}/metrics`);
  prometheus = await watch(exporter);
  const watched = exporter;
  saying = setInterval(() => void say(watched), SAY_EVERY_MS);
  await signalled;
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
clearInterval(saying);
await Promise.all([prometheus?.close(), exporter?.close(), simulator.close()]);

async function start(soraUrl: string): Promise<Exporter> {
  const loaded = loadConfig({
    argv: process.argv.slice(2),
    env: {
      SORA_STATS_EXPORTER_SORA_URL: soraUrl,
      SORA_STATS_EXPORTER_SORA_INTERVAL: "2s",
      SORA_STATS_EXPORTER_SORA_TIMEOUT: "1s",
      SORA_STATS_EXPORTER_SORA_CLIENT_METRICS: "true",
      SORA_STATS_EXPORTER_SORA_CONNECTION_ERROR_METRICS: "true",
      SORA_STATS_EXPORTER_SORA_ERLANG_VM_METRICS: "true",
      SORA_STATS_EXPORTER_SORA_CLUSTER_METRICS: "true",
      SORA_STATS_EXPORTER_CALLS_LIST_CONNECTIONS: "2s",
      SORA_STATS_EXPORTER_CALLS_GET_STATS_REPORT: "2s",
      SORA_STATS_EXPORTER_CALLS_LIST_CLUSTER_NODES: "2s",
      SORA_STATS_EXPORTER_CALLS_LIST_STARTED_RECORDING: "2s",
      SORA_STATS_EXPORTER_CALLS_LIST_ARCHIVING: "2s",
      SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS: "127.0.0.1:10490",
      SORA_STATS_EXPORTER_LOG_LEVEL: "warn",
      ...process.env,
    },
    readFile: (path) => readFileSync(path, "utf8"),
  });
  if (loaded.command !== "run")
    throw new ConfigError(`--${loaded.command} is for npm start, not for the demo`);
  return startExporter(loaded.config, { ...createLogger(loaded.config.log), version: VERSION });
}

/** @returns undefined where there is no Prometheus, or it does not start */
async function watch(exporter: Exporter): Promise<RunningPrometheus | undefined> {
  if (!isInstalled("prometheus")) {
    console.log("Prometheus:     not installed; with it, the demo would show our rules and alerts");
    return undefined;
  }
  try {
    const options = { intervalS: SCRAPE_EVERY_S, ruleFiles: [RULES], preferredPort: PROMETHEUS_PORT };
    const running = await startPrometheus({ ...options, exporterUrl: exporter.url });
    console.log(`Prometheus:     ${running.url}/`);
    if (running.alertsUrl !== undefined) console.log(`Alerts:         ${running.alertsUrl}`);
    return running;
  } catch (error) {
    console.log(`Prometheus:     ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function say(exporter: Exporter): Promise<void> {
  const known = (await exporter.status()).filter(({ last }) => last !== undefined);
  console.log(known.length === 0 ? "no data: Sora has not answered" : known.map(describe).join("\n"));
}

/** Such as `14:03:09 127.0.0.1:3000: 5 channels, 50 connections, 4 unstable (worst 2 in "sora"), 16,893 series`. */
function describe({ target, last }: TargetStatus): string {
  const { timeMs, channels, connections, unstable, worst, series } = last!;
  const where = worst === undefined ? "" : ` (worst ${worst.level} in ${JSON.stringify(worst.channelId)})`;
  return (
    `${new Date(timeMs).toISOString().slice(11, 19)} ${target}: ${channels} channels, ` +
    `${connections} connections, ${unstable} unstable${where}, ${series.toLocaleString("en")} series`
  );
}
