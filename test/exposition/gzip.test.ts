import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gzip, type Part, PartCompressor } from "../../src/exposition/gzip.ts";

const unpack = (pieces: Parameters<typeof gzip>[0]) =>
  gunzipSync(Buffer.concat([...gzip(pieces)])).toString();

/** Compresses texts, each cut in two. */
async function compress(texts: readonly string[]): Promise<Part[]> {
  const compressor = new PartCompressor();
  const parts: Part[] = [];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const middle = Math.floor(bytes.length / 2);
    parts.push(await compressor.compress([bytes.subarray(0, middle), bytes.subarray(middle)]));
  }
  compressor.close();
  return parts;
}

test("texts and compressed parts, in any order, are one valid file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.boolean(), fc.string({ unit: "binary", maxLength: 3000 })), { maxLength: 12 }),
      async (pieces) => {
        const parts = await compress(pieces.map(([, text]) => text));
        const given = pieces.map(([compressed, text], i) => (compressed ? parts[i]! : text));
        expect(unpack(given)).toBe(pieces.map(([, text]) => Buffer.from(text).toString()).join(""));
      },
    ),
  );
});

test("a part can be used again, and texts can be longer than a block", async () => {
  const long = "0123456789".repeat(20_000);
  const [part] = (await compress([long])) as [Part];
  expect(part.bytes.length).toBeLessThan(long.length / 100);
  expect(unpack([part, long, part, "", part])).toBe(long.repeat(4));
});

test("nothing is a valid file too", () => {
  expect(unpack([])).toBe("");
});
