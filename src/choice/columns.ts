/** Parts of columns and snapshots. Whatever stays whole stays the same object, as renderings are kept by object. */

import { type Column, countSeries, type Family, type Row, type Snapshot } from "../snapshot/snapshot.ts";

/**
 * A column of some of its values.
 *
 * @param kept indices of values, ascending; not kept
 * @param newRowOf the new index of each row, where rows have moved
 */
export function pick(column: Column, kept: Uint32Array, newRowOf?: Int32Array): Column {
  const { rows, values, entryLabels } = column;
  const pickedValues = new Float64Array(kept.length);
  const pickedRows = new Uint32Array(kept.length);
  for (let i = 0; i < kept.length; i++) {
    const index = kept[i]!;
    const row = rows === undefined ? index : rows[index]!;
    pickedValues[i] = values[index]!;
    pickedRows[i] = newRowOf === undefined ? row : newRowOf[row]!;
  }
  return {
    ...column,
    rows: pickedRows,
    values: pickedValues,
    ...(entryLabels && { entryLabels: Array.from(kept, (index) => entryLabels[index]!) }),
  };
}

/**
 * A snapshot with its columns changed.
 *
 * @param change gives the same column for one that stays, undefined for one that goes
 * @param rows if they are other than before
 */
export function mapColumns(
  snapshot: Snapshot,
  change: (column: Column, family: Family) => Column | undefined,
  rows: readonly Row[] = snapshot.rows,
): Snapshot {
  const families: Family[] = [];
  let same = rows === snapshot.rows;
  for (const family of snapshot.families) {
    const columns: Column[] = [];
    let sameColumns = true;
    for (const column of family.columns) {
      const changed = change(column, family);
      if (changed !== column) sameColumns = false;
      if (changed !== undefined) columns.push(changed);
    }
    if (!sameColumns) same = false;
    if (columns.length > 0) families.push(sameColumns ? family : { ...family, columns });
  }
  return same ? snapshot : { ...snapshot, rows, families, series: countSeries(families) };
}
