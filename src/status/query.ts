/** What a request to the status page, or to its JSON, asks for. */

import type { StatusQuery } from "../engine/status.ts";
import { exactName, MAX_NAME } from "./filter.ts";

/** How long a text may be, in UTF-16 code units, and how many rows there are usually, and at most. */
export const BOUNDS = {
  text: 300,
  channels: { usual: 20, most: 200 },
  connections: { usual: 50, most: 500 },
} as const;

/** A query as fastify gives it: a list where a name is given several times. */
export type GivenQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Reads `q`, `channel`, `target`, `channels` and `connections`. What is too long is cut, what is empty is not there, what is too many becomes the most there may be, and
 * what is no number the usual; other parameters are not looked at.
 */
export function readQuery(given: GivenQuery): StatusQuery {
  return {
    text: (first(given["q"]) ?? "").slice(0, BOUNDS.text).toWellFormed().trim(),
    channel: readName(first(given["channel"])),
    target: readName(first(given["target"])),
    channels: readCount(first(given["channels"]), BOUNDS.channels),
    connections: readCount(first(given["connections"]), BOUNDS.connections),
  };
}

/** The value of a parameter, the first where there are several. */
export function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

function readName(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : exactName(text);
}

function readCount(text: string | undefined, { usual, most }: { usual: number; most: number }): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Math.min(Number(text), most) : usual;
}

/**
 * A query as a URL has it, with its question mark; empty where there is nothing to say.
 *
 * @param changes parameters that are to be other than in the query; undefined where one is to go
 */
export function queryString(
  { text, channel, target, channels, connections }: StatusQuery,
  changes: Readonly<Record<string, string | number | undefined>>,
): string {
  const all: Readonly<Record<string, string | number | undefined>> = {
    q: text === "" ? undefined : text,
    channel,
    target,
    channels: channels === BOUNDS.channels.usual ? undefined : channels,
    connections: connections === BOUNDS.connections.usual ? undefined : connections,
    ...changes,
  };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(all))
    if (value !== undefined) parameters.set(name, String(value).slice(0, MAX_NAME));
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}
