/** The general rule: a metric name for a field of Sora that no rule of the catalog knows. */

/** What the general rule makes of a path. */
export interface GeneralName {
  /** Metric name without the level's prefix; ends in `_total` exactly where the field is a counter. */
  readonly name: string;
  /** Sora's value is divided by this to reach the unit that the name claims. */
  readonly divisor: number;
  /** Whether keys lost something on their way into the name, so that another path could have the same one. */
  readonly lossy: boolean;
}

/** Sora's own suffixes, longest first, with what they become and the divisor to the base unit. */
const SUFFIXES: readonly (readonly [sora: string, ours: string, divisor: number])[] = [
  ["_duration_ms", "_seconds", 1000],
  ["_byte_size", "_bytes", 1],
  ["_ms", "_seconds", 1000],
  ["_us", "_seconds", 1_000_000],
];

/**
 * Names a field: `foo.bar.total_baz_byte_size` becomes `foo_bar_baz_bytes_total`.
 *
 * A leading `total_` of the last key makes a counter; anything else is a gauge, and a gauge never ends in `_total`.
 * Characters that a metric name cannot hold become `_`.
 *
 * @param path keys down to the number; at least one
 */
export function generalName(path: readonly string[]): GeneralName {
  const field = path.at(-1) ?? "";
  const counter = field.startsWith("total_") && field.length > "total_".length;
  const keys = counter ? [...path.slice(0, -1), field.slice("total_".length)] : path;
  const words = keys.map(legalName);
  const last = words.at(-1) ?? "";
  // Only the last key tells a unit: `a.us` is not in microseconds, though it becomes `a_us`.
  const suffix = SUFFIXES.find(([sora]) => last.endsWith(sora));
  const named = suffix ? [...words.slice(0, -1), last.slice(0, -suffix[0].length) + suffix[1]] : words;
  const base = named.filter((word) => word !== "").join("_") || "unnamed";
  return {
    name: counter ? `${base}_total` : /(^|_)total$/.test(base) ? `${base}_value` : base,
    divisor: suffix?.[2] ?? 1,
    lossy: words.some((word, i) => word !== keys[i]),
  };
}

/** The characters of a key that a metric name can hold, without underscores at the ends or in a row. */
function legalName(key: string): string {
  return key.replaceAll(/[^a-zA-Z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "");
}
