/** What of all that is known of a target is exported: what is chosen, and no more than its limits allow. */

import type { ChoiceConfig, Limits } from "../config/config.ts";
import type { DropReason, Rejections } from "../snapshot/rejections.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { Bounds } from "./bounds.ts";
import { createChannelChoice } from "./channels.ts";
import { mapColumns } from "./columns.ts";
import { createFamilyChoice } from "./families.ts";
import { ZeroOmission } from "./zeros.ts";

/** What is exported of a target. */
export interface Chosen {
  /** One for each that there was to choose from, in the same order; the same object where nothing goes. */
  readonly snapshots: readonly Snapshot[];
  /** Series that there is no room for. */
  readonly dropped: Rejections<DropReason>;
  /** Of those, the ones of snapshots that no choice before has counted: to be added to a counter. */
  readonly newlyDropped: Rejections<DropReason>;
}

/** Chooses from one target, poll after poll. */
export class Chooser {
  readonly #select: (snapshot: Snapshot) => Snapshot;
  readonly #zeros: ZeroOmission | undefined;
  readonly #bounds: Bounds;
  readonly #counted = new WeakSet<Snapshot>();
  #last: { readonly from: readonly Snapshot[]; readonly chosen: Chosen } | undefined;

  constructor(choice: ChoiceConfig, limits: Limits) {
    this.#select = createSelection(choice);
    this.#zeros = choice.zero === "omit" ? new ZeroOmission() : undefined;
    this.#bounds = new Bounds(limits);
  }

  /**
   * Chooses from all snapshots of the target that are of exported levels. The rows of each are of one level, and no series is in
   * two of them. The same snapshots give the same objects again.
   *
   * @param nowMs of a clock that is never set back
   */
  choose(snapshots: readonly Snapshot[], nowMs: number): Chosen {
    const last = this.#last;
    if (last?.from.length === snapshots.length && last.from.every((one, i) => one === snapshots[i])) {
      return { ...last.chosen, newlyDropped: { counts: new Map(), first: undefined } };
    }
    const selected = snapshots.map(this.#select);
    const thinned = this.#bounds.thin(this.#zeros?.omit(selected, nowMs) ?? selected);
    const fresh = thinned.filter((_, i) => !this.#counted.has(snapshots[i]!));
    for (const snapshot of snapshots) this.#counted.add(snapshot);
    const chosen = {
      snapshots: thinned.map(({ snapshot }) => snapshot),
      dropped: add(thinned),
      newlyDropped: add(fresh),
    };
    this.#last = { from: [...snapshots], chosen };
    return chosen;
  }
}

/** The choice by name, section and channel; a snapshot always becomes the same. */
function createSelection(choice: ChoiceConfig): (snapshot: Snapshot) => Snapshot {
  const isFamilyChosen = createFamilyChoice(choice);
  const chooseChannels = createChannelChoice(choice);
  if (isFamilyChosen === undefined && chooseChannels === undefined) return (snapshot) => snapshot;
  const known = new WeakMap<Snapshot, Snapshot>();
  return (snapshot) => {
    let selected = known.get(snapshot);
    if (selected === undefined) {
      const families =
        isFamilyChosen === undefined
          ? snapshot
          : mapColumns(snapshot, (column, family) => (isFamilyChosen(family) ? column : undefined));
      selected = chooseChannels?.(families) ?? families;
      known.set(snapshot, selected);
    }
    return selected;
  };
}

function add(
  parts: readonly Pick<ReturnType<Bounds["thin"]>[number], "dropped" | "first">[],
): Rejections<DropReason> {
  const counts = new Map<DropReason, number>();
  for (const { dropped } of parts)
    for (const [reason, n] of dropped) counts.set(reason, (counts.get(reason) ?? 0) + n);
  return { counts, first: parts.find(({ first }) => first !== undefined)?.first };
}
