import { expect, test } from "vitest";
import { negotiate } from "../../src/exposition/negotiate.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

test.each([
  ["nothing", undefined, TEXT],
  ["a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT],
  ["curl", "*/*", TEXT],
  [
    "Prometheus 2.42",
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    OPENMETRICS,
  ],
  [
    "Prometheus 3",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    OPENMETRICS,
  ],
  ["OpenMetrics without a version", "application/openmetrics-text", OPENMETRICS],
  ["another version of OpenMetrics", "application/openmetrics-text;version=2.0.0", TEXT],
  [
    "text first by q",
    "application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.8",
    TEXT,
  ],
  ["OpenMetrics refused by q", "application/openmetrics-text;q=0,*/*;q=0.5", TEXT],
  ["text refused by q", "text/plain;q=0,*/*;q=0.5", OPENMETRICS],
  ["a charset", "application/openmetrics-text; version=1.0.0; charset=utf-8", OPENMETRICS],
  ["only what there is not", "application/json", TEXT],
  ["garbage", ";;;,/,q=", TEXT],
  ["an empty header", "", TEXT],
])("%s", (_, accept, expected) => {
  const { contentType, format } = negotiate(accept === undefined ? {} : { accept });
  expect(contentType).toBe(expected);
  expect(format).toBe(expected === TEXT ? "prometheus-text" : "openmetrics");
});

test.each([
  [undefined, false],
  ["gzip", true],
  ["gzip, deflate, br", true],
  ["GZIP", true],
  ["*", true],
  ["gzip;q=0", false],
  ["identity", false],
  ["identity;q=1, gzip;q=0.5", false],
  ["gzip;q=0.5, identity;q=0.1", true],
  ["br, zstd", false],
  ["", false],
])("accept-encoding %s: gzip %s", (encoding, gzip) => {
  expect(negotiate(encoding === undefined ? {} : { "accept-encoding": encoding }).gzip).toBe(gzip);
});
