/** Whose channels' series are exported. */

import type { ChoiceConfig } from "../config/config.ts";
import type { Column, Row, Snapshot } from "../snapshot/snapshot.ts";
import { mapColumns, pick } from "./columns.ts";
import { createChoice } from "./patterns.ts";

/** Some of the rows of a snapshot. */
interface ChosenRows {
  readonly rows: readonly Row[];
  /** New index by old, -1 where the row goes. */
  readonly newIndexOf: Int32Array;
}

/**
 * What leaves out the rows of channels that are not chosen, and the series that are about them; undefined where all
 * channels are chosen. Rows without a channel stay.
 */
export function createChannelChoice({
  includeChannels,
  excludeChannels,
}: ChoiceConfig): ((snapshot: Snapshot) => Snapshot) | undefined {
  if (includeChannels.length === 0 && excludeChannels.length === 0) return undefined;
  const isChosen = createChoice(includeChannels, excludeChannels);
  // Snapshots that have their rows in common go on having them in common.
  const chosenRows = new WeakMap<readonly Row[], ChosenRows>();
  return (snapshot) => {
    let chosen = chosenRows.get(snapshot.rows);
    if (chosen === undefined) chosenRows.set(snapshot.rows, (chosen = chooseRows(snapshot.rows, isChosen)));
    return withRows(snapshot, chosen);
  };
}

function chooseRows(rows: readonly Row[], isChosen: (channelId: string) => boolean): ChosenRows {
  const known = new Map<string, boolean>();
  const newIndexOf = new Int32Array(rows.length).fill(-1);
  const chosen: Row[] = [];
  for (const [i, row] of rows.entries()) {
    const { channelId } = row;
    let stays = channelId === undefined || known.get(channelId);
    if (stays === undefined) known.set(channelId!, (stays = isChosen(channelId!)));
    if (stays) newIndexOf[i] = chosen.push(row) - 1;
  }
  return { rows: chosen.length === rows.length ? rows : chosen, newIndexOf };
}

function withRows(snapshot: Snapshot, { rows, newIndexOf }: ChosenRows): Snapshot {
  if (rows === snapshot.rows) return snapshot;
  const keptOfWhole = new Uint32Array(rows.length);
  for (let row = 0, kept = 0; row < newIndexOf.length; row++)
    if (newIndexOf[row]! >= 0) keptOfWhole[kept++] = row;
  return mapColumns(
    snapshot,
    (column) => {
      if (column.rows !== undefined) return pickRows(column, column.rows, newIndexOf);
      if (keptOfWhole.length === 0) return undefined;
      return { ...pick(column, keptOfWhole), rows: undefined };
    },
    rows,
  );
}

function pickRows(column: Column, rows: Uint32Array, newIndexOf: Int32Array): Column | undefined {
  const kept = new Uint32Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) if (newIndexOf[rows[i]!]! >= 0) kept[count++] = i;
  return count === 0 ? undefined : pick(column, kept.subarray(0, count), newIndexOf);
}
