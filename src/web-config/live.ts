/** The web configuration that is in force: read again when one of its files changes, and kept where the new one is bad. */

import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { reason } from "../config/errors.ts";
import type { Log } from "../log.ts";
import { readInThread } from "../read-in-thread.ts";
import { siblingScript } from "../sibling-script.ts";
import type { WebConfig } from "./config.ts";
import type { WebEvents } from "./events.ts";
import { MISSING, signatureOf } from "./signature.ts";
import type { ReadWebConfig } from "./thread.ts";

/** A web configuration that may be replaced. */
export interface LiveWebConfig {
  /** What is in force. */
  readonly current: WebConfig;
  /** `listener` is called with each other one that comes into force from now on, while `current` is still the one before. */
  onChange(listener: (config: WebConfig) => void): void;
  /**
   * Reads it now. Gives what is wrong with it, which is logged too; undefined where it is in force.
   *
   * @param first comes between: after it is found good, before it is in force. Where it rejects, so does this, and nothing has changed.
   */
  reload(first?: () => Promise<void>): Promise<string | undefined>;
  /** Looks after the files no more. */
  close(): void;
}

export interface LiveWebConfigEdges {
  readonly log: Log;
  readonly events: Pick<WebEvents, "webConfigLoaded" | "webConfigRefused">;
  /** From one look at the files to the next. */
  readonly lookMs?: number;
}

const LOOK_MS = 1000;

/**
 * Reads a web configuration file, and looks after it and what it names from then on.
 *
 * @throws Error whose message is one line, if it cannot be used
 */
export async function openWebConfig(
  path: string,
  { log, events, lookMs = LOOK_MS }: LiveWebConfigEdges,
): Promise<LiveWebConfig> {
  const listeners: ((config: WebConfig) => void)[] = [];
  const first = await read(path);
  if ("problem" in first) throw new Error(first.problem);
  let current = first.config;
  let problem: string | undefined;
  /** As they were when they were read last, whether they could be used or not. */
  let taken = first.files;
  /** As the last look found them. */
  let seen: readonly string[] = [];
  let reading: Promise<string | undefined> | undefined;
  events.webConfigLoaded(Date.now(), current.tls?.notAfterMs);

  async function take(first?: () => Promise<void>): Promise<string | undefined> {
    const found = await read(path).catch((error: unknown) => ({ problem: reason(error), files: taken }));
    const now = "problem" in found ? found.problem : restartProblem(current, found.config);
    if (now !== undefined || "problem" in found) {
      taken = found.files;
      events.webConfigRefused();
      if (now !== problem)
        log.error({ problem: now }, "the web configuration file cannot be used; the old one stays in force");
      return (problem = now);
    }
    await first?.();
    taken = found.files;
    problem = undefined;
    if (!isDeepStrictEqual(found.config, current)) for (const listener of listeners) listener(found.config);
    current = found.config;
    events.webConfigLoaded(Date.now(), current.tls?.notAfterMs);
    log.info(
      { tls: current.tls !== undefined, users: current.users.size },
      "the web configuration file was read anew",
    );
    return undefined;
  }

  /** One after the other. */
  function reload(first?: () => Promise<void>): Promise<string | undefined> {
    const before = reading;
    const mine = (async () => {
      await before?.catch(() => {});
      return take(first);
    })().finally(() => {
      if (reading === mine) reading = undefined;
    });
    return (reading = mine);
  }

  /** A change is taken up when a second look finds what the first did: files may be replaced one after the other. */
  async function look(): Promise<void> {
    const before = seen;
    const now: string[] = [];
    // One after the other: where they are gone for ever, the other threads of the pool are still there for DNS.
    for (const path of taken.keys()) now.push(await signature(path));
    seen = now;
    const changed = [...taken.values()].some((value, i) => value !== seen[i]);
    if (changed && seen.join() === before.join() && reading === undefined) await reload();
  }

  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, lookMs);
  timer.unref();

  return {
    get current() {
      return current;
    },
    onChange: (listener) => listeners.push(listener),
    reload,
    close: () => clearInterval(timer),
  };
}

/** A server that speaks TLS cannot be made one that does not, nor the other way round. */
function restartProblem(current: WebConfig, next: WebConfig): string | undefined {
  if ((current.tls === undefined) === (next.tls === undefined)) return undefined;
  const what = next.tls === undefined ? "is gone" : "is new";
  return `${next.path}: tls_server_config ${what}, which takes a restart of the exporter`;
}

function read(path: string): Promise<ReadWebConfig> {
  return readInThread(siblingScript("./thread.ts", import.meta.url), path);
}

async function signature(path: string): Promise<string> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch {
    return MISSING;
  }
}
