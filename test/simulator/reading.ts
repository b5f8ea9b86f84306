/** How the tests read what the simulator answers, knowing no more of its insides than an exporter does. */

import type { WorldOptions } from "../../src/simulator/world.ts";

export const START_MS = Date.parse("2024-06-01T00:00:00Z");

export interface Answer {
  channel_id: string;
  client_id: string;
  bundle_id: string;
  connection_id: string;
  timestamp: string;
  data_channel: Record<string, Record<string, unknown>>;
}

export function options(changes: Partial<WorldOptions> = {}): WorldOptions {
  return { seed: 1, channels: 5, connections: 50, nodes: 1, form: "2024", startMs: START_MS, ...changes };
}

/** Through JSON, as a client gets it: what is not a JSON value does not survive unseen. */
export function answers(connections: readonly object[]): Answer[] {
  return JSON.parse(JSON.stringify(connections)) as Answer[];
}

/** The leaves of a connection, by a path whose keys are joined by a blank (a label may hold a dot). */
export function leaves(value: object, prefix = ""): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value) as [string, unknown][]) {
    if (typeof child === "object" && child !== null) {
      for (const [path, leaf] of leaves(child, `${prefix}${key} `)) found.set(path, leaf);
    } else {
      found.set(prefix + key, child);
    }
  }
  return found;
}

/** A number of a connection by its path, such as `"rtp total_sent"`. */
export function read(connection: object, path: string): number {
  let value: unknown = connection;
  for (const key of path.split(" ")) value = (value as Record<string, unknown>)[key];
  if (typeof value !== "number") throw new Error(`no number at ${path}`);
  return value;
}

export function byId(connections: readonly Answer[]): Map<string, Answer> {
  return new Map(connections.map((connection) => [connection.connection_id, connection]));
}
