/** Compares what is answered with what a document shows: the same keys with the same types of JSON, no more, no less. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Keys whose values users name, and those that are told only where they are set. */
export interface Freedom {
  /** Paths (`data_channel`) of objects whose keys are free; a value has the shape of that under the same key, or of any. */
  free: readonly string[];
  /** Keys that may be missing, or there where the example has none. */
  optional: readonly string[];
  /** Keys that may be `false` where the example has an object. */
  orFalse: readonly string[];
}

/**
 * What differs, one line each; nothing if the shapes are the same. Every item of an array must have the shape of one of
 * the example's items.
 */
export function differences(example: unknown, actual: unknown, freedom: Freedom, path = ""): string[] {
  if (typeOf(example) !== typeOf(actual))
    return [`${path || "."} is ${typeOf(actual)}, not ${typeOf(example)}`];
  if (Array.isArray(example)) {
    const items = actual as unknown[];
    if (example.length > 0 && items.length === 0) return [`${path || "."} is empty`];
    return items.flatMap((item, at) => closest(example, item, freedom, `${path}[${at}]`));
  }
  if (typeof example !== "object" || example === null) return [];
  return compareObjects(example as Record<string, Json>, actual as Record<string, Json>, freedom, path);
}

function compareObjects(
  example: Readonly<Record<string, Json>>,
  actual: Readonly<Record<string, Json>>,
  freedom: Freedom,
  path: string,
): string[] {
  const isFree = freedom.free.some((free) => path === free || path.endsWith(`.${free}`));
  const found: string[] = [];
  for (const [key, value] of Object.entries(actual)) {
    const expected = Object.hasOwn(example, key) ? example[key] : undefined;
    if (freedom.orFalse.includes(key) && value === false) continue;
    if (expected !== undefined) found.push(...differences(expected, value, freedom, `${path}.${key}`));
    else if (isFree) found.push(...closest(Object.values(example), value, freedom, `${path}.${key}`));
    else if (!freedom.optional.includes(key)) found.push(`${path}.${key} is too much`);
  }
  for (const key of Object.keys(example)) {
    if (Object.hasOwn(actual, key) || isFree || freedom.optional.includes(key)) continue;
    found.push(`${path}.${key} is missing`);
  }
  return found;
}

function closest(examples: readonly unknown[], actual: unknown, freedom: Freedom, path: string): string[] {
  const all = examples.map((example) => differences(example, actual, freedom, path));
  return all.reduce(
    (best, next) => (next.length < best.length ? next : best),
    all[0] ?? [`${path} is too much`],
  );
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
