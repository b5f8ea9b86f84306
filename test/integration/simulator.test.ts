/** The exporter on the simulator, over loopback: every number of every connection arrives. */

import { afterEach, expect, test } from "vitest";
import { resolveField } from "../../src/catalog/resolve.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { type RunningExporter, runExporter } from "../support/exporter.ts";
import type { ParsedSample } from "../support/parse.ts";

let simulator: Simulator | undefined;
let exporter: RunningExporter | undefined;

afterEach(async () => {
  await exporter?.close();
  await simulator?.close();
});

/** Every number of an answer as `connection name{labels}` and value, by the catalog alone. */
function expectedSeries(answer: readonly object[]): Map<string, number> {
  const series = new Map<string, number>();
  const walk = (tree: object, path: string[], connectionId: string) => {
    for (const [key, value] of Object.entries(tree) as [string, unknown][]) {
      if (typeof value === "object" && value !== null) walk(value, [...path, key], connectionId);
      if (typeof value !== "number") continue;
      const { name, labels, divisor } = resolveField([...path, key]);
      series.set(JSON.stringify([connectionId, name, [...labels].sort()]), value / divisor);
    }
  };
  for (const connection of answer)
    walk(connection, [], (connection as { connection_id: string }).connection_id);
  return series;
}

const IDENTITY = new Set(["target", "channel_id", "connection_id"]);

function exportedSeries(samples: readonly ParsedSample[]): Map<string, number> {
  return new Map(
    samples
      .filter(({ name }) => name.startsWith("sora_connection_") && !name.endsWith("_info"))
      .map(({ name, labels, value }) => {
        const rest = Object.entries(labels).filter(([label]) => !IDENTITY.has(label));
        return [JSON.stringify([labels["connection_id"], name, rest.sort()]), value];
      }),
  );
}

test.each([
  ["2022", false],
  ["2022", true],
  ["2024", false],
  ["2024", true],
] as const)("form %s, local %s", async (form, local) => {
  const start = Date.UTC(2026, 0, 1);
  let now = start;
  const world = { seed: 7, channels: 4, connections: 30, nodes: 3, form, startMs: start };
  simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => now });
  exporter = await runExporter([
    { name: "sim", url: simulator.url, local, intervalMs: 1000, timeoutMs: 1000 },
  ]);
  for (const seconds of [0, 20, 300]) {
    now = start + seconds * 1000;
    // The second poll from here has begun after the clock was set.
    await exporter.polls("sim", 2);
    const answer = simulator.world.connections({ local });
    const expected = expectedSeries(answer);
    expect(expected.size).toBeGreaterThan(answer.length * 200);
    for (const format of ["prometheus-text", "openmetrics"] as const) {
      const exported = exportedSeries(await exporter.scrape(format));
      expect(exported.size).toBe(expected.size);
      expect([...expected].filter(([key, value]) => exported.get(key) !== value)).toEqual([]);
    }
  }
  expect(exporter.log.filter(({ level }) => level > 30)).toEqual([]);
});
