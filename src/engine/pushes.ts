/** Pushes by OTLP, as the configuration asks for them. What goes wrong with them keeps nobody from being polled and scraped. */

import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import type { Otlp, OtlpEdges } from "../otlp/otlp.ts";
import type { Pushable } from "../otlp/target.ts";
import { stackOf } from "../stack-of.ts";
import { FLUSH_MS } from "./messages.ts";

export interface Pushes {
  /** Pushes what a configuration says, in place of what was pushed before, which goes out first. */
  start(config: Config): Promise<void>;
  /** Pushes what is new and ends, within `FLUSH_MS`. */
  close(): Promise<void>;
}

export interface PushesEdges extends Omit<OtlpEdges, "targets"> {
  /** The targets at the moment; one of the same name takes another's place when its settings change. */
  readonly targets: () => readonly Pushable[];
  readonly log: Log;
}

/** Nothing is pushed before `start`. */
export function createPushes({ targets, ...edges }: PushesEdges): Pushes {
  let current: Promise<Otlp | undefined> = Promise.resolve(undefined);
  /** Also of pushes that were turned off: they may be turned on again. */
  let memory: Otlp["memory"] | undefined;

  function pushableOf(name: string): Pushable {
    const find = () => targets().find((target) => target.name === name);
    return { name, snapshot: () => find()?.snapshot(), snapshots: () => find()?.snapshots() ?? [] };
  }

  async function begin({ otlp, web }: Config): Promise<Otlp | undefined> {
    if (otlp === undefined) return undefined;
    try {
      // What it loads is much, and nobody else needs it.
      const { startOtlp } = await import("../otlp/otlp.ts");
      const live = {
        ...edges,
        get targets() {
          return targets().map(({ name }) => pushableOf(name));
        },
      };
      const begun = await startOtlp(otlp, web.listenAddress.port, live, memory);
      ({ memory } = begun);
      return begun;
    } catch (error) {
      edges.log.error({ stack: stackOf(error) }, "there are no pushes by OTLP");
      return undefined;
    }
  }

  return {
    async start(config) {
      const before = await current;
      await before?.close(FLUSH_MS);
      current = begin(config);
      await current;
    },
    async close() {
      await (await current)?.close(FLUSH_MS);
    },
  };
}
