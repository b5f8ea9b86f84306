import fc from "fast-check";
import { expect, test } from "vitest";
import { shorten } from "../../src/snapshot/label-value.ts";

test.each([19, 20])("%i code units where 20 may be stay as they are", (length) => {
  expect(shorten("x".repeat(length), 20)).toBe("x".repeat(length));
});

test("what is longer keeps its beginning and a hash of the whole", () => {
  // printf 'xxxxxxxxxxxxxxxxxxxxx' | sha256sum
  expect(shorten("x".repeat(21), 20)).toBe(`xxx~${HASH_OF_21}`);
});

const HASH_OF_21 = "7799e51458c8540c";

test("no half of a surrogate pair is left, nothing is too long, and values that differ still do", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\u{1f600}", "\u{e9}"), minLength: 10, maxLength: 60 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 17, max: 40 }), (a, b, length) => {
      const [x, y] = [shorten(a, length), shorten(b, length)];
      expect(x.isWellFormed()).toBe(true);
      expect(x.length).toBeLessThanOrEqual(length);
      expect(x === y).toBe(a === b);
    }),
  );
});
