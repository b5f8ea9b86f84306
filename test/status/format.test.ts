import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatKilobits,
  formatTime,
  formatTrouble,
  formatWhole,
} from "../../src/status/page/format.ts";
import { TEXTS } from "../../src/status/page/texts.ts";
import { escapeHtml, Html, html } from "../../src/status/page/html.ts";

test.each([
  [formatKilobits, undefined, "–"],
  [formatKilobits, 0, "0"],
  [formatKilobits, 1, "<1"],
  [formatKilobits, 1_234_567_890, "1,234,568"],
  [formatWhole, undefined, "–"],
  [formatWhole, 0.4, "<1"],
  [formatWhole, 0.5, "1"],
  [formatTrouble, undefined, "–"],
  [formatTrouble, 0, "0"],
  [formatTrouble, 0.04, "<0.1"],
  [formatTrouble, 0.06, "0.1"],
  [formatTrouble, 1234.56, "1,234.6"],
] as const)("%o(%s) is %s", (format, value, text) => {
  expect(format(value)).toBe(text);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [99_950, "100 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [131_000_000, "131 MB"],
  [5e15, "5,000,000 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [-5000, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_600_000, "1 h"],
  [3_660_000 + 59_000, "1 h 1 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms ago is %s", (ms, text) => {
  expect(formatAge(ms, TEXTS.en.units)).toBe(text);
});

test.each([
  [0.0004, "0 ms"],
  [0.999, "999 ms"],
  [0.9996, "1 s"],
  [1.25, "1.3 s"],
  [10, "10 s"],
  [300, "300 s"],
])("%d seconds take %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("a time is in UTC", () => {
  expect(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 999))).toBe("2026-01-02 03:04:05 UTC");
});

test("a template escapes everything but HTML", () => {
  expect(escapeHtml(`<a href="x">&'`)).toBe("&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  const inner = html`<b>${"<i>"}</b>`;
  expect(html`<p title="${'"'}">${inner}${[1, "&", undefined, [html`<u></u>`]]}</p>`).toEqual(
    new Html('<p title="&quot;"><b>&lt;i&gt;</b>1&amp;<u></u></p>'),
  );
});

test("a template's indentation goes, what stands in it stays", () => {
  expect(html`<p>
    ${"a\n    b"}</p>`.text).toBe("<p>\na\n    b</p>"); // prettier-ignore
});
