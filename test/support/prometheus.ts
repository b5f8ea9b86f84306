/** A real Prometheus that scrapes one exporter every second, and is asked what it has. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./exporter.ts";

/** One series of an answer: its labels, and a value or several, each with its time in seconds. */
export interface FoundSeries {
  readonly metric: Record<string, string>;
  readonly value?: [time: number, value: string];
  readonly values?: [time: number, value: string][];
}

export interface Prometheus {
  readonly url: string;
  /** Asks at a time, in seconds since the epoch, or now. Fails for a query that Prometheus does not understand. */
  readonly ask: (promql: string, time?: number) => Promise<FoundSeries[]>;
  /** Asks for one value a series. */
  readonly query: (
    promql: string,
    time?: number,
  ) => Promise<{ metric: Record<string, string>; value: number }[]>;
  /** Waits until Prometheus has scraped so many more times. */
  readonly scrapes: (more: number) => Promise<void>;
  close(): Promise<void>;
}

/** Starts a Prometheus on loopback, with what it stores in a directory that goes with it. */
export async function startPrometheus(exporterUrl: string): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const config = join(directory, "prometheus.yml");
  const job = `{job_name: sora, static_configs: [{targets: ['${new URL(exporterUrl).host}']}]}`;
  writeFileSync(config, `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [${job}]\n`);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: "ignore" },
  );
  await until(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true, 25_000);

  async function ask(promql: string, time?: number): Promise<FoundSeries[]> {
    const parameters = new URLSearchParams({ query: promql, ...(time && { time: String(time) }) });
    const response = await fetch(`${url}/api/v1/query?${String(parameters)}`);
    const { status, data, error } = (await response.json()) as {
      status: string;
      data: { result: FoundSeries[] };
      error?: string;
    };
    if (status !== "success") throw new Error(`${promql}: ${error}`);
    return data.result;
  }

  async function query(promql: string, time?: number) {
    const found = await ask(promql, time);
    return found.map(({ metric, value }) => ({ metric, value: Number(value![1]) }));
  }

  return {
    url,
    ask,
    query,
    async scrapes(more) {
      const count = async () => (await query("count_over_time(up{job='sora'}[1h])"))[0]?.value ?? 0;
      const start = await count();
      await until(async () => (await count()) >= start + more, 25_000);
    },
    async close() {
      prometheus.kill();
      await once(prometheus, "exit");
      rmSync(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
