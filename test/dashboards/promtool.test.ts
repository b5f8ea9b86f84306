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

function read(dashboard: string): Dashboard {
  const url = new URL(`../../dashboards/${dashboard}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Dashboard;
}

/** The queries of a panel as they are committed, filled in with everything chosen. */
function queries(dashboard: string, panel: string): string[] {
  return read(dashboard)
    .panels.find(({ type, title }) => type !== "row" && title === panel)!
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

  test("finds up of our exporters alone, also while they are down, and what processes say of no others", () => {
    const ours = 'job="pods", instance="a:10490"';
    const others = 'job="pods", instance="b:8080"';
    const series = {
      [`up{${ours}}`]: "1x9 0x20",
      [`sora_exporter_series{${ours}, target="tokyo"}`]: "340x9 stale",
      [`sora_exporter_series{${ours}, target="osaka"}`]: "340x9 stale",
      [`sora_exporter_build_info{${ours}, version="1"}`]: "1x9 stale",
      [`process_resident_memory_bytes{${ours}}`]: "100x9 stale",
      [`up{${others}}`]: "1x29",
      [`process_resident_memory_bytes{${others}}`]: "900x29",
    };
    const [up, same] = [queries("exporter", "Exporter")[0]!, queries("overview", "Exporter")[0]!];
    expect(up).toBe(same);
    const [memory] = queries("exporter", "Memory");
    const labels = `{${ours}}`;
    expect(
      disappointments(series, [
        { expr: up, eval_time: "4m", exp_samples: [{ labels, value: 1 }] },
        { expr: up, eval_time: "10m", exp_samples: [{ labels, value: 0 }] },
        {
          expr: memory!,
          eval_time: "4m",
          exp_samples: [{ labels: `process_resident_memory_bytes${labels}`, value: 100 }],
        },
        { expr: memory!, eval_time: "10m", exp_samples: [] },
      ]),
    ).toBe("");
  });

  test("finds every start of our exporters, be scrapes and steps as long as a minute", () => {
    const { target } = read("exporter").annotations.list.find(({ target }) =>
      /start_time/.test(target.expr),
    )!;
    const ours = 'job="pods", instance="a:10490"';
    const others = 'job="pods", instance="b:8080"';
    const series = {
      [`process_start_time_seconds{${ours}}`]: "10 _ 10 _ 10 _ 20 _ 20 _ 20 _ 20 _ 20",
      [`sora_exporter_build_info{${ours}, version="1"}`]: "1x14",
      [`process_start_time_seconds{${others}}`]: "10 20x14",
    };
    const starts = (eval_time: string, ...values: number[]) => ({
      expr: fill(target.expr),
      eval_time,
      exp_samples: values.map((value) => ({ labels: `{${ours}}`, value })),
    });
    expect(disappointments(series, [starts("2m50s"), starts("3m50s", 1), starts("6m50s")])).toBe("");
  });

  test("finds no share of a licence that allows none", () => {
    const of = (target: string) => `{job="sora", instance="a:10490", target="${target}"}`;
    const series = {
      [`sora_target_connections${of("tokyo")}`]: "20x4",
      [`sora_license_max_connections${of("tokyo")}`]: "50x4",
      [`sora_target_connections${of("osaka")}`]: "20x4",
      [`sora_license_max_connections${of("osaka")}`]: "0x4",
    };
    const exp_samples = [{ labels: '{job="sora", target="tokyo"}', value: 0.4 }];
    const [expr] = queries("overview", "Licence used");
    expect(disappointments(series, [{ expr: expr!, eval_time: "1m", exp_samples }])).toBe("");
  });
});
