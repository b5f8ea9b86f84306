/** Which metrics are exported, by name and by section of Sora's. */

import type { ChoiceConfig } from "../config/config.ts";
import type { Family } from "../snapshot/snapshot.ts";
import { createChoice } from "./patterns.ts";

/** Names that Sora does not have today come and go; no more of them are kept in mind. */
const MAX_NAMES = 10_000;

/** What tells whether a family is chosen; undefined where all are. */
export function createFamilyChoice({
  include,
  exclude,
  includeSections,
  excludeSections,
}: ChoiceConfig): ((family: Family) => boolean) | undefined {
  if ([include, exclude, includeSections, excludeSections].every((list) => list.length === 0))
    return undefined;
  const isNameChosen = createChoice(include, exclude);
  const isSectionChosen = createChoice(includeSections, excludeSections);
  const known = new Map<string, boolean>();
  return ({ name, section }) => {
    // What is in no section, as are the metrics of other calls, is not for sections to choose.
    if (section !== undefined && !isSectionChosen(section)) return false;
    let chosen = known.get(name);
    if (chosen === undefined) {
      if (known.size >= MAX_NAMES) known.clear();
      known.set(name, (chosen = isNameChosen(name)));
    }
    return chosen;
  };
}
