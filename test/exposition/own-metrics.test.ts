import { expect, test } from "vitest";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import { encode } from "../support/encode.ts";
import { find, samplesOf } from "../support/parse.ts";

test("what limits leave out is counted by target, and is there as 0 from the start", async () => {
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  const counts = async () => {
    const text = encode(await metrics.collect(new Map()), [], "prometheus-text").toString();
    return samplesOf(text, "prometheus-text")
      .filter(({ name }) => /_(series_dropped|shortened)_total$/.test(name))
      .map(({ labels, value }) => `${labels["target"]!} ${labels["reason"] ?? "shortened"} ${value}`);
  };
  for (const target of ["a", "b"])
    metrics.addTarget(target, { operations: [], url: `http://${target}/`, scope: "cluster" });
  const ofB = ["b series_per_target 0", "b series_per_metric 0", "b data_channel_labels 0"];
  expect(await counts()).toEqual([
    "a shortened 0",
    "b shortened 0",
    "a series_per_target 0",
    "a series_per_metric 0",
    "a data_channel_labels 0",
    ...ofB,
  ]);
  const first = "sora_connection_x";
  metrics.seriesDropped("a", {
    counts: new Map([
      ["series_per_target", 3],
      ["data_channel_labels", 1],
    ]),
    first,
  });
  metrics.seriesDropped("a", { counts: new Map([["series_per_target", 4]]), first });
  metrics.labelValuesShortened("a", 2);
  metrics.labelValuesShortened("a", 0);
  expect(await counts()).toEqual([
    "a shortened 2",
    "b shortened 0",
    "a series_per_target 7",
    "a series_per_metric 0",
    "a data_channel_labels 1",
    ...ofB,
  ]);
});

test("it is told whose connections a target asks for", async () => {
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  for (const scope of ["cluster", "node"] as const)
    metrics.addTarget(`of-${scope}`, { operations: [], url: "http://sora/", scope });
  const text = encode(await metrics.collect(new Map()), [], "prometheus-text").toString();
  expect(text.match(/^sora_exporter_scope_info\{.*$/gm)).toEqual([
    'sora_exporter_scope_info{target="of-cluster",scope="cluster"} 1',
    'sora_exporter_scope_info{target="of-node",scope="node"} 1',
  ]);
});

test("lines that the log has dropped are counted as they are at each scrape", async () => {
  let dropped = 0;
  const metrics = createOwnMetrics({
    version: "1.2.3",
    process: false,
    now: () => 0,
    linesDropped: () => dropped,
  });
  const count = async () => {
    const text = encode(await metrics.collect(new Map()), [], "prometheus-text").toString();
    return find(samplesOf(text, "prometheus-text"), "sora_exporter_log_lines_dropped_total")?.value;
  };
  expect(await count()).toBe(0);
  dropped = 5;
  expect(await count()).toBe(5);
  expect(await count()).toBe(5);
});
