/** What queries of the dashboards find, on series that are made up. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BY_CHANNEL, ofChannel, weightedUnstable, worst } from "../../dashboards/src/promql.ts";
import { interpolate } from "../support/interpolate.ts";
import { disappointments } from "../support/promtool.ts";
import { lacks } from "../support/tools.ts";
import type { Dashboard } from "./checks.ts";

const ALL = { job: { all: ".+" }, target: { all: ".+" }, channel_id: { all: ".+" } };
const fill = (expr: string) => interpolate(expr, { variables: ALL, rangeS: 3600, stepS: 15, scrapeS: 15 });

/** The queries of a panel as they are committed, filled in with everything chosen. */
function queries(dashboard: string, panel: string): string[] {
  const url = new URL(`../../dashboards/${dashboard}.json`, import.meta.url);
  const { panels } = JSON.parse(readFileSync(url, "utf8")) as Dashboard;
  return panels
    .find(({ type, title }) => type !== "row" && title === panel)!
    .targets!.map(({ expr }) => fill(expr));
}

describe.skipIf(lacks("promtool"))("promtool", () => {
  test("finds the worst channels by how many connections are unstable, and how much", () => {
    const levels = (channel: string, counts: Record<string, number>, instance = "a:10490") =>
      Object.fromEntries(
        Object.entries({ 0: 0, 1: 0, 2: 0, 3: 0, ...counts }).map(([level, count]) => [
          `sora_channel_unstable_level_connections{job="sora", instance="${instance}", target="tokyo", channel_id="${channel}", level="${level}"}`,
          `${count}x4`,
        ]),
      );
    const series = {
      ...levels("alone", { 1: 1 }),
      ...levels("webinar", { 0: 90, 1: 5 }),
      ...levels("half", { 0: 5, 2: 3 }),
      ...levels("half", { 3: 1 }, "b:10490"),
      ...levels("newer", { 4: 2, 1: 2 }),
    };
    const score = weightedUnstable(ofChannel, "channel", BY_CHANNEL);
    const sample = (channel: string, value: number) => ({
      labels: `{job="sora", target="tokyo", channel_id="${channel}"}`,
      value,
    });
    const expectations = [
      { expr: fill(worst(3, [score])), found: [sample("half", 9), sample("newer", 8), sample("webinar", 5)] },
      {
        expr: fill(score),
        found: [...["half", "newer", "webinar", "alone"].map((name, i) => sample(name, [9, 8, 5, 1][i]!))],
      },
    ];
    expect(
      disappointments(
        series,
        expectations.map(({ expr, found }) => ({ expr, eval_time: "1m", exp_samples: found })),
      ),
    ).toBe("");
    const table = queries("overview", "Worst channels");
    expect(table).not.toEqual([]);
    for (const expr of table) expect(expr).toContain(`topk(25, ${fill(score)})`);
    // One that expects something else is not content.
    expect(disappointments(series, [{ expr: "1", eval_time: "1m", exp_samples: [] }])).toContain("FAILED");
  });
});
