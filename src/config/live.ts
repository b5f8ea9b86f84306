/** What of another configuration can be taken while the exporter runs. */

import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";

/** Keys of `web` whose values are read as they are needed; the others are what the server was made with. */
const LIVE_WEB: ReadonlySet<string> = new Set<keyof Config["web"]>(["maxRequests", "enableLifecycle"]);

/** A configuration as far as it can be taken, and the keys of the file whose new values need a restart. */
export interface Live {
  readonly config: Config;
  /** Such as `web.listen_address`. */
  readonly later: readonly string[];
}

/** Of another configuration what can be taken in place of the one that the exporter runs with. */
export function takeLive(running: Config, next: Config): Live {
  const web = Object.entries(next.web).filter(
    ([key, value]) =>
      !LIVE_WEB.has(key) && !isDeepStrictEqual(running.web[key as keyof Config["web"]], value),
  );
  const kept = Object.fromEntries(web.map(([key]) => [key, running.web[key as keyof Config["web"]]]));
  const formatChanges = next.log.format !== running.log.format;
  return {
    config: {
      ...next,
      web: { ...next.web, ...kept },
      log: { ...next.log, format: running.log.format },
      record: running.record,
    },
    later: [...web.map(([key]) => `web.${toSnakeCase(key)}`), ...(formatChanges ? ["log.format"] : [])],
  };
}

function toSnakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
