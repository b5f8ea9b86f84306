/** What of several things has room below a limit, without changing its mind from poll to poll. */

/** What stays or goes as a whole. */
export interface Unit {
  readonly key: string;
  readonly series: number;
}

/** What went comes back where so much of the limit is enough: a number of series close to the limit must not make it flap. */
export const ROOM_TO_RETURN = 0.9;

/**
 * Finds what has to go. What stays is a beginning of the list, and never more than the limit.
 *
 * @param units those that are worth most first
 * @param gone the keys of those that had to go the last time
 * @returns the keys of those that have to go now
 */
export function fit(units: readonly Unit[], gone: ReadonlySet<string>, limit: number): Set<string> {
  let sum = 0;
  const fits = ({ key, series }: Unit) => {
    sum += series;
    return sum <= (gone.has(key) ? limit * ROOM_TO_RETURN : limit);
  };
  const end = units.findIndex((unit) => !fits(unit));
  return new Set(end === -1 ? [] : units.slice(end).map(({ key }) => key));
}

/**
 * Sorts by number of series, the most first. What had to go the last time counts half, so that two that are about as many do
 * not take turns.
 */
export function byUse(units: readonly Unit[], gone: ReadonlySet<string>): Unit[] {
  const use = ({ key, series }: Unit) => (gone.has(key) ? series / 2 : series);
  return [...units].sort((a, b) => use(b) - use(a) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
