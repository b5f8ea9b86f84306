/**
 * What a metric is called in OTLP, so that it has its own name again once Prometheus or the Collector has made a Prometheus
 * metric of it. Both make the name of what OTLP tells by name, unit and type, by the same rules (`arrivesAs`).
 */

import type { MetricType } from "../snapshot/snapshot.ts";

/**
 * Of what type a metric is in OTLP. An `unsteady` sum is one that is not monotonic: a counter whose name says otherwise goes out
 * as that, as receivers would put `_total` behind it. They take it for a gauge.
 */
export type OtlpKind = "sum" | "unsteady" | "gauge" | "histogram";

/** A metric in OTLP. */
export interface OtlpName {
  readonly name: string;
  /** Of UCUM (`By`, `s`), an annotation such as `{packet}`, or empty. */
  readonly unit: string;
  readonly kind: OtlpKind;
}

/** The units that names end in, and what they are in OTLP. */
const UNITS: readonly (readonly [word: string, unit: string])[] = [
  ["bytes", "By"],
  ["seconds", "s"],
];

/** Countable things that names end in, which are annotations: they say what is counted and change no name. */
const THINGS: ReadonlySet<string> = new Set([
  "packets",
  "frames",
  "messages",
  "chunks",
  "connections",
  "channels",
  "sessions",
  "requests",
  "checks",
  "observations",
  "polls",
  "calls",
]);

/**
 * Names one metric for OTLP.
 *
 * @param name as it is exposed to Prometheus, with `_total` where it is a counter
 * @returns the first form that arrives under that name; a name that no form arrives under (one with two underscores in a row) as
 *   it is
 */
export function otlpName(name: string, type: MetricType): OtlpName {
  const forms = [...candidates(name, type)];
  return forms.find((form) => arrivesAs(form) === name) ?? forms.at(-1)!;
}

/**
 * Names all metrics that go out together. Where two would have the same name in OTLP (`a_total` and `a`), both keep their full
 * names, which arrive as well.
 *
 * @returns by the metrics' own names
 */
export function otlpNames(
  metrics: Iterable<{ readonly name: string; readonly type: MetricType }>,
): Map<string, OtlpName> {
  const names = new Map<string, OtlpName>();
  const types = new Map<string, MetricType>();
  const uses = new Map<string, number>();
  for (const { name, type } of metrics) {
    if (names.has(name)) continue;
    const named = otlpName(name, type);
    names.set(name, named);
    types.set(name, type);
    uses.set(named.name, (uses.get(named.name) ?? 0) + 1);
  }
  for (const [name, named] of names) {
    if (uses.get(named.name) === 1) continue;
    const full = { ...named, name };
    if (arrivesAs(full) === name) names.set(name, full);
  }
  return names;
}

/**
 * The name that Prometheus and the Collector make of a metric where their suffixes are on, which they are by default: what is
 * between underscores stays, the unit is put behind it unless it is among that already, then `_total` behind what is a monotonic
 * sum, in place of any `total` within. (A gauge of the unit `1` would be a `_ratio`; there is none here.)
 */
export function arrivesAs({ name, unit, kind }: OtlpName): string {
  let words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== "");
  const suffix = UNITS.find(([, one]) => one === unit)?.[0];
  if (suffix !== undefined && !words.includes(suffix)) words = [...words, suffix];
  if (kind === "sum") words = [...words.filter((word) => word !== "total"), "total"];
  return words.join("_");
}

/** Forms that a metric may take, the one that is like OpenTelemetry's own names first. */
function* candidates(name: string, type: MetricType): Generator<OtlpName, void, void> {
  const kind = type === "counter" ? "sum" : type;
  const base = kind === "sum" ? name.replace(/_total$/, "") : name;
  for (const [word, unit] of UNITS) {
    if (!base.endsWith(`_${word}`)) continue;
    yield { name: base.slice(0, -word.length - 1), unit, kind };
    yield { name: base, unit, kind };
  }
  const unit = annotation(base);
  yield { name: base, unit, kind };
  yield { name, unit, kind: kind === "sum" ? "unsteady" : kind };
}

function annotation(base: string): string {
  const last = base.slice(base.lastIndexOf("_") + 1);
  return THINGS.has(last) ? `{${last.slice(0, -1)}}` : "";
}
