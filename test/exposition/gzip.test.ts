import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compressPart, gzip } from "../../src/exposition/gzip.ts";

const unpack = (pieces: Parameters<typeof gzip>[0]) =>
  gunzipSync(Buffer.concat([...gzip(pieces)])).toString();

test("texts and compressed parts, in any order, are one valid file", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.string({ unit: "binary", maxLength: 3000 })), { maxLength: 12 }),
      (pieces) => {
        const given = pieces.map(([compressed, text]) =>
          compressed ? compressPart(Buffer.from(text)) : text,
        );
        expect(unpack(given)).toBe(pieces.map(([, text]) => Buffer.from(text).toString()).join(""));
      },
    ),
  );
});

test("a part can be used again, and texts can be longer than a block", () => {
  const long = "0123456789".repeat(20_000);
  const part = compressPart(Buffer.from(long));
  expect(part.bytes.length).toBeLessThan(long.length / 100);
  expect(unpack([part, long, part, "", part])).toBe(long.repeat(4));
});

test("nothing is a valid file too", () => {
  expect(unpack([])).toBe("");
});
