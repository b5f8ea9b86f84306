/** GetStatsReport: the totals of the asked node. */

import { generalName } from "../catalog/general.ts";
import { compilePattern, type Pattern } from "../catalog/pattern.ts";
import type { Label } from "../catalog/resolve.ts";
import { Draft, type Drafted } from "../snapshot/draft.ts";
import { labelValue, toLabelValue } from "../snapshot/label-value.ts";
import { isObject, originalKey } from "../sora/json.ts";
import type { AnswerContext } from "./call-metric.ts";
import {
  REPORT_INFO,
  REPORT_RULES,
  REPORT_SPELLINGS,
  type ReportGroup,
  type ReportRule,
} from "./report-rules.ts";

export interface ReportContext extends AnswerContext {
  readonly groups: Readonly<Record<ReportGroup, boolean>>;
  /** The asked node's URL, where the target has several: whose report it is. */
  readonly url: string | undefined;
}

/** What a field that no rule knows has in front of its name. */
export const UNKNOWN_REPORT_PREFIX = "sora_report_";

/** What is far beyond how deep Sora nests. */
const MAX_DEPTH = 16;
const MAX_UNKNOWN_FIELDS = 200;

/** Values that are reset by whoever reads them, so that none of several readers has the truth. */
const RESET_BY_READING = /_since_last_call$/;

/** The sections that a group has to ask for, rules or not. */
const GROUP_OF_SECTION: ReadonlyMap<string, ReportGroup> = new Map([
  ["sora_client", "client"],
  ["error", "connectionError"],
  ["erlang_vm", "erlangVm"],
  ["cluster", "cluster"],
  ["cluster_relay", "cluster"],
]);

const PATTERNS: readonly { pattern: Pattern; rule: ReportRule }[] = REPORT_RULES.map((rule) => ({
  pattern: compilePattern(rule.path),
  rule,
}));

/** @param report answer of GetStatsReport; what is malformed in it is left out and counted */
export function draftReport(report: Readonly<Record<string, unknown>>, context: ReportContext): Drafted {
  const draft = new Draft(context.target, context.timeMs);
  const base: Label[] = context.url === undefined ? [] : [["url", context.url]];
  const walk: Walk = { draft, base, seen: new Set(), unknown: 0 };
  for (const [key, value] of Object.entries(report)) {
    const group = GROUP_OF_SECTION.get(key);
    if (group !== undefined && !context.groups[group]) continue;
    if (key === "cluster_relay") visitRelays(walk, value);
    else if (group !== undefined && !isObject(value))
      draft.reject(Array.isArray(value) ? "array" : "not_an_object", key);
    else visit(walk, value, [key]);
  }
  return draft.finish();
}

interface Walk {
  readonly draft: Draft;
  readonly base: readonly Label[];
  /** Series so far, so that none is there twice. */
  readonly seen: Set<string>;
  unknown: number;
}

/** The list of the other nodes, as if each stood under its name. */
function visitRelays(walk: Walk, relays: unknown): void {
  if (!Array.isArray(relays)) {
    if (relays !== null) walk.draft.reject("malformed", "cluster_relay");
    return;
  }
  for (const [index, relay] of (relays as readonly unknown[]).entries()) {
    const where = `cluster_relay[${index}]`;
    if (!isObject(relay)) {
      walk.draft.reject("not_an_object", where);
      continue;
    }
    const { node_name: name, ...fields } = relay;
    if (typeof name !== "string" || name === "") walk.draft.reject("no_name", `${where}: node_name`);
    else visit(walk, fields, ["cluster_relay", labelValue(name)]);
  }
}

function visit(walk: Walk, value: unknown, path: readonly string[]): void {
  if (RESET_BY_READING.test(path.at(-1)!)) return;
  if (isObject(value)) {
    if (path.length > MAX_DEPTH) walk.draft.reject("too_deep", path.join("."));
    else
      for (const [key, child] of Object.entries(value))
        visit(walk, child, [...path, labelValue(originalKey(key))]);
    return;
  }
  if (addInfo(walk, value, path.join("."))) return;
  const found = findRule(path);
  if (found !== undefined) {
    // What the Erlang VM tells besides numbers is no mistake.
    if (typeof value === "number" || found.rule.group !== "erlangVm") addKnown(walk, value, path, found);
  } else if (typeof value === "number") addUnknown(walk, value, path);
}

function addInfo({ draft, base }: Walk, value: unknown, path: string): boolean {
  const info = REPORT_INFO.find((candidate) => candidate.path === path);
  if (info === undefined) return false;
  if (typeof value !== "string") {
    if (value !== null) draft.reject("malformed", path);
    return true;
  }
  const labels: Label[] = [...base, [info.label, toLabelValue(value)]];
  draft.add({ name: info.name, type: "gauge", help: info.help }, 1, labels);
  return true;
}

function findRule(path: readonly string[]): { rule: ReportRule; captures: readonly Label[] } | undefined {
  for (const { pattern, rule } of PATTERNS) {
    const captures = pattern.match(path);
    if (captures !== undefined) return { rule, captures };
  }
  return undefined;
}

function addKnown(
  walk: Walk,
  value: unknown,
  path: readonly string[],
  { rule, captures }: { rule: ReportRule; captures: readonly Label[] },
): void {
  let { name } = rule;
  const labels: Label[] = [...walk.base];
  for (const [key, text] of captures) {
    if (name.includes(`{${key}}`)) name = name.replace(`{${key}}`, () => text.replaceAll(/\W/g, "_"));
    else labels.push([key, REPORT_SPELLINGS[key]?.(text) ?? text]);
  }
  labels.push(...(rule.labels ?? []));
  addOnce(walk, { name, type: rule.type, help: rule.help }, value, path, labels, rule.divisor);
}

function addUnknown(walk: Walk, value: number, path: readonly string[]): void {
  if (walk.unknown >= MAX_UNKNOWN_FIELDS) {
    walk.draft.reject("too_many_fields", path.join("."));
    return;
  }
  walk.unknown++;
  const { name, divisor, lossy } = generalName(path);
  const shown = path.join(".");
  walk.draft.noteUnknown(shown);
  addOnce(
    walk,
    {
      name: UNKNOWN_REPORT_PREFIX + name,
      type: name.endsWith("_total") ? "counter" : "gauge",
      help: "Field of GetStatsReport that this version does not know; named by the general rule",
    },
    value,
    path,
    lossy ? [...walk.base, ["path", shown]] : walk.base,
    divisor,
  );
}

function addOnce(
  { draft, seen }: Walk,
  head: { name: string; type: "counter" | "gauge"; help: string },
  value: unknown,
  path: readonly string[],
  labels: readonly Label[],
  divisor = 1,
): void {
  if (value === undefined || value === null) return;
  const where = path.join(".");
  const series = JSON.stringify([head.name, labels]);
  if (seen.has(series)) draft.reject("duplicate", where);
  else {
    seen.add(series);
    draft.addNumber(head, value, where, { labels, divisor });
  }
}
