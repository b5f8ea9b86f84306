/** Loading configurations from strings instead of files and the process. */
import { ConfigError } from "../../src/config/errors.ts";
import { INFO_LABELS } from "../../src/config/config.ts";
import { LEVELS } from "../../src/snapshot/snapshot.ts";
import { DEFAULT_BOUNDS } from "../../src/sums/observations.ts";
import type { Config } from "../../src/config/config.ts";
import { openCredentials } from "../../src/config/credentials.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Command } from "../../src/config/load.ts";
import type { Credentials } from "../../src/sora/client.ts";
import { DEFAULT_LIMITS, EVERYTHING, NO_TLS } from "../support/exporter.ts";

export interface Given {
  /** Content of `config.yaml`, which --config.file then names. */
  readonly yaml?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Other files by their path; a test may change them later. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Loads a configuration; a file that was not given is missing as on a real file system. */
export function load(given: Given): Command {
  const { yaml, argv = [], env = {} } = given;
  return loadConfig({
    argv: yaml === undefined ? argv : ["--config.file=config.yaml", ...argv],
    env,
    readFile: (path) => readGiven(given, path),
  });
}

function readGiven({ yaml, files = {} }: Given, path: string): string {
  const text = path === "config.yaml" && yaml !== undefined ? yaml : files[path];
  if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
  return text;
}

/** The configuration of a run. */
export function configOf(given: Given): Config {
  const loaded = load(given);
  if (!("config" in loaded)) throw new Error(`no configuration with ${loaded.command}`);
  return loaded.config;
}

/** The message of the error that loading ends with; undefined where it succeeds. Other exceptions pass through. */
export function messageOf(given: Given): string | undefined {
  try {
    load(given);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** The headers of the first target as they are sent, those from files read now. */
export function sentHeaders(given: Given): Record<string, string> {
  const entries = Object.entries(openedOf(given).headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? value : value()]),
  );
}

/** What a client of the first target would send. */
export function openedOf(given: Given): Credentials {
  return openCredentials(configOf(given).targets[0]!, (path) => readGiven(given, path));
}

/** What the exporter runs with where nothing is set. */
export const DEFAULTS: Config = {
  targets: [
    {
      name: "127.0.0.1:3000",
      urls: ["http://127.0.0.1:3000/"],
      local: false,
      intervalMs: 10_000,
      timeoutMs: 5_000,
      limits: DEFAULT_LIMITS,
      headers: {},
      tls: NO_TLS,
      calls: {
        ListConnections: 10_000,
        GetStatsReport: 10_000,
        ListClusterNodes: 30_000,
        GetLicense: 300_000,
        ListStartedRecording: 30_000,
        ListArchiving: 30_000,
      },
    },
  ],
  report: { client: false, connectionError: false, erlangVm: false, cluster: false },
  levels: LEVELS,
  choice: EVERYTHING,
  bounds: DEFAULT_BOUNDS,
  info: { labels: INFO_LABELS, clientIdHash: undefined },
  web: {
    listenAddress: { host: undefined, port: 10_490 },
    telemetryPath: "/metrics",
    maxRequests: 40,
    disableExporterMetrics: false,
    configFile: undefined,
    healthWithoutAuth: false,
  },
  log: { level: "info", format: "text" },
  otlp: undefined,
  record: undefined,
};
