/**
 * An exposition, put together of what was written snapshot by snapshot: Prometheus' text format 0.0.4, or OpenMetrics 1.0.0.
 * Both want every metric once, with the lines of all targets together.
 */

import type { Label } from "../catalog/resolve.ts";
import { compareNames, type Family, unitOf } from "../snapshot/snapshot.ts";
import { canonicalBound, escapeLabelValue, formatLabels, numberText } from "./labels.ts";

/** The formats, by the names that their own documents give them. */
export type Format = "prometheus-text" | "openmetrics";

/** One sample of a metric of the exporter's own. */
export interface Sample {
  /** With `_bucket`, `_sum` and `_count` where it belongs to a histogram. */
  readonly name: string;
  readonly labels: readonly Label[];
  readonly value: number;
}

/** A metric of the exporter's own. */
export interface OwnFamily {
  /** Full name, with `_total` where it is a counter. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly samples: readonly Sample[];
}

/** A metric of one snapshot whose lines are there, in whatever form. */
export interface WrittenFamily<Part> extends Pick<Family, "name" | "help" | "type"> {
  readonly parts: Iterable<Part>;
}

/**
 * Puts an exposition together.
 *
 * @param own the exporter's own metrics
 * @param snapshots the families of each snapshot; no series may be in two of them
 * @returns the parts in order, and texts between them; valid under the format's own grammar once they are joined
 */
export function* compose<Part>(
  own: readonly OwnFamily[],
  snapshots: readonly (readonly WrittenFamily<Part>[])[],
  format: Format,
): Generator<string | Part, void, void> {
  const byName = Map.groupBy(snapshots.flat(), ({ name }) => name);
  const names = takenNames([...own, ...snapshots.flat()]);
  for (const family of own) yield ownFamilyText(family, format, names);
  for (const [, families] of [...byName].sort(([a], [b]) => compareNames(a, b))) {
    yield familyHead(families[0]!, format, names);
    for (const { parts } of families) yield* parts;
  }
  if (format === "openmetrics") yield "# EOF\n";
}

/** Every name that is taken; in a histogram those of its samples, too. */
function takenNames(families: readonly Pick<OwnFamily, "name" | "type">[]): ReadonlySet<string> {
  return new Set(
    families.flatMap(({ name, type }) =>
      type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/**
 * HELP, TYPE and, in OpenMetrics, UNIT.
 *
 * OpenMetrics names a counter's family without `_total`. If something else has that name (Sora may send both `total_active`
 * and `active`), one name would have two types; and a few counters have names, older than this exporter, that do not end
 * in `_total`. Those go out as `unknown` under their full name, so that their series are called the same in both formats.
 *
 * @param names every name that the exposition takes; see `takenNames`
 */
function familyHead(
  { name, help, type }: Pick<OwnFamily, "name" | "help" | "type">,
  format: Format,
  names: ReadonlySet<string>,
): string {
  const counter = format === "openmetrics" && type === "counter";
  const base = counter ? name.replace(/_total$/, "") : name;
  const misfit = counter && (base === name || names.has(base));
  const shown = misfit ? name : base;
  const head = `# HELP ${shown} ${escapeHelp(help, format)}\n# TYPE ${shown} ${misfit ? "unknown" : type}\n`;
  const unit = unitOf(name);
  return format === "openmetrics" && unit !== undefined && shown.endsWith(unit)
    ? `${head}# UNIT ${shown} ${unit}\n`
    : head;
}

/** A metric of the exporter's own, head and samples. */
function ownFamilyText(family: OwnFamily, format: Format, names: ReadonlySet<string>): string {
  return familyHead(family, format, names) + family.samples.map((one) => sampleText(one, format)).join("");
}

function sampleText({ name, labels, value }: Sample, format: Format): string {
  const shown = format === "openmetrics" ? labels.map(canonicalBound) : labels;
  return `${name}${shown.length === 0 ? "" : `{${formatLabels(shown)}}`} ${numberText(value)}\n`;
}

function escapeHelp(text: string, format: Format): string {
  if (format === "openmetrics") return escapeLabelValue(text);
  return text.replaceAll(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\"));
}
