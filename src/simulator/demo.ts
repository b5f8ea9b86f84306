/**
 * `npm run demo`: the simulator and the exporter together, to look at. Flags of the exporter can be given; what they
 * leave open is set so that things move soon. Every few seconds it says what the exporter sees.
 */

import { readFileSync } from "node:fs";
import { ConfigError } from "../config/errors.ts";
import { loadConfig } from "../config/load.ts";
import { type Exporter, startExporter } from "../exporter.ts";
import { createLogger } from "../log.ts";
import type { TargetStatus } from "../engine/status.ts";
import { VERSION } from "../version.ts";
import { startSimulator } from "./server.ts";

const SAY_EVERY_MS = 3000;
const WORLD = { seed: 1, channels: 5, connections: 50, nodes: 3, form: "2024" } as const;

const simulator = await startSimulator({
  host: "127.0.0.1",
  port: 0,
  world: { ...WORLD, startMs: Date.now() },
});
try {
  const exporter = await start(simulator.url);
  const saying = setInterval(() => void say(exporter), SAY_EVERY_MS);
  const stop = () => {
    clearInterval(saying);
    void Promise.all([exporter.close(), simulator.close()]);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  console.log(`Simulated Sora: ${simulator.url}`);
  console.log(`Exporter:       ${exporter.url}/`);
  console.log(`Metrics:        ${exporter.url}/metrics`);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
  await simulator.close();
}

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
  return startExporter(loaded.config, { log: createLogger(loaded.config.log), version: VERSION });
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
