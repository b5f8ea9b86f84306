import { expect, test } from "vitest";
import { type Choice, interpolate } from "../support/interpolate.ts";

const fill = (query: string, variables: Record<string, Choice> = {}, stepS = 15) =>
  interpolate(query, { variables, rangeS: 3600, stepS, scrapeS: 5 });

test("fills in Grafana's own names", () => {
  expect(fill("rate(a[$__rate_interval])")).toBe("rate(a[20s])");
  expect(fill("rate(a[$__rate_interval])", {}, 60)).toBe("rate(a[65s])");
  expect(fill("a[${__interval}] b[$__range] c $__range_s", {}, 1)).toBe("a[5s] b[3600s] c 3600");
});

test("fills in what is chosen, escaped for where it stands", () => {
  const names = { one: 'a.b"\\', two: ["x|y", "z"], every: { all: ".+" } };
  expect(fill("{a=~`${one:regex}`}", names)).toBe('{a=~`a\\.b"\\\\`}');
  expect(fill("{a=~`${two:regex}`}", names)).toBe("{a=~`(x\\|y|z)`}");
  expect(fill('{a=~"$two"}', names)).toBe('{a=~"(x\\\\|y|z)"}');
  expect(fill("{a=~`${every:regex}`, b=~`$every`}", names)).toBe("{a=~`.+`, b=~`.+`}");
});

test("leaves a dollar alone that begins no variable", () => {
  expect(fill('{a=~"^b$", c="$ 5"}')).toBe('{a=~"^b$", c="$ 5"}');
});

test("refuses what it does not know", () => {
  expect(() => fill("up{a=~`${gone:regex}`}")).toThrow("unknown variable gone in up");
  expect(() => fill("$__from")).toThrow("unknown variable __from");
  expect(() => fill("[[job]]")).toThrow("unknown variable job");
  expect(() => fill("${a:csv}", { a: "b" })).toThrow("unknown format csv of a");
});
