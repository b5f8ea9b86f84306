/** Which series a PromQL expression reads, and inside what. It reads valid expressions; Prometheus judges whether one is. */

import type { SeriesType } from "./metric-names.ts";

/** A place in an expression where series are read. */
export interface Selector {
  /** Empty where it has none, as in `{job="sora"}`. */
  readonly metric: string;
  /** What stands in its braces; empty without. */
  readonly matchers: string;
  /** What stands in its brackets, such as `5m`; undefined where it is no range. */
  readonly range: string | undefined;
  /** The innermost function or aggregation around it, such as `rate`; undefined where there is none. */
  readonly within: string | undefined;
}

const TOKEN =
  /(?<skip>\s+|#.*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<word>[a-zA-Z_:][\w:]*)|(?<other>\d[\w.]*|.)/gsy;
const LABEL_LISTS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const WORDS = new Set(["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"]);
const GROWTH = new Set(["rate", "increase", "irate"]);

interface Token {
  readonly text: string;
  readonly word: boolean;
}

/** Every selector of an expression, in order; Grafana's variables may stand in strings and ranges. */
export function selectorsIn(expr: string): Selector[] {
  const tokens = [...expr.matchAll(TOKEN)]
    .filter(({ groups }) => groups!["skip"] === undefined)
    .map(({ 0: text, groups }): Token => ({ text, word: groups!["word"] !== undefined }));
  const found: Selector[] = [];
  const around: (string | undefined)[] = [];
  let called: string | undefined;
  let at = 0;

  /** The text of a bracket that opens here, without it; its end is behind it then. */
  function skip(open: string, close: string): string | undefined {
    if (tokens[at]?.text !== open) return undefined;
    const start = at + 1;
    while (at < tokens.length && tokens[at]!.text !== close) at++;
    at++;
    return tokens
      .slice(start, at - 1)
      .map(({ text }) => text)
      .join("");
  }
  function select(metric: string): void {
    const matchers = skip("{", "}") ?? "";
    found.push({
      metric,
      matchers,
      range: skip("[", "]"),
      within: around.findLast((name) => name !== undefined),
    });
  }

  while (at < tokens.length) {
    const { text, word } = tokens[at]!;
    const next = tokens[at + 1]?.text;
    const lower = text.toLowerCase();
    if (word && LABEL_LISTS.has(lower)) {
      at++;
      skip("(", ")");
    } else if (word && WORDS.has(lower)) at++;
    // The labels of an aggregation may stand in front of its parenthesis.
    else if (word && (next === "(" || next === "by" || next === "without")) {
      called = text;
      at++;
    } else if (word) {
      at++;
      select(text);
    } else if (text === "{") select("");
    else if (text === "[") skip("[", "]");
    else {
      if (text === "(") {
        around.push(called);
        called = undefined;
      } else if (text === ")") around.pop();
      at++;
    }
  }
  return found;
}

/**
 * What is wrong with the metrics of an expression: names under `sora_` that do not exist, counters of any name that are not
 * inside `rate`, `increase` or `irate`, and gauges that are.
 *
 * @param types of all names under `sora_`; that of other names is told by their end
 */
export function misused(expr: string, types: ReadonlyMap<string, SeriesType>): string[] {
  return selectorsIn(expr).flatMap(({ metric, range, within }) => {
    const type = types.get(metric) ?? (/_(total|bucket|sum|count)$/.test(metric) ? "counter" : "gauge");
    const grows = range !== undefined && within !== undefined && GROWTH.has(within);
    if (metric === "") return ["a selector without a name"];
    if (metric.startsWith("sora_") && !types.has(metric)) return [`no metric ${metric}`];
    if (type === "counter" && !grows) return [`counter ${metric} outside rate`];
    if (type === "gauge" && grows) return [`gauge ${metric} inside ${within}`];
    return [];
  });
}
