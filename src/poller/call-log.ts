/** The log of one call that is made again and again: what changes, not what goes on. */

import type { Log } from "../log.ts";
import type { Rejections } from "../snapshot/rejections.ts";
import { type FailureReason, SoraFailure } from "../sora/failure.ts";

/** What is left out of answers: each kind has a line when it begins, and one when it ends. */
export type LeftOut = Readonly<Record<string, Rejections<string>>>;

export interface CallLog {
  /** A line when calls begin to work. */
  succeeded(details: object): void;
  /** A line when calls begin to fail, and one for each further reason until they work again. */
  failed(failure: SoraFailure): void;
  leftOut(kinds: LeftOut): void;
  /** A line for the paths that were not logged before. */
  unknownFields(paths: readonly string[]): void;
}

/** Paths that were logged and are kept in mind, so that each is logged once. */
const MAX_LOGGED_PATHS = 10_000;
const PATHS_A_LINE = 50;
/** After so many answers in which nothing was left out that is over: made-up labels come and go from poll to poll. */
const COMPLETE_AGAIN = 2;

/**
 * @param words the lines' beginnings: `answers` where calls work, `fails` where they do not
 * @param announce whether to log that the first call worked, or else that calls work again
 */
export function createCallLog(
  log: Log,
  words: { answers: string; fails: string },
  announce: boolean,
): CallLog {
  let up = !announce;
  const reasons = new Set<FailureReason>();
  /** Kinds of which something was left out, and in how many answers since then nothing. */
  const incomplete = new Map<string, number>();
  const unknown = new Set<string>();
  return {
    succeeded(details) {
      if (!up) log.info(details, words.answers);
      up = true;
      reasons.clear();
    },
    failed({ reason, message, cause }) {
      if (!reasons.has(reason)) {
        const stack = reason === "internal" && cause instanceof Error ? { stack: cause.stack } : {};
        log.error({ reason, ...stack }, `${words.fails}: ${message}`);
      }
      up = false;
      reasons.add(reason);
    },
    leftOut(kinds) {
      for (const [kind, { counts, first }] of Object.entries(kinds)) {
        const since = incomplete.get(kind);
        if (counts.size > 0) {
          if (since === undefined)
            log.warn(
              { counts: Object.fromEntries(counts), first },
              `some ${kind} in Sora's answer are left out`,
            );
          incomplete.set(kind, 0);
        } else if (since !== undefined && since + 1 < COMPLETE_AGAIN) incomplete.set(kind, since + 1);
        else if (incomplete.delete(kind)) log.info(`no ${kind} in Sora's answer are left out any more`);
      }
    },
    unknownFields(paths) {
      const fresh = paths.filter((path) => !unknown.has(path));
      for (let i = 0; i < fresh.length && unknown.size < MAX_LOGGED_PATHS; i += PATHS_A_LINE) {
        const chunk = fresh.slice(i, i + PATHS_A_LINE);
        log.info({ paths: chunk }, "fields that this version does not know");
        for (const path of chunk) unknown.add(path);
      }
    },
  };
}

/** Whatever was thrown, as a failure: what is none of Sora's is a mistake of our own. */
export function toFailure(error: unknown): SoraFailure {
  return error instanceof SoraFailure ? error : new SoraFailure("internal", String(error), { cause: error });
}
