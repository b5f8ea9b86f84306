/** Rendered snapshots: each is there once, for all scrapes, and goes when nobody can ask for it and nobody reads it. */

import type { Format } from "../exposition/compose.ts";
import type { RenderedFamily, Reply } from "./messages.ts";

type Families = Extract<Reply, { is: "rendered" }>["families"];

interface Entry {
  readonly serial: number;
  readonly done: Promise<readonly RenderedFamily[]>;
  readonly settle: (families: readonly RenderedFamily[]) => void;
  /** How many scrapes read it, or wait for it. */
  users: number;
}

export interface Renderings {
  /** Takes what the engine has rendered. */
  add(serial: number, format: Format, families: Families): void;
  /**
   * Waits for the snapshots that a scrape shows, which the engine has rendered or is about to.
   *
   * @param live those that may be asked for again; the others go
   */
  take(
    serials: readonly number[],
    live: ReadonlySet<number>,
    format: Format,
  ): Promise<{ readonly families: readonly (readonly RenderedFamily[])[]; release(): void }>;
  /** Forgets everything; whoever waits has nothing. */
  clear(): void;
}

/** @param complain is told why a snapshot could not be rendered */
export function createRenderings(complain: (problem: string) => void): Renderings {
  const entries = new Map<string, Entry>();

  function entryOf(serial: number, format: Format): Entry {
    const key = `${serial} ${format}`;
    let entry = entries.get(key);
    if (entry === undefined) {
      const { promise: done, resolve: settle } = Promise.withResolvers<readonly RenderedFamily[]>();
      entries.set(key, (entry = { serial, done, settle, users: 0 }));
    }
    return entry;
  }

  return {
    add(serial, format, families) {
      if ("problem" in families) complain(families.problem);
      entryOf(serial, format).settle("problem" in families ? [] : families);
    },
    async take(serials, live, format) {
      const taken = serials.map((serial) => entryOf(serial, format));
      for (const entry of taken) entry.users++;
      for (const [key, entry] of entries) {
        if (live.has(entry.serial)) continue;
        entries.delete(key);
        if (entry.users === 0) void entry.done.then(free);
      }
      const families = await Promise.all(taken.map(({ done }) => done));
      let released = false;
      return {
        families,
        release() {
          if (released) return;
          released = true;
          for (const [i, entry] of taken.entries()) {
            entry.users--;
            if (entry.users === 0 && entries.get(`${entry.serial} ${format}`) !== entry) free(families[i]!);
          }
        },
      };
    },
    clear() {
      for (const { settle } of entries.values()) settle([]);
      entries.clear();
    },
  };
}

/** Gives the memory back at once: a thread that makes little garbage of its own would be long in noticing. */
function free(families: readonly RenderedFamily[]): void {
  for (const { parts } of families) for (const { bytes } of parts) bytes.buffer.transfer(0);
}
