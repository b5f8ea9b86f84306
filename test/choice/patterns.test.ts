import fc from "fast-check";
import { expect, test } from "vitest";
import { createChoice, matches } from "../../src/choice/patterns.ts";

test.each([
  ["", "", true],
  ["", "a", false],
  ["a", "a", true],
  ["a", "ab", false],
  ["*", "", true],
  ["**", "a\nb", true],
  ["a*", "a", true],
  ["a*", "ba", false],
  ["*a", "aba", true],
  ["*a", "ab", false],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["ab*ba", "aba", false],
  ["*ab*ab*", "aab", false],
  ["*ab*ab*", "abab", true],
  ["a*b*c", "abcbc", true],
  ["a.c", "abc", false],
  ["sora_*_bytes_total", "sora_connection_rtp_received_bytes_total", true],
  ["会議*", "会議室", true],
])("%j and %j: %j", (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

test("a pattern says what the regular expression of its parts says", () => {
  const text = (...letters: string[]) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 });
  fc.assert(
    fc.property(text("a", "b", "*"), text("a", "b"), (pattern, candidate) => {
      expect(matches(pattern, candidate)).toBe(
        new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(candidate),
      );
    }),
    { numRuns: 1000 },
  );
});

test("a text that almost matches in very many ways is read to its end", () => {
  expect(matches(`${"a*".repeat(1000)}b`, "a".repeat(1_000_000))).toBe(false);
});

test.each([
  [[], [], ["a", "b", "ab"]],
  [["a*"], [], ["a", "ab"]],
  [["a", "b"], [], ["a", "b"]],
  [[], ["a*"], ["b"]],
  [["a*"], ["*b"], ["a"]],
  [["*"], ["*"], []],
])("of a, b, ab: %j without %j", (include, exclude, expected) => {
  expect(["a", "b", "ab"].filter(createChoice(include, exclude))).toEqual(expected);
});
