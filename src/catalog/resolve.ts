/** From a path in Sora's answer to the series it becomes: the catalog's rules first, then the general rule. */

import { generalName } from "./general.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import {
  INFO_RULES,
  type InfoRule,
  RULES,
  type Rule,
  SCOPES,
  TAKEN_NAMES,
  VALUE_SPELLINGS,
} from "./rules.ts";

/** A label as it is exposed: its name and its unescaped value. */
export type Label = readonly [name: string, value: string];

/** What a numeric field becomes. */
export interface Resolved {
  /** Full metric name, with `_total` where it is a counter. */
  readonly name: string;
  readonly help: string;
  /** Labels besides those of identity. */
  readonly labels: readonly Label[];
  /** Sora's value is divided by this. */
  readonly divisor: number;
  /** Sora's section of a connection, such as `rtp`; undefined for a field that is in none. */
  readonly section: string | undefined;
  /** The path with its captures as `{name}`, if the general rule named it; undefined where a rule did. */
  readonly unknown: string | undefined;
}

/** What the catalog knows of a place in Sora's answer. */
export interface Expectation {
  /** A number that a rule covers, an object with such numbers below it, or nothing that it knows. */
  readonly is: "number" | "object" | "nothing";
  /** See `Resolved.unknown`. */
  readonly unknown: string | undefined;
}

type OwnerOf = (name: string, labels: readonly Label[]) => string | undefined;

/** What every per-connection metric's name starts with. */
export const CONNECTION_PREFIX = "sora_connection_";

const PATTERNS: readonly { pattern: Pattern; rule: Rule }[] = RULES.flatMap((rule) =>
  [rule.path, ...(rule.aliases ?? [])].map((path) => ({ pattern: compilePattern(path), rule })),
);
const SCOPE_PATTERNS = SCOPES.map((scope) => ({ pattern: compilePattern(scope.path), scope }));
const INFO_PATTERNS = INFO_RULES.map((rule) => ({ pattern: compilePattern(rule.path), rule }));
/** The objects whose keys are labels that Sora's users choose. */
const LABEL_HOLDERS = [
  ...new Set(
    [...SCOPES, ...INFO_RULES].flatMap(({ path }) =>
      path.endsWith(".{label}") ? [path.slice(0, -".{label}".length)] : [],
    ),
  ),
].map(compilePattern);
/** The objects on the way down to the fields of the rules. */
const SECTION_PATTERNS = [
  ...new Set(
    RULES.flatMap(({ path, aliases = [] }) => [path, ...aliases]).flatMap((path) => {
      const keys = path.split(".");
      return keys.slice(1).map((_, i) => keys.slice(0, i + 1).join("."));
    }),
  ),
].map(compilePattern);
/** The sections that the catalog knows. */
export const SECTIONS: readonly string[] = [...new Set(RULES.map(({ path }) => path.split(".")[0]!))];
/** Sections that some versions of Sora spell otherwise, by that other spelling. */
const SECTION_SPELLINGS: ReadonlyMap<string, string> = new Map(
  RULES.flatMap(({ path, aliases = [] }) =>
    aliases
      .map((alias) => [alias.split(".")[0]!, path.split(".")[0]!] as const)
      .filter(([spelling]) => !SECTIONS.includes(spelling)),
  ),
);
const RULE_NAMES: ReadonlySet<string> = new Set([
  ...[...RULES, ...INFO_RULES].map(({ name }) => name),
  ...TAKEN_NAMES,
]);

/**
 * Names the series of one numeric field.
 *
 * Two different paths get the same series only if they are spellings of one field: a path whose name by the general
 * rule is another's already, or whose keys do not fit into a metric name, carries itself as the label `path`; a name that
 * a rule has is never given to it.
 *
 * @param path keys from the connection object down to the number
 * @param ownerOf the `unknown` path that has the series of a name and labels already, if one has
 */
export function resolveField(path: readonly string[], ownerOf: OwnerOf = () => undefined): Resolved {
  for (const { pattern, rule } of PATTERNS) {
    const captures = pattern.match(path);
    if (captures === undefined) continue;
    const labels = captures.map(([name, value]): Label => [name, VALUE_SPELLINGS[name]?.get(value) ?? value]);
    return {
      name: CONNECTION_PREFIX + rule.name,
      help: rule.help,
      labels,
      divisor: rule.divisor ?? 1,
      section: rule.path.split(".")[0],
      unknown: undefined,
    };
  }
  return resolveUnknown(path, ownerOf);
}

/**
 * What the catalog expects at a path.
 *
 * @param path keys from the connection object down
 */
export function expectation(path: readonly string[]): Expectation {
  const { unknown } = resolveField(path);
  if (unknown === undefined) return { is: "number", unknown };
  const isSection = SECTION_PATTERNS.some((pattern) => pattern.match(path) !== undefined);
  return { is: isSection ? "object" : "nothing", unknown };
}

/**
 * The info metric of the object at a path.
 *
 * @param path keys from the connection object down to the object
 * @returns the rule and the labels captured from the path, or undefined where the catalog has none
 */
export function resolveInfo(
  path: readonly string[],
): { rule: InfoRule; labels: readonly Label[] } | undefined {
  for (const { pattern, rule } of INFO_PATTERNS) {
    const labels = pattern.match(path);
    if (labels !== undefined) return { rule, labels };
  }
  return undefined;
}

/** Whether the keys of an object at a path are labels that Sora's users choose, as many and as long as they like. */
export function holdsLabels(path: readonly string[]): boolean {
  return LABEL_HOLDERS.some((pattern) => pattern.match(path) !== undefined);
}

/** The section of the info metric with a name; undefined where there is none of that name. */
export function sectionOfInfo(family: string): string | undefined {
  return INFO_RULES.find(({ name }) => CONNECTION_PREFIX + name === family)?.path.split(".")[0];
}

function resolveUnknown(path: readonly string[], ownerOf: OwnerOf): Resolved {
  const scoped = SCOPE_PATTERNS.map(({ pattern, scope }) => ({
    scope,
    labels: pattern.match(path.slice(0, pattern.length)),
    rest: path.slice(pattern.length),
    prefix: scope.path.split("."),
  })).find(({ labels }) => labels !== undefined);
  const labels = scoped?.labels ?? [];
  const { name, divisor, lossy } = generalName(scoped ? [scoped.scope.name, ...scoped.rest] : path);
  const shown = showPath(scoped ? [...scoped.prefix, ...scoped.rest] : path);
  // Among the series of a rule's metric a stranger would be counted in every sum.
  const full = CONNECTION_PREFIX + (RULE_NAMES.has(name) ? `unknown_${name}` : name);
  const needsPath = lossy || (ownerOf(full, labels) ?? shown) !== shown;
  return {
    name: full,
    help: "Field of Sora that this version does not know; named by the general rule",
    labels: needsPath ? [...labels, ["path", shown]] : labels,
    divisor,
    section: path.length < 2 ? undefined : (SECTION_SPELLINGS.get(path[0]!) ?? path[0]),
    unknown: shown,
  };
}

/** A path as one string; a key that holds a dot is quoted, so that no two paths look alike. */
function showPath(path: readonly string[]): string {
  return path.map((key) => (/[."\\]/.test(key) ? JSON.stringify(key) : key)).join(".");
}
