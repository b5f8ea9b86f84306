/** A whole exporter on loopback, for tests from end to end. */

import { pino } from "pino";
import type { TargetConfig } from "../../src/config/config.ts";
import { type Exporter, startExporter } from "../../src/exporter.ts";
import { find, type ParsedFormat, type ParsedSample, samplesOf } from "./parse.ts";

export interface RunningExporter extends Exporter {
  /** Lines logged so far. */
  readonly log: { level: number; msg: string; target?: string }[];
  /** Scrapes, checks that the answer is 200 and valid, and gives its samples. */
  scrape(format?: ParsedFormat): Promise<ParsedSample[]>;
  /** Waits until a target has ended so many more polls. */
  polls(target: string, more: number): Promise<void>;
}

/** Starts an exporter that polls every 100 ms, unless a target says otherwise. */
export async function runExporter(
  targets: readonly (Partial<TargetConfig> & { name: string; url: string })[],
): Promise<RunningExporter> {
  const log: RunningExporter["log"] = [];
  const exporter = await startExporter(
    {
      targets: targets.map((target) => ({
        local: false,
        intervalMs: 100,
        timeoutMs: 100,
        bodySizeLimitBytes: 1024 * 1024,
        headers: {},
        ...target,
      })),
      web: { listenAddress: { host: "127.0.0.1", port: 0 }, telemetryPath: "/metrics" },
      log: { level: "info", format: "json" },
    },
    {
      log: pino({ base: null }, { write: (line) => log.push(JSON.parse(line) as (typeof log)[number]) }),
      version: "0.0.0",
    },
  );

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
