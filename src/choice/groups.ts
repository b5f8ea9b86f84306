/**
 * Within a metric, the series with labels that users choose are detail: by such a label they can go while the metric stays.
 * All others are the metric itself, which is whole or absent, so that no sum over it is wrong without anybody noticing.
 */

import type { Label } from "../catalog/resolve.ts";
import type { Column, Family } from "../snapshot/snapshot.ts";
import { CHOSEN_LABELS } from "../sums/increases.ts";
import { pick } from "./columns.ts";

/** The labels that users choose, as one text; undefined where there are none. */
function groupOf(labels: readonly Label[]): string | undefined {
  let group: string | undefined;
  for (const [name, value] of labels)
    if (CHOSEN_LABELS.has(name))
      group = `${group === undefined ? "" : `${group},`}${name}=${JSON.stringify(value)}`;
  return group;
}

/** Shows how many series of a metric are in each group; undefined is the metric itself. */
export function eachGroup(
  { columns }: Family,
  visit: (group: string | undefined, series: number) => void,
): void {
  for (const { labels, values, entryLabels } of columns) {
    if (entryLabels === undefined) visit(groupOf(labels), values.length);
    else for (const one of entryLabels) visit(groupOf(one), 1);
  }
}

/**
 * A column without some groups; the same where all of it stays, undefined where nothing does.
 *
 * @param isGone is asked about each group of the column; undefined is the metric itself
 */
export function withoutGroups(
  column: Column,
  isGone: (group: string | undefined) => boolean,
): Column | undefined {
  const { labels, entryLabels } = column;
  if (entryLabels === undefined) return isGone(groupOf(labels)) ? undefined : column;
  const kept = entryLabels.flatMap((one, i) => (isGone(groupOf(one)) ? [] : [i]));
  if (kept.length === entryLabels.length) return column;
  return kept.length === 0 ? undefined : pick(column, Uint32Array.from(kept));
}
