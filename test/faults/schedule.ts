/** What goes wrong when, at which of several targets: from a seed. */

import { below, chance, createRandom, pick } from "../../src/simulator/prng.ts";
import { type Operation, OPERATIONS } from "../../src/sora/operations.ts";
import { KINDS } from "./kinds.ts";

/** One fault, from its beginning to the recovery. */
export interface Step {
  /** Of `KINDS`. */
  readonly kind: string;
  /** Which calls are hurt. */
  readonly operations: readonly Operation[];
  /** Whether it lasts until what was known before is stale. */
  readonly long: boolean;
  /** For so many seconds connections come and go behind it. */
  readonly worldSeconds: number;
}

export const ALL_OPERATIONS = Object.keys(OPERATIONS) as [Operation, ...Operation[]];

/**
 * Deals every kind of fault out to the targets, in an order that depends on the seed alone.
 *
 * @param targets whether each speaks TLS; at least one does, and one does not
 */
export function makeSchedules(seed: number, targets: readonly { readonly tls: boolean }[]): Step[][] {
  const random = createRandom(seed, 1, 0);
  const schedules: Step[][] = targets.map(() => []);
  const shuffled = Object.keys(KINDS)
    .map((kind) => ({ kind, at: below(random, 2 ** 32) }))
    .sort((a, b) => a.at - b.at)
    // First what not everybody can have, so that all have as many in the end.
    .sort((a, b) => Number(KINDS[b.kind]!.only === "tls") - Number(KINDS[a.kind]!.only === "tls"));
  for (const { kind } of shuffled) {
    const { fault, only } = KINDS[kind]!;
    const [shortest] = schedules
      .filter((_, i) => only !== "tls" || targets[i]!.tls)
      .sort((a, b) => a.length - b.length);
    const one = fault.at === "request" && chance(random, 0.4);
    shortest!.push({
      kind,
      operations:
        only === "statistics"
          ? ["GetStatsAllConnections"]
          : one
            ? [pick(random, ALL_OPERATIONS)]
            : ALL_OPERATIONS,
      long: chance(random, 0.3),
      worldSeconds: 5 + below(random, 40),
    });
  }
  return schedules;
}
