/** `/probe`: what of the metrics a request asks for. */

import { type Group, GROUPS } from "../poller/groups.ts";
import { type Level, LEVELS } from "../snapshot/snapshot.ts";

/** What a request asks for. */
export interface Selection {
  /** Name of a target, configured or not. */
  readonly target: string;
  readonly levels: ReadonlySet<Level>;
  readonly groups: ReadonlySet<Group>;
}

const PARAMETERS: readonly string[] = ["target", "level", "group"];

/**
 * Reads the query of `/probe`: `target`, and any number of `level` and of `group`; without them all levels or groups.
 *
 * @param query as fastify gives it: a list where a name is given several times
 * @returns with `problem`, what is wrong with it
 */
export function readSelection(
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
): Selection | { readonly problem: string } {
  const unknown = Object.keys(query).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined)
    return { problem: `unknown parameter ${JSON.stringify(unknown)}; there are ${PARAMETERS.join(", ")}` };
  const { target } = query;
  if (typeof target !== "string" || target === "")
    return { problem: "target is missing: ?target=NAME, once" };
  const levels = readChoices("level", query["level"], LEVELS);
  if (typeof levels === "string") return { problem: levels };
  const groups = readChoices("group", query["group"], GROUPS);
  if (typeof groups === "string") return { problem: groups };
  return { target, levels, groups };
}

/** @returns a string that says what is wrong */
function readChoices<T extends string>(
  name: string,
  given: string | readonly string[] | undefined,
  choices: readonly T[],
): ReadonlySet<T> | string {
  if (given === undefined) return new Set(choices);
  const known: ReadonlySet<string> = new Set(choices);
  const values = typeof given === "string" ? [given] : given;
  const wrong = values.find((value) => !known.has(value));
  if (wrong !== undefined) return `${name} ${JSON.stringify(wrong)} is not one of ${choices.join(", ")}`;
  return new Set(choices.filter((choice) => values.includes(choice)));
}
