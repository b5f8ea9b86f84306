/** What the chart's values.yaml says of its values. */

import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from "yaml";

/** A value that the README describes. */
export interface Value {
  /** Its keys from the top. */
  readonly path: readonly string[];
  readonly description: string;
  /** What the README shows as the default in place of it, for a long one. */
  readonly shownDefault: string | undefined;
  readonly fallback: unknown;
}

/**
 * Reads the values in the file's order. One has a comment above it that begins with `# --`, in the style of helm-docs;
 * a line `# @default -- TEXT` says what to show as its default.
 *
 * @throws Error for a value without such a comment
 */
export function readValues(yaml: string): Value[] {
  const top = parseDocument(yaml).contents;
  if (!isMap(top)) throw new Error("values.yaml holds no map");
  return valuesOf(top, []);
}

function valuesOf(map: YAMLMap, above: readonly string[]): Value[] {
  return map.items.flatMap((pair, i) => {
    const path = [...above, keyOf(pair)];
    // What stands above the first key of a map belongs to the map, or to the file.
    const comment = commentOf(pair, i === 0 ? map.commentBefore : undefined);
    const described = /(?:^|\n) ?-- (?<text>[^]*)$/.exec(comment)?.groups?.["text"];
    if (described === undefined) {
      if (isMap(pair.value) && pair.value.items.length > 0) return valuesOf(pair.value, path);
      throw new Error(`values.yaml: ${path.join(".")} has no description`);
    }
    const [text = "", shown] = described.split(/\n ?@default -- /);
    const description = text.replaceAll(/\n ?/g, " ");
    const fallback: unknown = isMap(pair.value)
      ? pair.value.toJSON()
      : (pair.value as { toJSON(): unknown }).toJSON();
    return [{ path, description, shownDefault: shown, fallback }];
  });
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

function commentOf({ key }: Pair, before: string | null | undefined): string {
  return [before, isScalar(key) ? key.commentBefore : undefined].filter(Boolean).join("\n");
}
