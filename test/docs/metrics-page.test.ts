/** METRICS.md against what is really exposed, in both directions. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { metricsPage } from "../../scripts/metrics-page.ts";
import { draftClusterNodes } from "../../src/calls/cluster.ts";
import { draftConnections, readListing } from "../../src/calls/connections.ts";
import { draftLicense } from "../../src/calls/license.ts";
import { draftArchives, draftRecordings } from "../../src/calls/recording.ts";
import { draftReport } from "../../src/calls/report.ts";
import { encode } from "../support/encode.ts";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import { Sums } from "../../src/sums/sums.ts";
import { buildOnce, exposition, fixture } from "../support/build.ts";
import { CONTEXT, sample } from "../calls/support.ts";
import { ALL_GROUPS, ALL_INFO } from "../support/exporter.ts";
import { parseExposition } from "../support/parse.ts";

const PAGE = readFileSync(new URL("../../METRICS.md", import.meta.url), "utf8");

interface Row {
  /** Heading that the row stands under, up to its colon: an operation, or what else. */
  section: string;
  name: string;
  /** The other cells, without code marks. */
  cells: string[];
}

const ROWS: Row[] = PAGE.split(/^## /m).flatMap((text) =>
  text
    .split("\n")
    // The tables of reasons have two columns.
    .filter((line) => line.startsWith("| `sora_") && line.split(" | ").length > 2)
    .map((line) => {
      const [name, ...cells] = line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.replaceAll("`", ""));
      return { section: text.split(/[:\n]/)[0]!, name: name!, cells };
    }),
);

/** Everything that both samples and all documented fields yield, by family. */
function exposedFamilies() {
  const samples = ["2022", "2024"].map(
    (form) => JSON.parse(fixture(`sora/connection-${form}.json`)) as object,
  );
  const listed = ["2022", "2024"].map((form) => {
    const tree: Record<string, unknown> = { channel_id: "ch", connection_id: form };
    for (const path of fixture(`sora/fields-${form}.txt`).trim().split("\n")) {
      const keys = path.split(".");
      let node = tree;
      for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
      node[keys.at(-1)!] = 1;
    }
    return tree;
  });
  const answer = [...samples, ...listed].map((connection, i) => ({ ...connection, connection_id: `C${i}` }));
  return parseExposition(exposition([buildOnce(answer).snapshot]), "prometheus-text");
}

function connectionSnapshots() {
  const listing = readListing(sample("list-connections"));
  return draftConnections({ ...CONTEXT, connections: undefined, listing }, ALL_INFO);
}

test("the page is what the generator writes", () => {
  expect(PAGE).toBe(metricsPage());
});

test("every metric of a connection has a row, every row has a metric, and they agree", () => {
  const exposed = exposedFamilies();
  const rows = ROWS.filter(({ section }) => section === "GetStatsAllConnections");
  expect(rows.map(({ name }) => name).sort()).toEqual([...exposed.keys()].sort());
  for (const { name, cells } of rows) {
    const labels = new Set(exposed.get(name)!.samples.flatMap((sample) => Object.keys(sample.labels)));
    const own = [...labels].filter((label) => !["target", "channel_id", "connection_id"].includes(label));
    if (name.endsWith("_info")) {
      expect(cells[2]!.split(", ").sort()).toEqual(own.sort());
    } else {
      const [type, , rowLabels, help] = cells as [string, string, string, string];
      expect([name, type, help]).toEqual([name, exposed.get(name)!.type, exposed.get(name)!.help]);
      expect(
        rowLabels
          .split("<br>")
          .map((cell) => cell.split(":")[0]!)
          .filter(Boolean)
          .sort(),
      ).toEqual(own.sort());
    }
  }
});

test("every path of the samples and the lists is covered by the row of its metric", () => {
  for (const form of ["2022", "2024"]) {
    for (const path of fixture(`sora/fields-${form}.txt`).trim().split("\n")) {
      const covering = ROWS.filter(({ cells }) =>
        cells
          .at(-1)!
          .split("<br>")
          .some((pattern) =>
            new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^.]+")}$`).test(path),
          ),
      );
      expect([path, covering.length > 0]).toEqual([path, true]);
    }
  }
});

test("the known values of a label are those that are exposed", () => {
  const exposed = exposedFamilies();
  for (const { name, cells } of ROWS.filter(
    ({ section, name }) => section === "GetStatsAllConnections" && !name.endsWith("_info"),
  )) {
    for (const cell of cells[2]!.split("<br>").filter((cell) => cell.includes(": "))) {
      const [label, values] = cell.split(": ") as [string, string];
      const seen = new Set(exposed.get(name)!.samples.map(({ labels }) => labels[label]!));
      expect([name, label, values.split(", ")]).toEqual([name, label, [...seen].sort()]);
    }
  }
});

test("every sum has the row of its connections' metric, and the numbers of connections have theirs", () => {
  const samples = ["2022", "2024"].map((form) => ({
    ...(JSON.parse(fixture(`sora/connection-${form}.json`)) as object),
    connection_id: form,
  }));
  const { snapshot } = buildOnce(samples);
  const exposed = parseExposition(exposition(new Sums("t").add(snapshot, 0)), "prometheus-text");
  const own = ROWS.filter(({ section }) => section === "Sums");
  const sums = [...exposed.values()].filter(({ name }) => !own.some((row) => row.name === name));
  expect(exposed.size - sums.length).toBe(own.length);
  expect(sums.length).toBeGreaterThan(100);
  for (const { name, type } of sums) {
    const connection = name.replace(/^sora_(channel|target)_/, "sora_connection_");
    const row = ROWS.find((row) => row.section === "GetStatsAllConnections" && row.name === connection);
    expect([name, row?.cells[0]]).toEqual([name, type]);
  }
});

test("the numbers of series are those of a connection with all documented fields, and add up", () => {
  // The list has a data channel of every label of Sora's own; the page counts one.
  const fields = fixture("sora/fields-2024.txt").trim().split("\n");
  // This one is in samples of the API alone.
  fields.push("sctp.total_pruned_sctp_data_chunk");
  const labels = [...new Set(fields.flatMap((path) => /^data_channel\.([^.]+)/.exec(path)?.[1] ?? []))];
  const tree: Record<string, unknown> = { channel_id: "ch", connection_id: "C" };
  for (const path of fields) {
    const keys = path.split(".");
    if (keys[0] === "data_channel" && keys[1] !== labels[0]) continue;
    let node = tree;
    for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
    node[keys.at(-1)!] = 1;
  }
  const { snapshot } = buildOnce([tree]);
  const snapshots = [snapshot, ...new Sums("t").add(snapshot, 0)];
  const exposed = parseExposition(exposition(snapshots), "prometheus-text");
  const rows = ROWS.filter(({ section }) => ["GetStatsAllConnections", "Sums"].includes(section));
  const countOf = (name: string) => exposed.get(name)?.samples.length ?? 0;
  for (const { section, name, cells } of rows)
    expect([name, cells[section === "Sums" ? 3 : 4]]).toEqual([name, String(countOf(name))]);

  const costs = PAGE.slice(PAGE.indexOf("## How many series"), PAGE.indexOf("Each further simulcast layer"))
    .split("\n")
    .flatMap((line) => {
      const [, section, ...numbers] = /^\| `?(\w+)`? \| (\d+) \| (\d+) \| (\d+) \|$/.exec(line) ?? [];
      return section === undefined ? [] : [[section, numbers.map(Number)] as const];
    });
  const levels = ["connection", "channel", "target"].map((level) =>
    [...exposed.keys()].filter((name) => name.startsWith(`sora_${level}_`)).map(countOf),
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
  expect(costs.at(-1)).toEqual(["all", levels.map(sum)]);
  for (const i of [0, 1, 2])
    expect(sum(costs.slice(0, -1).map(([, numbers]) => numbers[i]!))).toBe(costs.at(-1)![1][i]);
});

describe("the other calls", () => {
  test.each([
    ["ListConnections", connectionSnapshots()],
    [
      "GetStatsReport",
      [draftReport(sample("stats-report"), { ...CONTEXT, groups: ALL_GROUPS, url: undefined })],
    ],
    ["ListClusterNodes", [draftClusterNodes(sample("cluster-nodes"), CONTEXT)]],
    ["GetLicense", [draftLicense(sample("license"), CONTEXT)]],
    [
      "ListStartedRecording and ListArchiving",
      [draftRecordings(sample("started-recording"), CONTEXT), draftArchives(sample("archiving"), CONTEXT)],
    ],
  ] as const)("%s: every metric has a row, every row has a metric, and they agree", (section, drafted) => {
    const text = exposition(drafted.map((one) => ("snapshot" in one ? one.snapshot : one)));
    const exposed = [...parseExposition(text, "prometheus-text").values()];
    const rows = ROWS.filter((row) => row.section === section);
    // A part of a name that Sora's key gives stands in braces; it spans no further than its row's neighbours.
    const rowOf = (name: string) =>
      rows.find((row) => row.name === name) ??
      rows.find((row) => new RegExp(`^${row.name.replaceAll(/\{\w+\}/g, "[a-z_]+")}$`).test(name));
    const used = new Set<Row | undefined>();
    for (const { name, type, help, samples } of exposed) {
      const row = rowOf(name);
      used.add(row);
      const [rowType, , labels, rowHelp] = row?.cells ?? [];
      expect([name, rowType, rowHelp]).toEqual([name, type, help]);
      const own = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      for (const label of ["target", "channel_id", "connection_id"]) own.delete(label);
      expect([name, labels!.split(", ").filter(Boolean).sort()]).toEqual([name, [...own].sort()]);
    }
    // The statistics of the Erlang VM nest as they like; two keys deep is what the fixture has.
    const deep = /\{key2?\}/;
    expect(rows.filter((row) => !used.has(row) && !deep.test(row.name)).map(({ name }) => name)).toEqual([]);
  });
});

test("every metric of the exporter's own has a row, and every row is exposed", async () => {
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  metrics.addTarget("t", { operations: ["GetStatsAllConnections"], url: "http://sora/", scope: "cluster" });
  const { connections, values } = buildOnce([]);
  metrics.pollSucceeded("t", { timeMs: 0, bytes: 2, seconds: 0.1, unknownFields: 0, connections, values });
  metrics.pollFailed("t", { reason: "timeout", seconds: 0.1 });
  metrics.callSucceeded("t", "ListClusterNodes", 0);
  metrics.callFailed("t", "ListClusterNodes", "timeout");
  metrics.otlpStarted();
  metrics.webConfigLoaded(0, 0);
  const text = encode(await metrics.collect(new Map()), [], "prometheus-text").toString();
  const exposed = [...parseExposition(text, "prometheus-text").values()].filter(({ name }) =>
    name.startsWith("sora_"),
  );
  const rows = ROWS.filter(({ section }) => section === "The exporter itself");
  expect(rows.map(({ name }) => name).sort()).toEqual(exposed.map(({ name }) => name).sort());
  for (const { name, help, type, samples } of exposed) {
    const [rowType, , labels, rowHelp] = rows.find((row) => row.name === name)!.cells as [
      string,
      string,
      string,
      string,
    ];
    expect([name, rowType, rowHelp]).toEqual([name, type, help]);
    const own = new Set(
      samples.flatMap((sample) => Object.keys(sample.labels)).filter((label) => label !== "le"),
    );
    expect([name, labels.split(", ").filter(Boolean).sort()]).toEqual([name, [...own].sort()]);
  }
});
