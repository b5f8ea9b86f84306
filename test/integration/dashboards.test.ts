/**
 * Every query of every dashboard, filled in as Grafana does it, asked of a real Prometheus that scrapes the exporter on the
 * world of the demo: it must be understood, and find something.
 */

import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { everyCall, type RunningExporter, runExporter } from "../support/exporter.ts";
import { type Choice, type Filling, interpolate } from "../support/interpolate.ts";
import { type FoundSeries, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { lacks } from "../support/tools.ts";

interface Query {
  expr: string;
  instant?: boolean;
}

interface Dashboard {
  panels: { title: string; targets?: Query[] }[];
  templating: {
    list: {
      name: string;
      type: string;
      query?: { query: string };
      includeAll?: boolean;
      allValue?: string | null;
    }[];
  };
  annotations: { list: { name: string; expr?: string; target?: Query }[] };
}

/** Enough for every rate, at least. */
const SCRAPES = 12;
const RANGE_S = 30;
const STEP_S = 1;
const DIRECTORY = fileURLToPath(new URL("../../dashboards", import.meta.url));

const dashboards = new Map(
  globSync("*.json", { cwd: DIRECTORY }).map((name) => [
    basename(name, ".json"),
    JSON.parse(readFileSync(`${DIRECTORY}/${name}`, "utf8")) as Dashboard,
  ]),
);

test("there are five dashboards, each with queries", () => {
  expect([...dashboards.keys()].sort()).toEqual([
    "channel",
    "connection",
    "exporter",
    "overview",
    "transport",
  ]);
  for (const dashboard of dashboards.values()) expect(queriesOf(dashboard).length).toBeGreaterThan(10);
});

describe.skipIf(lacks("prometheus"))("with a Prometheus,", () => {
  let simulator: Simulator;
  let whole: { exporter: RunningExporter; prometheus: Prometheus };
  let sums: typeof whole;

  beforeAll(async () => {
    // That of the demo, as it is once it has begun.
    const world = { seed: 1, channels: 5, connections: 50, nodes: 3, form: "2024" } as const;
    const startMs = Date.now();
    simulator = await startSimulator({ host: "127.0.0.1", port: 0, world: { ...world, startMs } });
    const targets = [
      { name: "demo", url: simulator.url, intervalMs: 1000, timeoutMs: 1000, calls: everyCall(1000) },
    ];
    const start = async (levels?: ["target", "channel"]) => {
      const exporter = await runExporter(targets, levels && { levels });
      return { exporter, prometheus: await startPrometheus(exporter.url) };
    };
    [whole, sums] = await Promise.all([start(), start(["target", "channel"])]);
    for (let scrapes = 0; scrapes < SCRAPES; scrapes += 4) {
      await Promise.all([whole.prometheus.scrapes(4), sums.prometheus.scrapes(4)]);
    }
  }, 90_000);

  afterAll(async () => {
    await Promise.all(
      [whole, sums].flatMap(({ exporter, prometheus }) => [prometheus.close(), exporter.close()]),
    );
    await simulator.close();
  });

  test.each([...dashboards])(
    "every query of %s finds something, with everything chosen",
    async (_, dashboard) => {
      const fillings = await fillingsOf(whole.prometheus, dashboard, {});
      expect(await empty(whole.prometheus, dashboard, fillings)).toEqual([]);
    },
  );

  test.each([...dashboards])(
    "every query of %s finds something, with channels of hostile names chosen",
    async (_, dashboard) => {
      const found = await whole.prometheus.query("count by (channel_id) (sora_channel_connections)");
      const hostile = found
        .map(({ metric }) => metric["channel_id"]!)
        .filter((name) => /["\\\n<]/.test(name));
      expect(hostile).not.toEqual([]);
      const fillings = await fillingsOf(whole.prometheus, dashboard, { channel_id: [...hostile, "sora"] });
      expect(await empty(whole.prometheus, dashboard, fillings)).toEqual([]);
    },
  );

  test.each(["overview", "transport"])(
    "every query of %s finds something where single connections are not exported",
    async (name) => {
      expect(await sums.prometheus.query("sora_connection_info")).toEqual([]);
      const dashboard = dashboards.get(name)!;
      const fillings = await fillingsOf(sums.prometheus, dashboard, {});
      expect(await empty(sums.prometheus, dashboard, fillings)).toEqual([]);
    },
  );

  test.each([...dashboards])("every annotation of %s is understood", async (_, dashboard) => {
    const [filling] = await fillingsOf(whole.prometheus, dashboard, {});
    const queries = dashboard.annotations.list.flatMap(({ target }) => (target?.expr ? [target] : []));
    expect(queries).not.toEqual([]);
    for (const query of queries) await ask(whole.prometheus, query, filling!);
  });
});

function fill(variables: Record<string, Choice>): Filling {
  return { variables, rangeS: RANGE_S, stepS: STEP_S, scrapeS: 1 };
}

function queriesOf({ panels }: Dashboard): { title: string; query: Query }[] {
  return panels.flatMap(({ title, targets = [] }) => targets.map((query) => ({ title, query })));
}

/** The queries that find nothing, however they are filled in, with the titles of their panels. */
async function empty(
  prometheus: Prometheus,
  dashboard: Dashboard,
  fillings: readonly Filling[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { title, query } of queriesOf(dashboard)) {
    let series = 0;
    for (const filling of fillings) {
      series = (await ask(prometheus, query, filling)).length;
      if (series > 0) break;
    }
    if (series === 0) found.push(`${title}: ${query.expr}`);
  }
  return found;
}

async function ask(
  prometheus: Prometheus,
  { expr, instant }: Query,
  filling: Filling,
): Promise<FoundSeries[]> {
  const query = interpolate(expr, filling);
  if (instant === true) return prometheus.ask(query);
  const end = Math.floor(Date.now() / 1000);
  const range = { start: String(end - filling.rangeS), end: String(end), step: String(filling.stepS) };
  const found = await prometheus.get(`query_range?${String(new URLSearchParams({ query, ...range }))}`);
  return (found as { result: FoundSeries[] }).result;
}

/**
 * What can be chosen: everything, except where only one value can be, each of which is a filling of its own. What the
 * variables offer is asked as Grafana asks it, with those before filled in.
 *
 * @param chosen by name, in place of everything
 */
async function fillingsOf(
  prometheus: Prometheus,
  { templating }: Dashboard,
  chosen: Record<string, Choice>,
): Promise<Filling[]> {
  let fillings = [fill({})];
  for (const { name, type, query, includeAll, allValue } of templating.list) {
    if (type === "datasource") continue;
    const [, selector, label] = /^label_values\((.*), *(\w+)\)$/s.exec(query!.query)!;
    const match = new URLSearchParams({ "match[]": interpolate(selector!, fillings[0]!) });
    const values = (await prometheus.get(`label/${label!}/values?${String(match)}`)) as string[];
    expect([name, values.length > 0]).toEqual([name, true]);
    const all: Choice = allValue ? { all: allValue } : values;
    const choices = chosen[name] === undefined ? (includeAll === true ? [all] : values) : [chosen[name]];
    fillings = fillings.flatMap(({ variables }) =>
      choices.map((choice) => fill({ ...variables, [name]: choice })),
    );
  }
  return fillings;
}
