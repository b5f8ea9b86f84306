/** A snapshot becomes the compressed lines of its families; polls, and other renderings, go on meanwhile. */

import type { Format } from "../exposition/compose.ts";
import { PartCompressor } from "../exposition/gzip.ts";
import { LineWriter } from "../exposition/lines.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { RenderedFamily } from "./messages.ts";

const LINES = new LineWriter();

/** Renders all families of a snapshot. */
export async function renderSnapshot(snapshot: Snapshot, format: Format): Promise<RenderedFamily[]> {
  const rendered: RenderedFamily[] = [];
  const compressor = new PartCompressor();
  try {
    for (const family of snapshot.families) {
      const { name, help, type } = family;
      const parts = await compressor.compress(LINES.lines(snapshot, family, format));
      rendered.push({ name, help, type, parts });
    }
  } finally {
    compressor.close();
  }
  return rendered;
}
