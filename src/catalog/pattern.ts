/** Patterns of Sora paths: dotted, with `{name}` where a key, or a part of one, is captured. */

/** A compiled pattern. */
export interface Pattern {
  /** Number of keys that the pattern spans. */
  readonly length: number;
  /** The captures of a path in the order of the pattern, or undefined where the path does not match. */
  match(path: readonly string[]): [name: string, value: string][] | undefined;
}

/**
 * A quantity, not a member of a set: `total_received_rtcp_new_byte_size` counts bytes, so it may not become
 * `messages{type="new_byte_size"}`. Such a field is left to the general rule, which keeps its unit.
 */
const QUANTITY = /_(size|ms|us|bytes|seconds)$/;

/**
 * Compiles a pattern.
 *
 * A capture that is a whole key takes any key (`data_channel.{label}`). One that is a part of a key takes lower-case
 * words, unless they name a quantity.
 *
 * @param pattern such as `rtcp.total_received_rtcp_{type}`; the empty pattern matches the empty path
 */
export function compilePattern(pattern: string): Pattern {
  const segments = pattern === "" ? [] : pattern.split(".").map(compileSegment);
  return {
    length: segments.length,
    match(path) {
      if (path.length !== segments.length) return undefined;
      const captures: [string, string][] = [];
      for (const [i, segment] of segments.entries()) {
        const found = segment(path[i]!);
        if (found === undefined) return undefined;
        captures.push(...found);
      }
      return captures;
    },
  };
}

type SegmentMatcher = (key: string) => [string, string][] | undefined;

function compileSegment(segment: string): SegmentMatcher {
  const names = [...segment.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  if (names.length === 0) return (key) => (key === segment ? [] : undefined);
  if (segment === `{${names[0]!}}`) return (key) => [[names[0]!, key]];
  const regexp = new RegExp(`^${segment.replaceAll(/\{\w+\}/g, "([a-z0-9]|[a-z0-9][a-z0-9_]*?[a-z0-9])")}$`);
  return (key) => {
    const values = regexp.exec(key)?.slice(1);
    if (values === undefined || values.some((value) => QUANTITY.test(`_${value}`))) return undefined;
    return values.map((value, i) => [names[i]!, value]);
  };
}
