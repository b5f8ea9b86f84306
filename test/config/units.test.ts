import { constants } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../src/config/units.ts";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1m30s", 90_000],
    ["90s", 90_000],
    ["1h1ms", 3_600_001],
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    ["1y2w3d4h5m6s7ms", 33_019_506_007],
    ["007s", 7_000],
    ["0s", 0],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "0",
    "10",
    "s",
    "10x",
    "1s1m",
    "1s1s",
    "1.5s",
    "-1s",
    "+1s",
    " 1s",
    "1s ",
    "1s\n",
    "1S",
    "1M",
  ])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("one too long to count is none", () => {
    expect(parseDuration("999999999999y")).toBeUndefined();
  });

  test.each([
    [0, "0s"],
    [1, "1ms"],
    [90_000, "1m30s"],
    [90_061_001, "1d1h1m1s1ms"],
    [7 * 86_400_000, "1w"],
    [8 * 86_400_000, "8d"],
    [365 * 86_400_000, "1y"],
    [366 * 86_400_000, "366d"],
  ])("%d ms are written %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("reading what was written gives the same number", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  test("the units add up", () => {
    const part = fc.nat({ max: 999 });
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1000 + ms);
      }),
    );
  });
});

describe("sizes", () => {
  test.each([
    ["1B", 1],
    ["1500B", 1500],
    ["3KB", 3072],
    ["256MB", 268_435_456],
    ["1GB", 1_073_741_824],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    "",
    "0",
    "256",
    "MB",
    "256mb",
    "256M",
    "1.5MB",
    "-1KB",
    "1MB1KB",
    " 1KB",
    "1KB\n",
    "1TB",
    "1KiB",
  ])("%j is none", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  test("one too large to count is none", () => {
    expect(parseSize("99999999999GB")).toBeUndefined();
  });

  test.each([
    [0, "0B"],
    [1023, "1023B"],
    [1536, "1536B"],
    [2048, "2KB"],
    [2 ** 30, "1GB"],
    [2 ** 30 + 2 ** 20, "1025MB"],
  ])("%d bytes are written %s", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test("reading what was written gives the same number", () => {
    const bytes = fc.oneof(
      fc.maxSafeNat(),
      fc
        .tuple(fc.nat({ max: 1_000_000 }), fc.constantFrom(1, 2 ** 10, 2 ** 20, 2 ** 30))
        .map(([n, unit]) => n * unit),
    );
    fc.assert(fc.property(bytes, (size) => parseSize(formatSize(size)) === size));
  });

  test("the engine can hold the largest answer that may be configured, and not one of 512MB", () => {
    expect(parseSize("511MB")).toBeLessThanOrEqual(constants.MAX_STRING_LENGTH);
    expect(parseSize("512MB")).toBeGreaterThan(constants.MAX_STRING_LENGTH);
  });
});
