/** Faults one after the other, each kind as often as the others. */

import { below, chance, pick, type Random } from "../../src/simulator/prng.ts";
import { KINDS } from "../../test/faults/kinds.ts";
import type { FaultProxy } from "../../test/faults/proxy.ts";
import { ALL_OPERATIONS } from "../../test/faults/schedule.ts";

export interface Faults {
  /** How often each kind was there. */
  readonly counts: Record<string, number>;
  /** The kind that is there now, or was there last. */
  readonly latest: string;
  /** Has the next one go wrong for so many milliseconds. */
  next(ms: number): Promise<void>;
}

/** Makes the faults of a proxy that speaks no TLS. */
export function createFaults(
  proxy: FaultProxy,
  random: Random,
  sleep: (ms: number) => Promise<void>,
): Faults {
  const counts: Record<string, number> = {};
  let deck: string[] = [];
  let latest = "none";
  return {
    counts,
    get latest() {
      return latest;
    },
    async next(ms) {
      if (deck.length === 0) deck = Object.keys(KINDS).filter((kind) => KINDS[kind]!.only !== "tls");
      const [kind] = deck.splice(below(random, deck.length), 1);
      const { fault, only } = KINDS[kind!]!;
      const operations =
        only === "statistics"
          ? (["GetStatsAllConnections"] as const)
          : chance(random, 0.3)
            ? [pick(random, ALL_OPERATIONS)]
            : ALL_OPERATIONS;
      latest = kind!;
      counts[kind!] = (counts[kind!] ?? 0) + 1;
      await proxy.inject(fault.at === "request" ? { ...fault, operations } : fault);
      await sleep(ms);
      await proxy.inject(undefined);
    },
  };
}
