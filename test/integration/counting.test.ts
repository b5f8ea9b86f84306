/** That what real exporters say of one Sora makes Prometheus see that it is counted twice, without series of connections. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { everyCall, type RunningExporter, runExporter } from "../support/exporter.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { hasten, readRules } from "../support/rules.ts";
import { lacks } from "../support/tools.ts";

const WORLD = { channels: 3, nodes: 3, form: "2024", seed: 1 } as const;
const INTERVAL_MS = 1_000;

describe.skipIf(lacks("prometheus"))("a cluster whose nodes have exporters of their own besides", () => {
  const simulators: Simulator[] = [];
  let exporter: RunningExporter;
  let prometheus: Prometheus;

  beforeAll(async () => {
    // Of the other Sora the nodes have the same names, but not as many connections.
    for (const connections of [40, 90]) {
      const world = { ...WORLD, connections, startMs: Date.now() - 600_000 };
      simulators.push(await startSimulator({ host: "127.0.0.1", port: 0, world }));
    }
    const [one, other] = simulators.map(({ url }) => url);
    const pace = { intervalMs: INTERVAL_MS, timeoutMs: INTERVAL_MS, calls: everyCall(INTERVAL_MS) };
    // Each target has a name of its own, as in exporters that know nothing of each other.
    exporter = await runExporter(
      [
        { name: "sora.media.svc:3000", url: one!, local: false, ...pace },
        { name: "sora", url: one!, local: true, ...pace },
        { name: "alone", url: other!, local: false, ...pace },
      ],
      { levels: ["target", "channel"] },
    );
    prometheus = await startPrometheus(exporter.url);
  });

  afterAll(() => Promise.all([prometheus, exporter, ...simulators].map((each) => each.close())));

  const exprOf = (name: string) =>
    [...readRules().values()]
      .flatMap((file) => hasten(file, 30, 5).groups.flatMap(({ rules }) => rules))
      .find(({ alert }) => alert === name)!.expr;

  test("is seen by the names of the nodes alone, and no other Sora is", { timeout: 60_000 }, async () => {
    const found = async (name: string) =>
      (await prometheus.query(exprOf(name))).map(({ metric, value }) => [metric["target"], value]);
    await expect
      .poll(() => found("NodeCountedTwice"), { timeout: 40_000, interval: 500 })
      .toEqual([["sora.media.svc:3000", 1]]);
    expect(await found("ScopesMixed")).toEqual([]);
    expect(await found("CountedTwice")).toEqual([]);
  });
});
