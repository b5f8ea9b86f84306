/** Expositions of hostile answers, in the eyes of a real Prometheus and of promtool. */

import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { startPrometheus } from "../../src/simulator/prometheus.ts";
import { HOSTILE_TEXTS } from "../fuzz/hostile.ts";
import { edit, EDITS, textOf, treeOf } from "../fuzz/json-tree.ts";
import { buildOnce, connection, exposition, fixture } from "../support/build.ts";
import { until } from "../support/exporter.ts";
import { lacks } from "../support/tools.ts";

/** Every hostile text wherever Sora's users can put one, with a number of its own. */
const NAMED = buildOnce(
  HOSTILE_TEXTS.filter((text) => text !== "").map((text, i) =>
    connection(
      {
        rtp: { total_sent: i },
        data_channel: { [text]: { total_new: i } },
        [text]: { [`total_${text}`]: i },
      },
      { channel_id: text, connection_id: `${i} ${text}`, client_id: text },
    ),
  ),
).snapshot;

/** Connections that were edited. */
function edited(seed: number): string[] {
  const tree = treeOf(JSON.parse(fixture("sora/connection-2024.json")));
  return fc.sample(EDITS, { seed, numRuns: 60 }).map((edits) => textOf(edit(tree, edits)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test.skipIf(lacks("promtool"))("promtool reads what comes of them", { timeout: 60_000 }, () => {
  const seed = Date.now() % 2 ** 31;
  const texts = [
    exposition([NAMED]),
    ...edited(seed).map((text) => exposition([buildOnce([parse(text)]).snapshot])),
  ];
  for (const text of texts.slice(0, 30)) {
    const { stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    // It has opinions on names, too; only what cannot be parsed is meant here.
    expect([seed, stderr.match(/.*(?:error while|parse|invalid|expected).*/gi)]).toEqual([seed, null]);
  }
  const { stderr, status } = spawnSync("promtool", ["check", "metrics"], {
    input: "a{b} 1\n",
    encoding: "utf8",
  });
  expect([status, /error while|parse|invalid|expected/i.test(stderr)]).toEqual([1, true]);
});

test.skipIf(lacks("prometheus")).each(["prometheus-text", "openmetrics"] as const)(
  "a Prometheus scrapes them, every series with its names as they are: %s",
  { timeout: 60_000 },
  async (format) => {
    const text = exposition([NAMED], format);
    const type =
      format === "openmetrics"
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4";
    const server = createServer((_, response) => response.writeHead(200, { "content-type": type }).end(text));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const prometheus = await startPrometheus({ exporterUrl: `http://127.0.0.1:${port}`, intervalS: 1 });
    try {
      const query = async (promql: string) => {
        const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(promql)}`);
        const { data } = (await response.json()) as {
          data: { result: { metric: Record<string, string>; value: [number, string] }[] };
        };
        return data.result;
      };
      await until(async () => (await query("up == 1")).length === 1, 30_000);
      const [scraped] = await query("scrape_samples_scraped");
      expect(Number(scraped!.value[1])).toBe(NAMED.series);
      const sent = await query("sora_connection_sent_packets_total");
      expect(new Map(sent.map(({ metric, value }) => [metric["connection_id"], Number(value[1])]))).toEqual(
        new Map(NAMED.rows.map(({ connectionId }, i) => [connectionId, i])),
      );
    } finally {
      await prometheus.close();
      server.close();
      server.closeAllConnections();
    }
  },
);
