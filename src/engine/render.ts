/** A snapshot becomes the compressed lines of its families, without holding up what else the thread has to do. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Format } from "../exposition/compose.ts";
import { compressPart, type Part } from "../exposition/gzip.ts";
import { LineWriter } from "../exposition/lines.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { RenderedFamily } from "./messages.ts";

/** After so long others have their turn. */
const SLICE_MS = 4;

const LINES = new LineWriter();

/** Renders all families of a snapshot; polls, and other renderings, go on meanwhile. */
export async function renderSnapshot(snapshot: Snapshot, format: Format): Promise<RenderedFamily[]> {
  const rendered: RenderedFamily[] = [];
  let since = performance.now();
  for (const family of snapshot.families) {
    const parts: Part[] = [];
    for (const chunk of LINES.lines(snapshot, family, format)) {
      parts.push(compressPart(chunk));
      if (performance.now() - since < SLICE_MS) continue;
      await nextTurn();
      since = performance.now();
    }
    const { name, help, type } = family;
    rendered.push({ name, help, type, parts });
  }
  return rendered;
}
