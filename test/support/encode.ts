/** A whole exposition at once, uncompressed. */

import { compose, type Format, type OwnFamily } from "../../src/exposition/compose.ts";
import { LineWriter } from "../../src/exposition/lines.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";

const WRITER = new LineWriter();

/** Encodes the exporter's own metrics and snapshots, no series of which may be in two of them. */
export function encode(
  own: readonly OwnFamily[],
  snapshots: readonly Snapshot[],
  format: Format,
  writer = WRITER,
): Buffer {
  const written = snapshots.map((snapshot) =>
    snapshot.families.map((family) => ({ ...family, parts: writer.lines(snapshot, family, format) })),
  );
  // A part is there only until the next one is asked for.
  return Buffer.concat(
    compose(own, written, format)
      .map((part) => Buffer.from(part))
      .toArray(),
  );
}
