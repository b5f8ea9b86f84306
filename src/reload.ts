/** Reading the configuration anew while the exporter runs: all of it or, where anything is wrong with it, nothing. */

import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config/config.ts";
import { takeLive } from "./config/live.ts";
import type { Log } from "./log.ts";

/** A configuration, read and found good. */
export interface ReadConfig {
  readonly config: Config;
  /** The file that would say the same, without its secrets. */
  readonly yaml: string;
}

/** How a reload went. */
export type Reloaded =
  | {
      readonly successful: true;
      /** Keys whose new values need a restart. */ readonly later: readonly string[];
    }
  | { readonly successful: false; /** One line that holds nothing secret. */ readonly problem: string };

export interface Reloads {
  /** What the exporter runs with. */
  readonly running: Config;
  /** What of it `/config` shows. */
  readonly yaml: string;
  /**
   * Reads the configuration anew and takes it. One reload runs at a time; those that are asked for meanwhile are one that comes
   * after it. Never rejects.
   */
  reload(): Promise<Reloaded>;
}

export interface ReloadEdges {
  /** Reads and checks everything anew; rejects with an Error that says in one line what is wrong and where. */
  readonly read: () => Promise<ReadConfig>;
  /** Takes a configuration; where it rejects nothing may have changed. */
  readonly apply: (config: Config) => Promise<void>;
  /** Told how each reload went. */
  readonly onEnd: (successful: boolean) => void;
  readonly log: Log;
}

/** @param first what the exporter has been started with */
export function createReloads(first: ReadConfig, { read, apply, onEnd, log }: ReloadEdges): Reloads {
  let { config: running, yaml } = first;
  let current: Promise<Reloaded> | undefined;
  let next: Promise<Reloaded> | undefined;

  async function reload(): Promise<Reloaded> {
    const result = await tryReload();
    if (!result.successful)
      log.error(`the configuration is not reloaded, nothing has changed: ${result.problem}`);
    onEnd(result.successful);
    return result;
  }

  async function tryReload(): Promise<Reloaded> {
    try {
      const read_ = await read();
      const { config, later } = takeLive(running, read_.config);
      await apply(config);
      for (const key of later) log.warn(`${key} has changed in the configuration, which takes a restart`);
      log.info(changesOf(running, config), "the configuration is reloaded");
      running = config;
      yaml = later.map((key) => `# Not in effect until a restart: ${key}\n`).join("") + read_.yaml;
      return { successful: true, later };
    } catch (error) {
      return { successful: false, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  function begin(): Promise<Reloaded> {
    const begun = reload();
    current = begun;
    void begun.then(() => {
      if (current === begun) current = undefined;
    });
    return begun;
  }

  return {
    get running() {
      return running;
    },
    get yaml() {
      return yaml;
    },
    reload() {
      if (current === undefined) return begin();
      // It has not begun yet, so it reads what is there now.
      next ??= current.then(() => {
        next = undefined;
        return begin();
      });
      return next;
    },
  };
}

/** Names of the targets that a reload concerns. */
function changesOf(before: Config, now: Config): Record<"added" | "changed" | "removed", string[]> {
  const old = new Map(before.targets.map((target) => [target.name, target]));
  const names = now.targets.map(({ name }) => name);
  return {
    added: names.filter((name) => !old.has(name)),
    changed: now.targets
      .filter((target) => old.has(target.name) && !isDeepStrictEqual(old.get(target.name), target))
      .map(({ name }) => name),
    removed: [...old.keys()].filter((name) => !names.includes(name)),
  };
}
