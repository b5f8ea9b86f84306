/** Loading configurations from strings instead of files and the process. */
import { ConfigError } from "../../src/config/errors.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Command } from "../../src/config/load.ts";

export interface Given {
  /** Content of `config.yaml`, which --config.file then names. */
  readonly yaml?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Other files by their path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Loads a configuration; a file that was not given is missing as on a real file system. */
export function load({ yaml, argv = [], env = {}, files = {} }: Given): Command {
  const all: Record<string, string> = yaml === undefined ? files : { ...files, "config.yaml": yaml };
  return loadConfig({
    argv: yaml === undefined ? argv : ["--config.file=config.yaml", ...argv],
    env,
    readFile: (path) => {
      const text = all[path];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    },
  });
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

/** What the exporter runs with where nothing is set. */
export const DEFAULTS: Config = {
  targets: [
    {
      name: "127.0.0.1:3000",
      url: "http://127.0.0.1:3000/",
      local: false,
      intervalMs: 10_000,
      timeoutMs: 5_000,
      bodySizeLimitBytes: 268_435_456,
      headers: {},
    },
  ],
  web: { listenAddress: { host: undefined, port: 10_490 }, telemetryPath: "/metrics" },
  log: { level: "info", format: "text" },
};
