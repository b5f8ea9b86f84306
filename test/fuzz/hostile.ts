/** Texts and numbers that somebody may send who means no good, or who has a bug. */

import fc from "fast-check";

/** As they are: names of channels, connections, labels, keys. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  " ",
  "a\nb",
  "a\r\nb",
  '"',
  "\\",
  '\\"',
  "\\n",
  'x"} 1\nsora_up{target="t"} 0\n',
  "# EOF",
  "# TYPE sora_up counter",
  "{}",
  "}",
  ",",
  "=",
  "*",
  "\0",
  "\u0001\u001b[31m",
  "\u007f\u0085\u2028\u2029",
  "\ud800",
  "a\udfff",
  "\u{fdd0}",
  "\u{fffd}",
  "\u{feff}a",
  "\u202e\u0301",
  "\u{1f4a9}".repeat(3),
  "<script>alert(1)</script>",
  "'\"><img src=x>",
  "../../etc/passwd",
  "%00%0a",
  "${jndi:x}",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "length",
  "0",
  "-1",
  "NaN",
  "null",
  "le",
  "target",
  "path",
  "x".repeat(255),
  "x".repeat(256),
  "\u{1f4a9}".repeat(200),
  "y".repeat(5000),
];

/** As JSON writes them; not all of them are JSON's. */
export const HOSTILE_NUMBERS: readonly string[] = [
  "0",
  "-0",
  "-1",
  "1e400",
  "-1e400",
  "1e308",
  "5e-324",
  "1e-400",
  "0.1",
  "9007199254740993",
  "18446744073709551616",
  "123456789012345678901234567890",
  `1${"0".repeat(400)}`,
  "NaN",
  "Infinity",
  "-",
  "01",
  "1.",
  ".5",
  "+1",
  "0x10",
  "1_000",
  "1e",
];

/** A hostile text, or any. */
export const TEXT: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
);

/** A change of bytes, or of the characters of a text: at a place, so many are replaced. */
export interface Cut {
  readonly at: number;
  readonly length: number;
  readonly put: string;
}

/** Changes of characters; `puts` are put besides random ones. */
export function cuts(puts: readonly string[]): fc.Arbitrary<readonly Cut[]> {
  const put = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("", ...puts) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: fc.nat({ max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 3 }),
    },
  );
  const length = fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 3 }) },
    { weight: 1, arbitrary: fc.nat({ max: 3000 }) },
  );
  return fc.array(fc.record({ at: fc.nat({ max: 1_000_000 }), length, put }), { maxLength: 6 });
}

/** Applies changes one after the other. */
export function applyCuts(text: string, changes: readonly Cut[]): string {
  return changes.reduce((now, { at, length, put }) => {
    const from = at % (now.length + 1);
    return now.slice(0, from) + put + now.slice(from + length);
  }, text);
}
