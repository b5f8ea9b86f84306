/** Lists in Sora's answers whose elements are objects with a name. */

import type { Draft } from "../snapshot/draft.ts";
import { labelValue } from "../snapshot/label-value.ts";
import { isObject } from "../sora/json.ts";

/**
 * Visits the objects of a list that have a name, each name once; what else there is, is counted in the draft.
 *
 * @param keys of which the first that is there holds the name
 */
export function forEachNamed(
  elements: readonly unknown[],
  keys: readonly string[],
  draft: Draft,
  visit: (element: Readonly<Record<string, unknown>>, name: string, where: string) => void,
): void {
  const seen = new Set<string>();
  for (const [index, element] of elements.entries()) {
    const where = `element ${index}`;
    if (!isObject(element)) {
      draft.reject("not_an_object", where);
      continue;
    }
    const given = keys.map((key) => element[key]).find((name) => name !== undefined);
    const name = typeof given === "string" ? labelValue(given) : "";
    if (name === "") draft.reject("no_name", `${where}: ${keys.join(" or ")}`);
    else if (seen.has(name)) draft.reject("duplicate", where);
    else {
      seen.add(name);
      visit(element, name, where);
    }
  }
}
