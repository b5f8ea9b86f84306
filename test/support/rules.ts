/** Our rules, and a copy of them in which time runs faster, for tests that cannot wait. */

import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** A rule as Prometheus reads it; an alert or a recording. */
export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface RuleFile {
  groups: { name: string; interval?: string; rules: Rule[] }[];
}

const DIRECTORY = fileURLToPath(new URL("../../dashboards/rules", import.meta.url));
const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 } as const;
/** Strings, and durations where PromQL has them: in brackets, on both sides of a colon, and after `offset`. */
const IN_EXPR =
  /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\[\s*(\w+)\s*(?::\s*(\w*)\s*)?\]|\boffset\s+(-?)(\w+)/g;

/** All rules in `dashboards/rules`, by the name of their file. */
export function readRules(): Map<string, RuleFile> {
  const names = globSync("*.yaml", { cwd: DIRECTORY });
  return new Map(
    names.map((name) => [name, parse(readFileSync(`${DIRECTORY}/${name}`, "utf8")) as RuleFile]),
  );
}

/**
 * A copy in which all durations are shorter: windows, offsets, `for`, `keep_firing_for` and the intervals of groups. As
 * the intervals go with the windows, as many evaluations as before fall into a window. What the rules say in numbers
 * (thresholds, seconds of an age, numbers of events) stays as it is.
 *
 * @param times so many times shorter, but none is less than a second
 * @param leastWindowS no window of an expression is shorter, as it must hold a few scrapes: seconds
 */
export function hasten(file: RuleFile, times: number, leastWindowS: number): RuleFile {
  const shorten = (duration: string, leastS = 1) =>
    `${Math.max(leastS, Math.round(toSeconds(duration) / times))}s`;
  return {
    groups: file.groups.map((group) => ({
      ...group,
      ...(group.interval === undefined ? {} : { interval: shorten(group.interval) }),
      rules: group.rules.map((rule) => ({
        ...rule,
        expr: hastenExpr(rule.expr, shorten, leastWindowS),
        ...(rule.for === undefined ? {} : { for: shorten(rule.for) }),
        ...(rule.keep_firing_for === undefined ? {} : { keep_firing_for: shorten(rule.keep_firing_for) }),
      })),
    })),
  };
}

function hastenExpr(
  expr: string,
  shorten: (duration: string, leastS?: number) => string,
  leastWindowS: number,
): string {
  return expr.replaceAll(
    IN_EXPR,
    (all, quoted?: string, window?: string, step?: string, sign?: string, offset?: string) => {
      if (quoted !== undefined) return all;
      if (offset !== undefined) return `offset ${sign}${shorten(offset)}`;
      const resolution = step === undefined ? "" : `:${step === "" ? "" : shorten(step)}`;
      return `[${shorten(window!, leastWindowS)}${resolution}]`;
    },
  );
}

/** @throws Error for what is no duration of Prometheus' */
function toSeconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== duration) {
    throw new Error(`${duration} is no duration`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit as keyof typeof UNITS], 0);
}
