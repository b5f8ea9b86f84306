/** Rendered snapshots: each is there once, for all scrapes, and goes when nobody can ask for it and nobody reads it. */

import type { Format } from "../exposition/compose.ts";
import type { RenderedFamily, Reply } from "./messages.ts";

type Families = Extract<Reply, { is: "rendered" }>["families"];

interface Entry {
  readonly serial: number;
  /** Undefined where the thread has gone before it was done. */
  readonly done: Promise<readonly RenderedFamily[] | undefined>;
  readonly settle: (families: readonly RenderedFamily[] | undefined) => void;
  /** What it was settled with. */
  families?: readonly RenderedFamily[];
  /** How many scrapes read it, or wait for it. */
  users: number;
  /** Whether it may be asked for again. */
  live: boolean;
}

/** What a scrape has taken. */
export interface Taken {
  readonly families: readonly (readonly RenderedFamily[])[];
  /** The families are not needed any more. */
  release(): void;
}

export interface Renderings {
  /** Takes what the engine has rendered. */
  add(serial: number, format: Format, families: Families): void;
  /**
   * Waits for the snapshots that a scrape shows, which the engine has rendered or is about to.
   *
   * @param live those that may be asked for again; the others go once nobody reads them or waits for them
   * @returns undefined where the thread has gone before all of them were there
   */
  take(serials: readonly number[], live: ReadonlySet<number>, format: Format): Promise<Taken | undefined>;
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
      const { promise: done, resolve: settle } = Promise.withResolvers<
        readonly RenderedFamily[] | undefined
      >();
      entries.set(key, (entry = { serial, done, settle, users: 0, live: true }));
    }
    return entry;
  }

  /** An entry that is still to be settled stays: it is by its key that what was rendered finds those who wait for it. */
  function dropUnused(): void {
    for (const [key, { families, users, live }] of entries) {
      if (live || users > 0 || families === undefined) continue;
      entries.delete(key);
      free(families);
    }
  }

  return {
    add(serial, format, families) {
      if ("problem" in families) complain(families.problem);
      const entry = entryOf(serial, format);
      entry.families = "problem" in families ? [] : families;
      entry.settle(entry.families);
      dropUnused();
    },
    async take(serials, live, format) {
      const taken = serials.map((serial) => entryOf(serial, format));
      for (const entry of taken) entry.users++;
      for (const entry of entries.values()) entry.live = live.has(entry.serial);
      dropUnused();
      const families = await Promise.all(taken.map(({ done }) => done));
      let released = false;
      const release = (): void => {
        if (released) return;
        released = true;
        for (const entry of taken) entry.users--;
        dropUnused();
      };
      if (families.every((list) => list !== undefined)) return { families, release };
      release();
      return undefined;
    },
    clear() {
      for (const { settle } of entries.values()) settle(undefined);
      entries.clear();
    },
  };
}

/** Gives the memory back at once: a thread that makes little garbage of its own would be long in noticing. */
function free(families: readonly RenderedFamily[]): void {
  for (const { parts } of families) for (const { bytes } of parts) bytes.buffer.transfer(0);
}
