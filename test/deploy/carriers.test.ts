/** The configurations of what carries the metrics of many exporters to one Prometheus. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { lacks } from "../support/tools.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy", import.meta.url));
const AGENT = join(DEPLOY, "carriers/prometheus-agent.yml");
const read = (path: string) => readFileSync(path, "utf8");

interface Scrape {
  job_name: string;
  scrape_interval?: string;
  dns_sd_configs: { names: string[]; type: string; port: number }[];
}
interface Agent {
  global: { scrape_interval: string; external_labels: Record<string, string> };
  scrape_configs: Scrape[];
  remote_write: { url: string }[];
}
type Components = Record<string, Record<string, unknown>>;
interface Collector {
  receivers: { prometheus: { config: { scrape_configs: Scrape[] } } };
  processors: Components;
  exporters: {
    prometheusremotewrite: { endpoint: string; external_labels: object; add_metric_suffixes: boolean };
  };
  service: { pipelines: Record<string, Record<"receivers" | "processors" | "exporters", string[]>> };
}

const agent = parse(read(AGENT)) as Agent;
const collector = parse(read(join(DEPLOY, "carriers/otel-collector.yaml"))) as Collector;

function promtool(...args: string[]) {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", ...args], {
    encoding: "utf8",
  });
  return { status, stderr, stdout };
}

test.skipIf(lacks("promtool"))("promtool accepts the agent's, in agent mode", () => {
  expect(promtool("--agent", AGENT)).toMatchObject({ status: 0, stderr: "" });
});

test.skipIf(lacks("promtool"))("promtool accepts what the Collector's has for Prometheus", () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  try {
    const file = join(directory, "prometheus.yml");
    writeFileSync(file, stringify(collector.receivers.prometheus.config));
    expect(promtool(file)).toMatchObject({ status: 0, stderr: "" });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the Collector's pipeline is made of what is defined, and nothing is defined for nothing", () => {
  const { pipelines } = collector.service;
  expect(Object.keys(pipelines)).toEqual(["metrics"]);
  for (const kind of ["receivers", "processors", "exporters"] as const)
    expect(pipelines["metrics"]![kind].toSorted()).toEqual(Object.keys(collector[kind]).toSorted());
  // It has to come first, as it refuses what would be too much.
  expect(pipelines["metrics"]!.processors[0]).toBe("memory_limiter");
  // A dollar sign would begin a variable.
  expect(read(join(DEPLOY, "carriers/otel-collector.yaml"))).not.toContain("$");
});

test("both scrape the same, name it the same, and send it to the same place", () => {
  const [scrape] = agent.scrape_configs;
  const { scrape_interval, ...other } = collector.receivers.prometheus.config.scrape_configs[0]!;
  expect(other).toEqual(scrape);
  expect(scrape_interval).toBe(agent.global.scrape_interval);
  const { endpoint, external_labels, add_metric_suffixes } = collector.exporters.prometheusremotewrite;
  expect([endpoint, external_labels]).toEqual([agent.remote_write[0]!.url, agent.global.external_labels]);
  expect(add_metric_suffixes).toBe(false);
  // The key by which the rules add up is not touched.
  expect(Object.keys(agent.global.external_labels)).toEqual(["cluster"]);
});

test("they look where the pods of the example are, at the port that the sidecar has", () => {
  const [service] = parseAllDocuments(read(join(DEPLOY, "kustomize/example/statefulset.yaml"))).map(
    (document) => document.toJS() as { metadata: { name: string }; spec: Record<string, unknown> },
  );
  expect(service!.spec).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true });
  const { names, port } = agent.scrape_configs[0]!.dns_sd_configs[0]!;
  expect(names[0]!.split(".")[0]).toBe(service!.metadata.name);
  const patch = read(join(DEPLOY, "kustomize/sidecar/patch.yaml"));
  expect(patch).toContain(`containerPort: ${port}\n`);
});
