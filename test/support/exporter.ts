/** A whole exporter on loopback, for tests from end to end. */

import { pino } from "pino";
import {
  type Config,
  INFO_LABELS,
  type Limits,
  type TargetConfig,
  type TlsConfig,
} from "../../src/config/config.ts";
import { type Exporter, startExporter } from "../../src/exporter.ts";
import { LEVELS } from "../../src/snapshot/snapshot.ts";
import { DEFAULT_BOUNDS } from "../../src/sums/observations.ts";
import { find, type ParsedFormat, type ParsedSample, samplesOf } from "./parse.ts";

export interface RunningExporter extends Exporter {
  /** Lines logged so far. */
  readonly log: { level: number; msg: string; target?: string }[];
  /** Scrapes, checks that the answer is 200 and valid, and gives its samples. */
  scrape(format?: ParsedFormat): Promise<ParsedSample[]>;
  /** Waits until a target has ended so many more polls. */
  polls(target: string, more: number): Promise<void>;
}

/** TLS as it is where nothing is configured. */
export const NO_TLS = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  skipVerify: false,
} as const satisfies TlsConfig;

/** No call but that for the statistics. */
export const NO_CALLS = everyCall(0);

/** Every call, so often. */
export function everyCall(intervalMs: number): TargetConfig["calls"] {
  return {
    ListConnections: intervalMs,
    GetStatsReport: intervalMs,
    ListClusterNodes: intervalMs,
    GetLicense: intervalMs,
    ListStartedRecording: intervalMs,
    ListArchiving: intervalMs,
  };
}

/** Every optional group of metrics. */
export const ALL_GROUPS: Config["report"] = {
  client: true,
  connectionError: true,
  erlangVm: true,
  cluster: true,
};

/** Every label, and client_id as it is. */
export const ALL_INFO: Config["info"] = { labels: INFO_LABELS, clientIdHash: undefined };

/** Everything is exported. */
export const EVERYTHING: Config["choice"] = {
  include: [],
  exclude: [],
  includeSections: [],
  excludeSections: [],
  includeChannels: [],
  excludeChannels: [],
  zero: "keep",
};

/** The limits where nothing is configured. */
export const DEFAULT_LIMITS: Limits = {
  seriesPerTarget: 10_000_000,
  seriesPerMetric: 1_000_000,
  dataChannelLabels: 64,
  labelValueLength: 256,
  answerSizeBytes: 268_435_456,
};

type TestTargets = readonly (Partial<TargetConfig> & { name: string } & (
    { url: string } | { urls: string[] }
  ))[];

/** A configuration that polls every 100 ms, and makes no other calls, unless it is told otherwise. */
export function configFor(targets: TestTargets, changes: Partial<Config> = {}): Config {
  return {
    targets: targets.map((target) => ({
      urls: "url" in target ? [target.url] : target.urls,
      local: false,
      intervalMs: 100,
      timeoutMs: 100,
      limits: { ...DEFAULT_LIMITS, answerSizeBytes: 1024 * 1024 },
      headers: {},
      tls: NO_TLS,
      calls: NO_CALLS,
      ...target,
    })),
    report: ALL_GROUPS,
    info: ALL_INFO,
    levels: LEVELS,
    choice: EVERYTHING,
    bounds: DEFAULT_BOUNDS,
    web: {
      listenAddress: { host: "127.0.0.1", port: 0 },
      telemetryPath: "/metrics",
      maxRequests: 0,
      disableExporterMetrics: false,
      configFile: undefined,
      healthWithoutAuth: false,
    },
    log: { level: "info", format: "json" },
    otlp: undefined,
    record: undefined,
    ...changes,
  };
}

/** Starts an exporter with such a configuration. */
export async function runExporter(
  targets: TestTargets,
  changes: Partial<Config> = {},
): Promise<RunningExporter> {
  const log: RunningExporter["log"] = [];
  const exporter = await startExporter(configFor(targets, changes), {
    log: pino({ base: null }, { write: (line) => log.push(JSON.parse(line) as (typeof log)[number]) }),
    version: "0.0.0",
  });

  async function scrape(format: ParsedFormat = "prometheus-text"): Promise<ParsedSample[]> {
    const accept = format === "openmetrics" ? "application/openmetrics-text;version=1.0.0" : "text/plain";
    const response = await fetch(`${exporter.url}/metrics`, { headers: { accept } });
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}`);
    return samplesOf(await response.text(), format);
  }

  return {
    ...exporter,
    log,
    scrape,
    async polls(target, more) {
      const count = async () => find(await scrape(), "sora_exporter_polls_total", { target })!.value;
      const start = await count();
      await until(async () => (await count()) >= start + more);
    },
  };
}

/** Waits until something holds, up to `timeoutMs`, and fails if it never does. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
