/** An exposition put together from what was rendered snapshot by snapshot: every metric once, with the lines of all. */

import type { RenderedFamily } from "../engine/messages.ts";
import { compareNames } from "../snapshot/snapshot.ts";
import { familyHead, type Format, type OwnFamily, ownFamilyText, takenNames } from "./encode.ts";
import type { Part } from "./gzip.ts";

/**
 * Puts an exposition together.
 *
 * @param own the exporter's own metrics
 * @param snapshots the families of each snapshot; no series may be in two of them
 * @returns the pieces in order: valid under the format's own grammar once they are joined
 */
export function* compose(
  own: readonly OwnFamily[],
  snapshots: readonly (readonly RenderedFamily[])[],
  format: Format,
): Generator<string | Part, void, void> {
  const byName = Map.groupBy(snapshots.flat(), ({ name }) => name);
  const names = takenNames([...own, ...snapshots.flat()]);
  for (const family of own) yield ownFamilyText(family, format, names);
  for (const [, families] of [...byName].sort(([a], [b]) => compareNames(a, b))) {
    yield familyHead(families[0]!, format, names);
    for (const { parts } of families) yield* parts;
  }
  if (format === "openmetrics") yield "# EOF\n";
}
