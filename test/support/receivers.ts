/** Real receivers of OTLP on loopback: a Prometheus 3 and an OpenTelemetry Collector. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OtlpConfig } from "../../src/config/otlp-config.ts";
import { freePort } from "../../src/simulator/free-port.ts";
import { type Program, startProgram } from "../../src/simulator/program.ts";
import { type ParsedSample, samplesOf } from "./parse.ts";

export interface Receiver {
  /** What an exporter is given to push there. */
  readonly otlp: (protocol: OtlpConfig["protocol"]) => Pick<OtlpConfig, "protocol" | "url">;
  /** What has arrived lately, without what receivers add: `target_info`, and the labels of job, instance and scope. */
  readonly samples: () => Promise<ParsedSample[]>;
  /** Where a Prometheus can scrape what has arrived. */
  readonly scrapeUrl?: string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** What Prometheus or the Collector puts beside the labels that it was sent. */
const ADDED = /^(job|instance|otel_scope_.*)$/;

/** For so long a series is there that is not pushed any more. */
const KEEP = "15s";

const tlsFile = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** What the Collector shows over TLS, and whose clients it takes. */
const COLLECTOR_TLS = {
  cert_file: tlsFile("self-signed.crt"),
  key_file: tlsFile("self-signed.key"),
  client_ca_file: tlsFile("ca.crt"),
};

/** What a client of that needs. */
export const COLLECTOR_CLIENT_TLS: OtlpConfig["tls"] = {
  ca: tlsFile("self-signed.crt"),
  cert: tlsFile("client.crt"),
  key: tlsFile("client.key"),
};

/** A configuration of pushes, every three seconds, unless it is told otherwise. */
export function otlpConfig(changes: Partial<OtlpConfig> & Pick<OtlpConfig, "url" | "protocol">): OtlpConfig {
  return {
    compression: "none",
    temporality: "cumulative",
    timeoutMs: 5000,
    intervalMs: 3000,
    pushTimeoutMs: 0.9 * (changes.intervalMs ?? 3000),
    levels: ["target", "channel"],
    batchSize: 5000,
    ownMetrics: true,
    headers: {},
    tls: { ca: undefined, cert: undefined, key: undefined },
    resource: {},
    ...changes,
  };
}

/**
 * Starts a Prometheus 3.
 *
 * @param scrapedUrl what it scrapes besides, every second
 */
export async function startPrometheusReceiver(scrapedUrl?: string): Promise<Receiver> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const scrape_configs = [scrapedUrl ?? []].flat().map((url) => ({
    job_name: "scraped",
    scrape_interval: "1s",
    scrape_timeout: "1s",
    static_configs: [{ targets: [new URL(url).host] }],
  }));
  writeFileSync(join(directory, "prometheus.yml"), JSON.stringify({ scrape_configs }));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  return run({
    program: "prometheus-3",
    args: [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
      "--web.enable-otlp-receiver",
      `--query.lookback-delta=${KEEP}`,
      // Parts of the web pages that are not built.
      "--log.level=error",
    ],
    directory,
    ready: `${url}/-/ready`,
    otlp: (protocol) => ({ protocol, url: `${url}/api/v1/otlp/v1/metrics` }),
    async samples() {
      const query = new URLSearchParams({ query: '{__name__=~".+"}' });
      const response = await fetch(`${url}/api/v1/query?${String(query)}`);
      const { data } = (await response.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data.result.map(({ metric: { __name__: name, ...labels }, value }) => ({
        name: name!,
        labels,
        value: Number(value[1]),
      }));
    },
  });
}

/** Starts a Collector with the configuration that the documents show, but for where it listens and how long it keeps what it has. */
export async function startCollector({ tls = false } = {}): Promise<Receiver> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const [http, grpc, prometheus] = [await freePort(), await freePort(), await freePort()];
  let config = readFileSync(new URL("../../docs/otelcol.yaml", import.meta.url), "utf8");
  for (const [shown, here] of [
    [":4318", `:${http}`],
    [":4317", `:${grpc}`],
    ["endpoint: 127.0.0.1:8889", `endpoint: 127.0.0.1:${prometheus}`],
    ["metric_expiration: 90s", `metric_expiration: ${KEEP}`],
  ] as const) {
    if (!config.includes(shown)) throw new Error(`docs/otelcol.yaml lacks ${shown}`);
    config = config.replace(shown, here);
  }
  writeFileSync(join(directory, "config.yaml"), config);
  // Its own metrics would have a port that may be taken.
  const service = { telemetry: { metrics: { level: "none" } } };
  const both = { http: { tls: COLLECTOR_TLS }, grpc: { tls: COLLECTOR_TLS } };
  const more = tls ? { service, receivers: { otlp: { protocols: both } } } : { service };
  writeFileSync(join(directory, "more.yaml"), JSON.stringify(more));
  const scheme = tls ? "https" : "http";
  const url = `http://127.0.0.1:${prometheus}/metrics`;
  return run({
    program: "otelcol",
    args: ["config.yaml", "more.yaml"].map((file) => `--config=${join(directory, file)}`),
    directory,
    ready: url,
    scrapeUrl: url,
    otlp: (protocol) => ({
      protocol,
      url: protocol === "grpc" ? `${scheme}://localhost:${grpc}` : `${scheme}://127.0.0.1:${http}/v1/metrics`,
    }),
    samples: async () => samplesOf(await (await fetch(url)).text(), "prometheus-text"),
  });
}

interface Running extends Pick<Receiver, "otlp" | "samples" | "scrapeUrl"> {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** URL that is there once it receives. */
  readonly ready: string;
}

async function run({ program, args, directory, ready, samples, ...receiver }: Running): Promise<Receiver> {
  let running: Program;
  const start = async () => {
    running = await startProgram(program, args, ready);
  };
  await start();
  return {
    ...receiver,
    samples: async () =>
      (await samples())
        .filter(({ name }) => name !== "target_info")
        .map(({ labels, ...sample }) => ({
          ...sample,
          labels: Object.fromEntries(Object.entries(labels).filter(([label]) => !ADDED.test(label))),
        })),
    kill: () => running.kill(),
    start,
    async close() {
      await running.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
