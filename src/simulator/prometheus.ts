/** A Prometheus of the machine that scrapes one exporter, with rules if there are any; for the demo and for tests. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { answers, type Program, startProgram } from "./program.ts";

/** What it scrapes and evaluates. */
export interface PrometheusOptions {
  exporterUrl: string;
  /** Between scrapes, and between evaluations of rules: seconds, an integer. */
  intervalS: number;
  /** More `scrape_configs`, as its configuration file has them. */
  jobs?: readonly object[];
  /** Paths; the last part of each may be a pattern, which may match nothing. */
  ruleFiles?: readonly string[];
  /** Where alerts go. */
  alertmanagerUrl?: string;
  /** Taken if it is free, else another one; by default any. */
  preferredPort?: number;
}

/** A Prometheus that is ready. */
export interface RunningPrometheus {
  /** Such as `http://127.0.0.1:9090`. */
  readonly url: string;
  /** The page of the alerts; undefined where it has none. */
  readonly alertsUrl: string | undefined;
  /** Ends it, and removes what it has stored. */
  close(): Promise<void>;
}

/** The job of the scraped exporter. */
export const JOB = "sora";

/**
 * Starts a Prometheus on loopback, with what it stores in a directory that goes with it.
 *
 * @throws Error if it does not start
 */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  let program: Program | undefined;
  let url: string;
  let alertsUrl: string | undefined;
  try {
    const config = join(directory, "prometheus.yml");
    writeFileSync(config, configuration(options));
    const address = `127.0.0.1:${await freePort(options.preferredPort)}`;
    url = `http://${address}`;
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
      `--web.external-url=${url}`,
    ];
    program = await startProgram("prometheus", args, `${url}/-/ready`);
    alertsUrl = await findAlerts(url);
  } catch (error) {
    await program?.stop();
    rmSync(directory, { recursive: true });
    throw error;
  }
  const running = program;
  return {
    url,
    alertsUrl,
    async close() {
      await running.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Debian's is built without the new pages, and has the old ones only. */
async function findAlerts(url: string): Promise<string | undefined> {
  for (const path of ["/alerts", "/classic/alerts"]) if (await answers(url + path)) return url + path;
  return undefined;
}

/** As JSON, which is YAML. */
function configuration(options: PrometheusOptions): string {
  const { exporterUrl, intervalS, jobs = [], ruleFiles = [], alertmanagerUrl } = options;
  const at = (url: string) => ({ static_configs: [{ targets: [new URL(url).host] }] });
  const interval = `${intervalS}s`;
  return JSON.stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: JOB, ...at(exporterUrl) }, ...jobs],
    ...(alertmanagerUrl === undefined ? {} : { alerting: { alertmanagers: [at(alertmanagerUrl)] } }),
  });
}
