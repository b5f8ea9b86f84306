import fc from "fast-check";
import { expect, test } from "vitest";
import { originalKey, parseJson } from "../../src/sora/json.ts";

/** A parsed value with its keys as they were written. */
function restored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, child]) => [originalKey(key), restored(child)]);
}

test("a key with a backslash is not taken for another one whose escapes look like it", () => {
  // Each pair shares a beginning, as Node.js 26 needs it to take the second's key for the first's.
  for (const [one, other] of [
    ["#a\\", '#a"'],
    ["#a\\", "#a\n"],
    ["#a\\n", "#a\n"],
    ["#a\\u0022", "#a\u0001"],
  ] as const) {
    const parse = (...keys: string[]) =>
      restored(parseJson(`{${keys.map((key, i) => `${JSON.stringify(key)}:${i}`).join(",")}}`));
    for (let again = 0; again < 3; again++) {
      expect(parse("signaling", one)).toEqual([["signaling", 0], [one, 1]]); // prettier-ignore
      expect(parse("signaling", other)).toEqual([["signaling", 0], [other, 1]]); // prettier-ignore
      expect(parse("signaling", other, one)).toEqual([["signaling", 0], [other, 1], [one, 2]]); // prettier-ignore
    }
  }
});

test("whatever the keys and strings are, nothing is lost", () => {
  const text = fc.stringMatching(/^[a"\\n:\n\u{e9}{}, ]{0,5}$/u);
  const entries = fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 3 }), (objects) => {
      const json = `[${objects
        .map(
          (one) =>
            `{${one.map(([key, value]) => `${JSON.stringify(key)} : ${JSON.stringify(value)}`).join(",")}}`,
        )
        .join(",")}]`;
      const byKey = (a: [string, unknown], b: [string, unknown]) => (a[0] < b[0] ? -1 : 1);
      const parsed = (restored(parseJson(json)) as [string, unknown][][]).map((one) => one.sort(byKey));
      expect(parsed).toEqual(objects.map((one) => [...one].sort(byKey)));
    }),
    { numRuns: 2000 },
  );
});

test("the stand-in for a backslash is never taken for one that was written", () => {
  const text = JSON.stringify({ "a\u{fdd0}": 1, "a\\": 2 });
  expect(restored(parseJson(text))).toEqual([["a\u{fffd}", 1], ["a\\", 2]]); // prettier-ignore
});

test("a long key of backslashes alone", () => {
  const key = "\\".repeat(4_000_000);
  expect(restored(parseJson(JSON.stringify({ [key]: 1 })))).toEqual([[key, 1]]);
});

test("long strings full of escapes, and strings without an end", () => {
  const long = '\\"'.repeat(1_000_000);
  const text = JSON.stringify([{ [`k\\`]: long }]);
  expect(restored(parseJson(text))).toEqual([[["k\\", long]]]);
  expect(() => parseJson(text.slice(0, -3))).toThrow(SyntaxError);
});
