import { expect, test } from "vitest";
import { hasten, type Rule } from "../support/rules.ts";

function one(rule: Partial<Rule>): Rule {
  const file = { groups: [{ name: "g", interval: "30s", rules: [{ alert: "A", expr: "1", ...rule }] }] };
  return hasten(file, 30, 5).groups[0]!.rules[0]!;
}

test("shortens windows, offsets and steps, not below what windows need", () => {
  expect(one({ expr: "rate(a[5m]) / rate(a[1m] offset 1h30m)" }).expr).toBe(
    "rate(a[10s]) / rate(a[5s] offset 180s)",
  );
  expect(one({ expr: "max_over_time(rate(a[2m])[1h:1m]) + b[1d:] offset -5m" }).expr).toBe(
    "max_over_time(rate(a[5s])[120s:2s]) + b[2880s:] offset -10s",
  );
});

test("leaves names, numbers and what is quoted alone", () => {
  const expr = 'a:rate5m{b="[5m]", c=~\'x[1h]\', d=~`[5m] offset 5m`, e="\\"[5m]"} > 300 and offset_5m';
  expect(one({ expr }).expr).toBe(expr);
});

test("shortens how long a rule waits, and how often a group is evaluated", () => {
  expect(one({ for: "5m", keep_firing_for: "10m" })).toMatchObject({ for: "10s", keep_firing_for: "20s" });
  expect(one({ for: "1s" })).toMatchObject({ for: "1s" });
  expect(hasten({ groups: [{ name: "g", interval: "30s", rules: [] }] }, 30, 5).groups[0]!.interval).toBe(
    "1s",
  );
});

test("refuses what is no duration", () => {
  expect(() => one({ expr: "rate(a[$__range])" })).not.toThrow();
  expect(() => one({ expr: "rate(a[5x])" })).toThrow("5x is no duration");
  expect(() => one({ for: "5" })).toThrow("5 is no duration");
});
