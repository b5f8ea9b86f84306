/**
 * No target, and no metric of it, has more series than it may. Where there are too many the detail goes first: labels that
 * users choose before metrics, single connections before channels, channels before the target. A bound always holds; below
 * all that it is, nothing of the target is left.
 */

import type { Limits } from "../config/config.ts";
import type { DropReason } from "../snapshot/rejections.ts";
import { countSeries, type Family, type Level, seriesOf, type Snapshot } from "../snapshot/snapshot.ts";
import { mapColumns } from "./columns.ts";
import { byUse, fit, type Unit } from "./fit.ts";
import { eachGroup, withoutGroups } from "./groups.ts";
import { compareWorth, levelToThin, LEVELS_BY_WORTH } from "./usefulness.ts";

/** A snapshot of what there is room for. */
export interface Thinned {
  readonly snapshot: Snapshot;
  /** How many series went, by reason; without those of which none did. */
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** The first metric of which something went. */
  readonly first: string | undefined;
}

/** What tells which groups of a metric have to go, undefined being the metric itself; undefined where none of it has to. */
type GoneOf = (family: Family, level: Level) => ((group: string | undefined) => boolean) | undefined;

interface Result {
  readonly snapshot: Snapshot;
  /** What went, in the order in which it was come upon. */
  readonly gone: readonly string[];
}

export class Bounds {
  readonly #limits: Limits;
  /** By metric, what had to go the last time. */
  #goneOfMetrics: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #goneOfTarget: ReadonlySet<string> = new Set();
  /** What a snapshot was made into the last time, so that it is made into the same again. */
  readonly #byMetric = new WeakMap<Snapshot, Result>();
  readonly #byTarget = new WeakMap<Snapshot, Result>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Thins all that is known of a target. */
  thin(snapshots: readonly Snapshot[]): Thinned[] {
    const goneOfMetric = this.#thinMetrics(snapshots);
    const byMetric = snapshots.map((one) => remove(one, goneOfMetric, this.#byMetric));
    const kept = byMetric.map(({ snapshot }) => snapshot);
    const goneOfTarget = this.#thinTarget(kept);
    const byTarget = kept.map((one) => remove(one, goneOfTarget, this.#byTarget));
    return snapshots.map((before, i) => {
      const { snapshot: between, gone } = byMetric[i]!;
      const { snapshot, gone: more } = byTarget[i]!;
      const dropped = new Map<DropReason, number>();
      if (between.series < before.series) dropped.set("series_per_metric", before.series - between.series);
      if (snapshot.series < between.series)
        dropped.set("series_per_target", between.series - snapshot.series);
      return { snapshot, dropped, first: gone[0] ?? more[0] };
    });
  }

  /** @returns undefined where every metric has room */
  #thinMetrics(snapshots: readonly Snapshot[]): GoneOf | undefined {
    const limit = this.#limits.seriesPerMetric;
    const before = this.#goneOfMetrics;
    this.#goneOfMetrics = new Map();
    if (before.size === 0 && seriesOf(snapshots) <= limit) return undefined;
    const goneOfMetrics = new Map<string, ReadonlySet<string>>();
    for (const name of new Set([...crowded(snapshots, limit), ...before.keys()])) {
      const goneBefore = before.get(name) ?? new Set();
      const groups = new Groups();
      for (const { families } of snapshots)
        for (const family of families) if (family.name === name) groups.add(family);
      const units = [{ key: ITSELF, series: groups.series }, ...byUse(groups.units(), goneBefore)];
      const gone = fit(units, goneBefore, limit);
      if (gone.size > 0) goneOfMetrics.set(name, gone);
    }
    this.#goneOfMetrics = goneOfMetrics;
    if (goneOfMetrics.size === 0) return undefined;
    return ({ name }) => {
      const gone = goneOfMetrics.get(name);
      return gone && ((group) => gone.has(group ?? ITSELF));
    };
  }

  /** @returns undefined where there is room for everything */
  #thinTarget(snapshots: readonly Snapshot[]): GoneOf | undefined {
    const limit = this.#limits.seriesPerTarget;
    const before = this.#goneOfTarget;
    this.#goneOfTarget = new Set();
    if (before.size === 0 && seriesOf(snapshots) <= limit) return undefined;
    const units: Unit[] = [];
    for (const [level, families] of byLevel(snapshots)) {
      const groups = new Groups((group) => `${level} ${group}`);
      for (const family of families.sort(compareWorth)) {
        const others = groups.series;
        groups.add(family);
        units.push({ key: family.name, series: groups.series - others });
      }
      units.push(...byUse(groups.units(), before));
    }
    const gone = fit(units, before, limit);
    this.#goneOfTarget = gone;
    if (gone.size === 0) return undefined;
    return ({ name }, level) =>
      (group) =>
        gone.has(name) || (group !== undefined && gone.has(`${level} ${group}`));
  }
}

/** In place of a group, the series that are in none. */
const ITSELF = "";

/** How many series metrics have in each group. */
class Groups {
  readonly #byKey = new Map<string, number>();
  readonly #keyOf: (group: string) => string;
  /** In no group. */
  series = 0;

  constructor(keyOf = (group: string) => group) {
    this.#keyOf = keyOf;
  }

  add(family: Family): void {
    eachGroup(family, (group, series) => {
      if (group === undefined) this.series += series;
      else {
        const key = this.#keyOf(group);
        this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + series);
      }
    });
  }

  units(): Unit[] {
    return [...this.#byKey].map(([key, series]) => ({ key, series }));
  }
}

function byLevel(snapshots: readonly Snapshot[]): [Level, Family[]][] {
  const all = snapshots.flatMap((one) =>
    one.families.map((family) => [levelToThin(one, family), family] as const),
  );
  return LEVELS_BY_WORTH.map((level) => [
    level,
    all.flatMap(([of, family]) => (of === level ? [family] : [])),
  ]);
}

function remove(snapshot: Snapshot, goneOf: GoneOf | undefined, results: WeakMap<Snapshot, Result>): Result {
  if (goneOf === undefined) return { snapshot, gone: [] };
  const gone: string[] = [];
  const result = mapColumns(snapshot, (column, family) => {
    const isGone = goneOf(family, levelToThin(snapshot, family));
    if (isGone === undefined) return column;
    return withoutGroups(column, (group) => {
      const goes = isGone(group);
      if (goes) gone.push(group === undefined ? family.name : `${family.name}{${group}}`);
      return goes;
    });
  });
  const last = results.get(snapshot);
  if (last?.gone.length === gone.length && last.gone.every((one, i) => one === gone[i])) return last;
  results.set(snapshot, { snapshot: result, gone });
  return { snapshot: result, gone };
}

/** The metrics that have more series than a limit. */
function crowded(snapshots: readonly Snapshot[], limit: number): Set<string> {
  const counts = new Map<string, number>();
  for (const { families } of snapshots)
    for (const family of families)
      counts.set(family.name, (counts.get(family.name) ?? 0) + countSeries([family]));
  return new Set([...counts].flatMap(([name, count]) => (count > limit ? [name] : [])));
}
