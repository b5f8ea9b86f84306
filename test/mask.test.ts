import { expect, test } from "vitest";
import { Mask } from "../src/mask.ts";

test.each([
  ["s3cr3t", "it was s3cr3t, s3cr3ts3cr3t", "it was <secret>, <secret><secret>"],
  ["Bearer t0p.s3cr3t+/=", "got Bearer t0p.s3cr3t+/=", "got <secret>"],
  ["Bearer t0p.s3cr3t+/=", '{"token":"t0p.s3cr3t+/="}', '{"token":"<secret>"}'],
  ["Bearer t0p.s3cr3t+/=", "?token=t0p.s3cr3t%2B%2F%3D", "?token=<secret>"],
  ['a"b\\c', String.raw`{"x":"a\"b\\c"}`, '{"x":"<secret>"}'],
  // me:pässword
  ["Basic bWU6cMOkc3N3b3Jk", "bWU6cMOkc3N3b3Jk me:pässword, pässword", "<secret> <secret>, <secret>"],
  ["s3cr3t", "czNjcjN0", "<secret>"],
  // What is told is cut.
  ["Bearer abcdefgh-1234", "it was abcdefgh-1…", "it was <secret>…"],
  // user:pass word+1
  ["Basic dXNlcjpwYXNzIHdvcmQrMQ==", "pass word+1 and pass%20word%2B1", "<secret> and <secret>"],
  // What is short is hidden where it stands for itself.
  ["1", "HTTP 401, tenant 1", "HTTP 401, tenant <secret>"],
  ["", "nothing", "nothing"],
])("of %j, %j is logged as %j", (value, text, expected) => {
  const mask = new Mask();
  expect(mask.hide(text)).toBe(text);
  mask.learn(value);
  expect(mask.hide(text)).toBe(expected);
});

test("values that were sent before are kept in mind, up to a number", () => {
  const mask = new Mask();
  for (let i = 0; i < 101; i++) mask.learn(`s3cr3t-${i}-`);
  expect(mask.hide("s3cr3t-0-, s3cr3t-1-, s3cr3t-100-")).toBe("s3cr3t-0-, <secret>, <secret>");
});
