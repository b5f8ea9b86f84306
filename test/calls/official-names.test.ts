import { expect, test } from "vitest";
import { draftClusterNodes } from "../../src/calls/cluster.ts";
import { draftLicense } from "../../src/calls/license.ts";
import { draftReport } from "../../src/calls/report.ts";
import { fixture } from "../support/build.ts";
import { ALL_GROUPS } from "../support/exporter.ts";
import { CONTEXT, sample, seriesOf } from "./support.ts";

/**
 * Dashboards and alerts that were written for the official exporter hold exactly these names, labels and types. The list was
 * written from the table of its names and the samples, apart from the code; it never changes but with them.
 */
test("the report, the nodes and the licence have the names, labels, types and values of the official exporter", () => {
  const drafted = [
    draftReport(sample("stats-report"), { ...CONTEXT, groups: ALL_GROUPS, url: undefined }),
    draftClusterNodes(sample("cluster-nodes"), CONTEXT),
    draftLicense(sample("license"), CONTEXT),
  ];
  const expected = fixture("golden/official-names.txt").trim().split("\n");
  expect(expected.length).toBeGreaterThan(85);
  expect(seriesOf(...drafted.map(({ snapshot }) => snapshot)).sort(byLabels)).toEqual(
    expected.sort(byLabels),
  );
  for (const { values, snapshot } of drafted) {
    expect([...values.counts]).toEqual([]);
    expect(snapshot.unknownPaths).toEqual([]);
  }
});

function byLabels(a: string, b: string): number {
  return a < b ? -1 : 1;
}
