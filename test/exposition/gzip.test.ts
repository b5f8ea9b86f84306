import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gzip, type Part, PartCompressor } from "../../src/exposition/gzip.ts";

const unpack = (pieces: Parameters<typeof gzip>[0]) =>
  gunzipSync(Buffer.concat([...gzip(pieces)])).toString();

/** Compresses texts, each cut in two. */
async function compress(texts: readonly string[]): Promise<Part[][]> {
  const compressor = new PartCompressor();
  const all: Part[][] = [];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const middle = Math.floor(bytes.length / 2);
    all.push(await compressor.compress([bytes.subarray(0, middle), bytes.subarray(middle)]));
  }
  compressor.close();
  return all;
}

/** Up to what is compressed in another thread. */
const TEXT = fc
  .tuple(fc.string({ unit: "binary", maxLength: 100 }), fc.constantFrom(0, 1, 10, 1000, 10_000))
  .map(([text, times]) => Array.from({ length: times }, (_, i) => `${i}${text}`).join(""));

test("texts and compressed parts, in any order, are one valid file", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), TEXT), { maxLength: 8 }), async (pieces) => {
      const parts = await compress(pieces.map(([, text]) => text));
      const given = pieces.flatMap<string | Part>(([compressed, text], i) =>
        compressed ? parts[i]! : [text],
      );
      const whole = pieces.map(([, text]) => Buffer.from(text).toString()).join("");
      expect(unpack(given) === whole).toBe(true);
    }),
  );
});

test("parts can be used again, and texts can be longer than a block", async () => {
  const long = "0123456789".repeat(40_000);
  const [parts] = (await compress([long])) as [Part[]];
  expect(parts).toHaveLength(1);
  expect(parts[0]!.bytes.length).toBeLessThan(long.length / 100);
  expect(unpack([...parts, long, ...parts, "", ...parts]) === long.repeat(4)).toBe(true);
});

test("nothing is a valid file too", () => {
  expect(unpack([])).toBe("");
});
