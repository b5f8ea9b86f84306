/** Checks users and passwords, at a cost that tells nobody which users there are. */

import { createHmac, randomBytes } from "node:crypto";
import type { Compare } from "./compare.ts";
import { costOf, hashOfNobody } from "./bcrypt-hash.ts";

/** What a check says; `busy` where too many others are under way. */
export type Verdict = "right" | "wrong" | "busy";

/** Checks a user and a password, for a client at an address. */
export type CheckPassword = (user: string, password: string, address: string) => Promise<Verdict>;

/** How many checks may wait for one another, and how many of one client. */
const MAX_WAITING = 16;
const MAX_WAITING_OF_ONE = 4;

/** How many good passwords are remembered. There can be more than users: bcrypt takes the first 72 bytes alone. */
const MAX_REMEMBERED = 100;

/**
 * Makes the checks for some users.
 *
 * A wrong password costs what the most costly of the hashes does, whoever's it is and whether there is such a user or not. A
 * good one is remembered, by a keyed hash, and costs nothing from then on.
 *
 * @param users with their bcrypt hashes; at least one
 */
export function createPasswords(users: ReadonlyMap<string, string>, compare: Compare): CheckPassword {
  const maxCost = Math.max(...[...users.values()].map(costOf));
  const key = randomBytes(32);
  const good = new Set<string>();
  const underWay = new Map<string, Promise<boolean>>();
  const waiting = new Map<string, number>();

  /** Of 2^cost, what is missing to 2^maxCost: 2^cost + 2^(cost+1) + ... up to half of that. */
  function hashesFor(user: string): string[] {
    const hash = users.get(user);
    if (hash === undefined) return [hashOfNobody(maxCost)];
    const rest = Array.from({ length: maxCost - costOf(hash) }, (_, i) => hashOfNobody(costOf(hash) + i));
    return [hash, ...rest];
  }

  async function compareOnce(user: string, password: string, id: string): Promise<boolean> {
    try {
      const [equal = false] = await compare(password, hashesFor(user));
      const right = equal && users.has(user);
      if (right) remember(id);
      return right;
    } finally {
      underWay.delete(id);
    }
  }

  function remember(id: string): void {
    good.add(id);
    if (good.size > MAX_REMEMBERED) good.delete(good.values().next().value!);
  }

  /** Counts the checks of one client while this one lasts. */
  async function counted(address: string, check: Promise<boolean>): Promise<boolean> {
    waiting.set(address, (waiting.get(address) ?? 0) + 1);
    try {
      return await check;
    } finally {
      const left = waiting.get(address)! - 1;
      if (left === 0) waiting.delete(address);
      else waiting.set(address, left);
    }
  }

  return async (user, password, address) => {
    const id = createHmac("sha256", key)
      .update(JSON.stringify([user, password]))
      .digest("base64");
    if (good.has(id)) return "right";
    let check = underWay.get(id);
    // Whoever asks for what is being checked already waits for that.
    if (check === undefined) {
      if (underWay.size >= MAX_WAITING || (waiting.get(address) ?? 0) >= MAX_WAITING_OF_ONE) return "busy";
      const comparison = compareOnce(user, password, id);
      underWay.set(id, comparison);
      check = counted(address, comparison);
    }
    return (await check) ? "right" : "wrong";
  };
}
