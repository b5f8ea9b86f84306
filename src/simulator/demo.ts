/**
 * `npm run demo`: the simulator and the exporter together, to look at. Flags of the exporter can be given; what they
 * leave open is set so that things move soon. Every few seconds it says what the exporter sees.
 */

import { readFileSync } from "node:fs";
import { ConfigError } from "../config/errors.ts";
import { loadConfig } from "../config/load.ts";
import { type Exporter, startExporter } from "../exporter.ts";
import { createLogger } from "../log.ts";
import type { StatsSnapshot } from "../snapshot/snapshot.ts";
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
  const saying = setInterval(() => console.log(describe(exporter)), SAY_EVERY_MS);
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

function describe({ targets }: Exporter): string {
  const snapshots = targets.map((target) => target.snapshot()).filter((snapshot) => snapshot !== undefined);
  if (snapshots.length === 0) return "no data: Sora has not answered";
  return snapshots.map(describeSnapshot).join("\n");
}

/** Such as `14:03:09 127.0.0.1:3000: 5 channels, 50 connections, 4 unstable (worst 2 in "sora"), 16,893 series`. */
function describeSnapshot({ target, timeMs, rows, families, series }: StatsSnapshot): string {
  const channels = new Set(rows.map(({ channelId }) => channelId)).size;
  const levels = families.find(({ name }) => name === "sora_connection_unstable_level")?.columns[0];
  const unstable = [...(levels?.values ?? [])]
    .map((level, i) => ({ level, row: levels?.rows?.[i] ?? i }))
    .filter(({ level }) => level > 0)
    .sort((a, b) => b.level - a.level);
  const [worst] = unstable;
  const where = worst && `worst ${worst.level} in ${JSON.stringify(rows[worst.row]!.channelId)}`;
  return (
    `${new Date(timeMs).toISOString().slice(11, 19)} ${target}: ${channels} channels, ` +
    `${rows.length} connections, ${unstable.length} unstable${where ? ` (${where})` : ""}, ` +
    `${series.toLocaleString("en")} series`
  );
}
