/** The rules as they are written: what promtool does not look at. */

import { globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { alertGroups, alertsYaml, recordingYaml } from "../../dashboards/src/rules/files.ts";
import type { AlertingRule } from "../../dashboards/src/rules/rule.ts";
import { RUNBOOK_BASE, THRESHOLDS, type Thresholds, toSeconds } from "../../dashboards/src/thresholds.ts";
import { FAILURE_REASONS } from "../../src/sora/failure.ts";
import { metricTypes } from "../support/metric-names.ts";
import { misused, selectorsIn } from "../support/promql.ts";
import { ALERTS, readText, RECORDINGS, ROOT, runbookQueries, TESTS } from "./support.ts";

const NAMES = ALERTS.map(({ alert }) => alert);

test("every alert says how bad it is, what it is, and where its runbook is", () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
  for (const { alert, labels, annotations } of ALERTS) {
    expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(critical|warning)$/)]);
    expect(annotations.summary).toMatch(/\$labels/);
    expect(annotations.description).toMatch(/\$labels/);
    expect(annotations.description).not.toBe(annotations.summary);
    expect(annotations.runbook_url).toBe(`${RUNBOOK_BASE}#${alert.toLowerCase()}`);
    expect(annotations.dashboard).toMatch(/^\/d\/sora-(overview|channel|transport|exporter)\?var-job=/);
  }
});

test("what goes up and down, and is waited for, goes on firing for a while", () => {
  const groups = alertGroups().filter(({ name }) => ["sora_stability", "sora_transport"].includes(name));
  const waiting = groups
    .flatMap(({ rules }) => rules as AlertingRule[])
    .filter((rule) => rule.for !== undefined);
  expect(waiting.length).toBeGreaterThan(10);
  for (const { alert, keep_firing_for } of waiting)
    expect([alert, keep_firing_for]).toEqual([alert, THRESHOLDS.keepFiringFor]);
});

test("every alert has a runbook that agrees on the severity, every runbook an alert, and all links lead somewhere", () => {
  const text = readText("docs/runbooks.md");
  const runbooks = [...text.matchAll(/^## ([A-Z]\w+)\n\n\*\*(\w+)\.\*\*/gm)].map(([, name, severity]) => [
    name,
    severity,
  ]);
  expect(runbooks).toEqual(ALERTS.map(({ alert, labels }) => [alert, labels.severity]));
  const anchors = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(" ", "-"),
  );
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
  expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
  expect(anchors.filter((anchor) => !links.includes(anchor))).toEqual([]);
});

test("the table in the README is the list of alerts", () => {
  const rows = [...readText("README.md").matchAll(/^\| `(\w+)` +\| (critical|warning) +\|/gm)];
  expect(rows.map(([, name, severity]) => [name, severity])).toEqual(
    ALERTS.map(({ alert, labels }) => [alert, labels.severity]),
  );
});

describe("thresholds", () => {
  test("no number stands in the rules, but what is a unit or a level", () => {
    const files = globSync("dashboards/src/rules/*.ts", { cwd: ROOT });
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const code = readText(file)
        .replaceAll(/\/\*.*?\*\//gs, "")
        .replaceAll(/^\s*\/\/.*$/gm, "");
      const numbers = [...code.matchAll(/(?<![\w.])\d[\d._]*\w*/g)].map(([number]) => number);
      expect([file, numbers.filter((number) => !["0", "1", "60"].includes(number))]).toEqual([file, []]);
    }
  });

  test("each is used, and said in what it does alone", () => {
    const rules = (t?: Thresholds) => recordingYaml(t) + alertsYaml(t);
    const found = leaves(THRESHOLDS);
    expect(found.length).toBeGreaterThan(50);
    for (const { path, value } of found) {
      const other =
        typeof value === "number" ? value * 0.9 : `${Number.parseInt(value, 10) + 2}${value.at(-1)!}`;
      expect([path, rules(replaced(path, other)) === rules()]).toEqual([path, false]);
    }
  });

  test("durations are such that a missing scrape does no harm", () => {
    const t = THRESHOLDS;
    for (const window of [t.rateWindow, t.pollsFailing.window, t.pollsSlow.window, t.iceFailures.window])
      expect(toSeconds(window)).toBeGreaterThanOrEqual(4 * 60);
    expect(toSeconds(t.burnFast.longWindow)).toBeGreaterThan(toSeconds(t.burnFast.shortWindow));
    expect(toSeconds(t.burnSlow.longWindow)).toBeGreaterThan(toSeconds(t.burnSlow.shortWindow));
    expect(() => toSeconds("5 minutes")).toThrow("5 minutes is no duration");
  });
});

/** The values of the thresholds, with the keys that lead to each. */
function leaves(from: object, path: readonly string[] = []): { path: string[]; value: number | string }[] {
  return Object.entries(from).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null
      ? leaves(value, [...path, key])
      : [{ path: [...path, key], value: value as number | string }],
  );
}

function replaced(path: readonly string[], value: number | string): Thresholds {
  const copy = structuredClone(THRESHOLDS) as unknown as Record<string, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1)!] = value;
  return copy as unknown as Thresholds;
}

/** The metrics that an expression reads. */
function namesIn(expr: string): string[] {
  return selectorsIn(expr).map(({ metric }) => metric);
}

describe("names", () => {
  const types = metricTypes();
  const recorded = RECORDINGS.map(({ record }) => record);

  test("what the rules read is there, counters within rate or increase and gauges not", () => {
    for (const { expr } of [...ALERTS, ...RECORDINGS]) {
      expect([expr, misused(expr, types)]).toEqual([expr, []]);
      const read = namesIn(expr);
      expect(read.length).toBeGreaterThan(0);
      expect(read.filter((name) => name.includes(":") && !recorded.includes(name))).toEqual([]);
    }
  });

  test("what is recorded has a standard name, is used, and is there before it is read", () => {
    const known = new Set<string>();
    for (const { record, expr } of RECORDINGS) {
      expect(record).toMatch(/^job_target(_channel_id)?:sora_(target|channel)_[a-z_]+:[a-z]+[a-z0-9_]*$/);
      const [level] = record.split(":");
      const by = level === "job_target" ? "(job, target)" : "(job, target, channel_id)";
      if (/\bby\b/.test(expr)) expect(expr).toContain(`by ${by}`);
      const read = namesIn(expr).filter((name) => name.includes(":"));
      expect(read.filter((name) => !known.has(name))).toEqual([]);
      known.add(record);
    }
    const used = new Set([...ALERTS, ...RECORDINGS].flatMap(({ expr }) => namesIn(expr)));
    expect(recorded.filter((name) => !used.has(name))).toEqual([]);
  });

  test("the runbooks and the tests speak of what there is", () => {
    const known = new Set([...types.keys(), ...recorded]);
    const inTests = TESTS.flatMap(({ input_series }) =>
      input_series.flatMap(({ series }) => namesIn(series)),
    );
    const inRunbooks = runbookQueries().flatMap(namesIn);
    const inText = [...readText("docs/runbooks.md").matchAll(/`(sora_\w+)/g)].map(([, name]) => name!);
    expect([inTests.length > 100, inRunbooks.length > 20, inText.length > 10]).toEqual([true, true, true]);
    // A reason why a call fails begins like a metric.
    const names = [...inTests, ...inRunbooks, ...inText].filter((name) => /^sora_|:/.test(name));
    expect(names.filter((name) => !known.has(name) && !Object.hasOwn(FAILURE_REASONS, name))).toEqual([]);
  });
});

describe("tests for promtool", () => {
  test.each(NAMES)("%s has one that fires and resolves, and one that is just below", (name) => {
    const about = (title: string) =>
      TESTS.filter((each) => each.name === `${name}: ${title}`).flatMap(({ alert_rule_test = [] }) =>
        alert_rule_test
          .filter(({ alertname }) => alertname === name)
          .map(({ exp_alerts = [] }) => exp_alerts.length > 0),
      );
    // Not yet, then for some time, then no more.
    expect(about("fires, resolves").map(Number).join("")).toMatch(/^(0|1(?=1))1+0$/);
    const below = about("just below");
    expect(below.length).toBeGreaterThan(0);
    expect(below).not.toContain(true);
  });
});
