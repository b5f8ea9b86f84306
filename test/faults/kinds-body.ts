/** Faults of what is said: answers that come whole, and are not what was asked for. */

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { below, pick } from "../../src/simulator/prng.ts";
import { hurting } from "./kinds-wire.ts";
import type { Kind, Kinds } from "./kinds.ts";
import type { Exchange } from "./proxy.ts";

type Body = string | Buffer;

/** Answers with status 200 and another body. */
function saying(
  body: (exchange: Exchange) => Body,
  reason: Kind["reason"],
  headers: Record<string, string> = {},
): Kind {
  return hurting((exchange) => {
    const said = body(exchange);
    const bytes = typeof said === "string" ? Buffer.from(said) : said;
    exchange.response.writeHead(200, { ...headers, "content-length": bytes.length }).end(bytes);
  }, reason);
}

const onlyStatistics = (kind: Kind): Kind => ({ ...kind, only: "statistics" });

function compressed(encoding: string, body: (exchange: Exchange) => Body): Kind {
  return saying(body, "invalid_json", { "content-encoding": encoding });
}

/** A hundred megabytes of blanks, that come as a hundred kilobytes. */
const BOMB = gzipSync(Buffer.alloc(100_000_000, " "));

const NO_JSON = ["oops", "[{]", "[NaN]", "[1,]", '["\u0001"]', "\u{feff}[]", "[] []", "'[]'", "\0"] as const;

/** A connection before the good ones, in which sections are nested so deep that whoever walks them falls. */
function deepConnection({ upstream: { body } }: Exchange): string {
  const DEEP = 20_000;
  const nested = `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`;
  const rest = body.toString().slice(1);
  return `[{"channel_id":"deep","connection_id":"deep","rtp":${nested}}${rest === "]" ? "" : ","}${rest}`;
}

export const BODY_KINDS: Kinds = {
  "nothing at all": saying(() => "", "invalid_json"),
  "no JSON": saying(({ random }) => pick(random, NO_JSON), "invalid_json"),
  "a page": saying(() => "<!doctype html><title>Welcome</title>", "invalid_json", {
    "content-type": "text/html",
  }),
  "random bytes": saying(({ random }) => {
    return Buffer.from(Array.from({ length: 1 + below(random, 5000) }, () => 128 + below(random, 128)));
  }, "invalid_json"),
  "JSON that is cut": saying(
    ({ upstream: { body }, random }) => body.subarray(0, 1 + below(random, body.length - 1)),
    "invalid_json",
  ),
  "JSON of another shape": saying(
    ({ upstream: { body }, random }) =>
      pick(random, ["null", "5", '"x"', "true", body[0] === 0x5b ? '{"connections":[]}' : "[]"]),
    "unexpected_body",
  ),
  "an array of something else": onlyStatistics(
    saying(({ random }) => pick(random, ["[1,2,3]", "[null]", '["a",[],{}]', "[[]]"]), "unexpected_body"),
  ),
  "arrays in arrays without end": onlyStatistics(
    saying(() => "[".repeat(100_000) + "]".repeat(100_000), "unexpected_body"),
  ),
  "sections in sections without end": onlyStatistics(saying(deepConnection, undefined)),
  "bytes that are no UTF-8": onlyStatistics(
    saying(({ upstream: { body } }) => {
      const at = body.indexOf('"connection_id":"') + '"connection_id":"'.length;
      const spoiled = Buffer.from(body);
      spoiled[at] = 0xff;
      return spoiled;
    }, undefined),
  ),
  "an error of Sora's": hurting(({ response }) => {
    response.writeHead(400).end('{"error_type":"NOT-CLUSTER-MAJORITY"}');
  }, "sora_error"),
  "an error of Sora's with status 200": saying(() => '{"error_type":"NOT-CLUSTER-MAJORITY"}', "sora_error"),
  gzip: compressed("gzip", ({ upstream: { body } }) => gzipSync(body)),
  deflate: compressed("deflate", ({ upstream: { body } }) => deflateSync(body)),
  brotli: compressed("br", ({ upstream: { body } }) => brotliCompressSync(body)),
  "gzip that nobody tells of": saying(({ upstream: { body } }) => gzipSync(body), "invalid_json"),
  "gzip that is broken": compressed("gzip", ({ upstream: { body }, random }) =>
    pick(random, [gzipSync(body).subarray(0, -8), Buffer.from("no gzip"), body]),
  ),
  "a gzip bomb": compressed("gzip", () => BOMB),
};
