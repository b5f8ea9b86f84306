/** Checks users and passwords, at a cost that tells nobody which users there are. */

import { createHmac, randomBytes } from "node:crypto";
import type { Compare } from "./compare.ts";
import { costOf, hashOfNobody } from "./bcrypt-hash.ts";
import { networkOf } from "./network.ts";
import { createTurns } from "./turns.ts";

/** What a check says; `busy` where too many others are under way. */
export type Verdict = "right" | "wrong" | "busy";

/**
 * Checks a user and a password, for a client at an address.
 *
 * @param users with their bcrypt hashes; at least one
 */
export type CheckPassword = (
  users: ReadonlyMap<string, string>,
  user: string,
  password: string,
  address: string,
) => Promise<Verdict>;

/** How many checks may wait for one another: with so many of one client, those of another are done soon. */
const WAITING = { total: 256, perNetwork: 16, perAddress: 4 };

/** How many good passwords are remembered. There can be more than users: bcrypt takes the first 72 bytes alone. */
const MAX_REMEMBERED = 100;

/**
 * Makes the checks, for users that may change from one to the next.
 *
 * A wrong password costs what the most costly of the hashes does, whoever's it is and whether there is such a user or not. A
 * good one is remembered, by a keyed hash, and costs nothing from then on, as long as the user's hash is the same.
 */
export function createPasswords(compare: Compare): CheckPassword {
  const key = randomBytes(32);
  const good = new Set<string>();
  const underWay = new Map<string, Promise<Verdict>>();
  const takeTurn = createTurns<readonly boolean[]>(WAITING, networkOf);

  function remember(id: string): void {
    good.add(id);
    if (good.size > MAX_REMEMBERED) good.delete(good.values().next().value!);
  }

  return async (users, user, password, address) => {
    const hash = users.get(user);
    const id = createHmac("sha256", key)
      .update(JSON.stringify([user, hash, password]))
      .digest("base64");
    if (good.has(id)) return "right";
    let check = underWay.get(id);
    // Whoever asks for what is being checked already waits for that.
    if (check === undefined) {
      check = takeTurn(address, () => compare(password, hashesFor(hash, users)))
        .then((equal): Verdict => {
          if (equal === undefined) return "busy";
          if (equal[0] !== true || hash === undefined) return "wrong";
          remember(id);
          return "right";
        })
        .finally(() => underWay.delete(id));
      underWay.set(id, check);
    }
    return check;
  };
}

/** Of 2^cost, what is missing to 2^maxCost: 2^cost + 2^(cost+1) + ... up to half of that. */
function hashesFor(hash: string | undefined, users: ReadonlyMap<string, string>): string[] {
  const maxCost = Math.max(...[...users.values()].map(costOf));
  if (hash === undefined) return [hashOfNobody(maxCost)];
  const rest = Array.from({ length: maxCost - costOf(hash) }, (_, i) => hashOfNobody(costOf(hash) + i));
  return [hash, ...rest];
}
