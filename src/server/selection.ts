/** `/probe`: what of the metrics a request asks for. */

import type { Row, Snapshot } from "../snapshot/snapshot.ts";

/** What a series is about. */
const LEVELS = ["connection", "channel", "target"] as const;
export type Level = (typeof LEVELS)[number];

/** A request's selection, or what is wrong with it. */
export type Selection =
  { readonly target: string; readonly levels: ReadonlySet<Level> } | { readonly problem: string };

/**
 * Reads the query of `/probe`: `target`, the name of a configured target, and any number of `level`.
 *
 * @param query as fastify gives it: a list where a name is given several times
 */
export function readSelection(
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
): Selection {
  const unknown = Object.keys(query).find((name) => name !== "target" && name !== "level");
  if (unknown !== undefined)
    return { problem: `unknown parameter ${JSON.stringify(unknown)}; there are target and level` };
  const { target, level = LEVELS } = query;
  if (typeof target !== "string" || target === "")
    return { problem: "target is missing: ?target=NAME, once" };
  const levels = typeof level === "string" ? [level] : level;
  const wrong = levels.find((name) => !isLevel(name));
  if (wrong !== undefined)
    return { problem: `level ${JSON.stringify(wrong)} is not one of ${LEVELS.join(", ")}` };
  return { target, levels: new Set(levels.filter(isLevel)) };
}

/** The snapshots of some levels; all series of one are about the same kind of thing. */
export function selectLevels(
  snapshots: readonly Snapshot[],
  levels: ReadonlySet<Level>,
): readonly Snapshot[] {
  return snapshots.filter(({ rows }) => rows[0] !== undefined && levels.has(levelOf(rows[0])));
}

function levelOf({ channelId, connectionId }: Row): Level {
  if (connectionId !== undefined) return "connection";
  return channelId !== undefined ? "channel" : "target";
}

function isLevel(name: string): name is Level {
  return (LEVELS as readonly string[]).includes(name);
}
