/** What checking passwords costs: told by the comparisons that are made, not by the clock. */

import { setImmediate } from "node:timers/promises";
import { compareSync } from "bcryptjs";
import { expect, test } from "vitest";
import { type Compare, createCompare } from "../../src/web-config/compare.ts";
import { networkOf } from "../../src/web-config/network.ts";
import { createPasswords } from "../../src/web-config/passwords.ts";
import { createBucket } from "../../src/web-config/rate-limit.ts";
import { HASHES } from "./support.ts";

/** Compares as the thread does, and says what that was worth: rounds of bcrypt. */
function counting(equal: (password: string, hash: string) => boolean = compareSync) {
  const costs: number[][] = [];
  return {
    costs,
    rounds: () => costs.map((of) => of.reduce((sum, cost) => sum + 2 ** cost, 0)),
    compare: (password: string, hashes: readonly string[]) => {
      costs.push(hashes.map((hash) => Number(hash.split("$")[2])));
      return Promise.resolve(hashes.map((hash) => equal(password, hash)));
    },
  };
}

/** Checks for users that stay the same. */
function checksOf(users: ReadonlyMap<string, string>, compare: Compare) {
  const check = createPasswords(compare);
  return (user: string, password: string, address: string) => check(users, user, password, address);
}

const USERS = new Map([
  ["cheap", HASHES.secret],
  ["dear", HASHES.secretAt5],
]);

test("a right password is right, a wrong one is wrong, whoever's", async () => {
  const check = checksOf(USERS, counting().compare);
  expect(await check("cheap", "secret", "a")).toBe("right");
  expect(await check("dear", "secret", "a")).toBe("right");
  for (const [user, password] of [
    ["cheap", "Secret"],
    ["cheap", ""],
    ["dear", "secret "],
    ["", "secret"],
    ["nobody", "secret"],
    ["toString", "secret"],
    ["__proto__", "secret"],
  ] as const)
    expect([user, password, await check(user, password, "a")]).toEqual([user, password, "wrong"]);
});

test("a wrong password costs the same for every user, and for who is none", async () => {
  const counted = counting();
  const check = checksOf(
    new Map([...USERS, ["dearest", `$2y$08$${HASHES.secret.slice(7)}`]]),
    counted.compare,
  );
  for (const user of ["cheap", "dear", "dearest", "nobody", ""]) await check(user, "wrong", "a");
  expect(counted.rounds()).toEqual([256, 256, 256, 256, 256]);
  expect(counted.costs).toEqual([[4, 4, 5, 6, 7], [5, 5, 6, 7], [8], [8], [8]]);
});

test("nobody comes in by a hash that only costs, were it equal", async () => {
  const check = checksOf(USERS, counting((_, hash) => hash.includes("....")).compare);
  expect(await check("nobody", "x", "a")).toBe("wrong");
  expect(await check("cheap", "x", "a")).toBe("wrong");
});

test("a right password is compared once, a wrong one each time", async () => {
  const counted = counting();
  const check = checksOf(USERS, counted.compare);
  for (let i = 0; i < 3; i++) await check("cheap", "secret", "a");
  expect(counted.costs).toHaveLength(1);
  for (let i = 0; i < 3; i++) await check("cheap", "wrong", "a");
  expect(counted.costs).toHaveLength(4);
  // What is right for one is not so for another.
  expect(await check("nobody", "secret", "a")).toBe("wrong");
});

test("what is remembered is bounded: bcrypt takes the first 72 bytes of a password alone", async () => {
  const counted = counting(() => true);
  const check = checksOf(USERS, counted.compare);
  for (let i = 0; i <= 100; i++) await check("cheap", `password ${i}`, "a");
  await check("cheap", "password 100", "a");
  expect(counted.costs).toHaveLength(101);
  await check("cheap", "password 0", "a");
  expect(counted.costs).toHaveLength(102);
});

/** Compares nothing until told to, one after the other; `asked` are the passwords in their order. */
function stepping() {
  const asked: string[] = [];
  const open: (() => void)[] = [];
  return {
    asked,
    compare: async (password: string) => {
      asked.push(password);
      await new Promise<void>((resolve) => open.push(resolve));
      return [password === "secret"];
    },
    /** Finishes what is compared, until nothing waits. */
    async finish() {
      await setImmediate();
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        next();
        await setImmediate();
      }
    },
  };
}

test("who asks for what is being checked waits for that; others find room up to a bound", async () => {
  const steps = stepping();
  const check = checksOf(USERS, steps.compare);
  const first = check("cheap", "first", "attacker");
  const same = Array.from({ length: 50 }, () => check("cheap", "secret", "prometheus"));
  const flood = Array.from({ length: 20 }, (_, i) => check("cheap", `wrong ${i}`, "attacker"));
  const others = Array.from({ length: 300 }, (_, i) => check("cheap", `other ${i}`, `attacker ${i}`));
  await setImmediate();
  const busy = await Promise.all(
    [...flood, ...others].map((verdict) => Promise.race([verdict, Promise.resolve("waits")])),
  );
  expect(busy.slice(0, 20).filter((verdict) => verdict === "busy")).toHaveLength(16 + 3);
  // All but that of prometheus, and one of the attacker's four that wait: its others make room.
  expect(busy.slice(20).filter((verdict) => verdict === "waits")).toHaveLength(256 - 2);
  await steps.finish();
  expect(new Set(await Promise.all(same))).toEqual(new Set(["right"]));
  expect(steps.asked).toHaveLength(1 + 256);
  await Promise.all([first, ...flood, ...others]);
  // There is room again.
  const next = check("cheap", "wrong", "attacker");
  await steps.finish();
  expect(await next).toBe("wrong");
});

test.each([
  ["sixty-four addresses", (i: number) => `192.0.2.${i % 64}`],
  ["any number of addresses of sixteen networks", (i: number) => `2001:db8:0:${i % 16}::${i}`],
])("%s that send wrong passwords without end keep nobody else out", async (_, addressOf) => {
  const steps = stepping();
  const check = checksOf(USERS, steps.compare);
  // While this is compared, the others wait.
  const first = check("cheap", "first", "203.0.113.1");
  await setImmediate();
  const flood = Array.from({ length: 2000 }, (_, i) => check("cheap", `wrong ${i}`, addressOf(i)));
  // Those of one network are no others.
  const others = ["198.51.100.1", "::ffff:198.51.100.2", "2001:db8:1::1", "198.51.100.1"];
  const asked = others.map((address, i) => check("cheap", `right ${i}`, address));
  await steps.finish();
  expect(await Promise.all(asked)).toEqual(Array(4).fill("wrong"));
  expect(steps.asked).toHaveLength(1 + 256);
  expect((await Promise.all(flood)).filter((verdict) => verdict === "wrong")).toHaveLength(256 - 4);
  expect(await first).toBe("wrong");
  // Next after those whose turn it was before.
  expect(steps.asked.indexOf("right 2")).toBeLessThanOrEqual(1 + 64 + 3);
});

test("of a network of IPv6 one address leaves room for another", async () => {
  const steps = stepping();
  const check = checksOf(USERS, steps.compare);
  const send = (address: string, count: number) =>
    Array.from({ length: count }, (_, i) => check("cheap", `${address} ${i}`, address));
  const [one, other] = [send("2001:db8::1", 10), send("2001:db8::2", 10)];
  const many = Array.from({ length: 20 }, (_, i) => send(`2001:db8::1:${i}`, 1)).flat();
  await steps.finish();
  const right = (verdicts: string[]) => verdicts.filter((verdict) => verdict === "wrong").length;
  // One is compared at once, and is none of those that wait.
  expect(right(await Promise.all(one))).toBe(5);
  expect(right(await Promise.all(other))).toBe(4);
  expect(right(await Promise.all(many))).toBe(16 - 8);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:0db8:0000:0000:ffff::1", "2001:db8:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:3:4:192.0.2.1", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["1::", "1:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ["::ffff:192.0.2.2", "::ffff:c000:202"],
  ["", ""],
])("the network of %j is %j", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("each address has its turn, however many passwords another one sends", async () => {
  const steps = stepping();
  const check = checksOf(USERS, steps.compare);
  const send = (address: string, count: number) =>
    Array.from({ length: count }, (_, i) => check("cheap", `${address}${i}`, address));
  const sent = [...send("a", 5), ...send("b", 3), ...send("c", 1)];
  await steps.finish();
  expect(steps.asked).toEqual(["a0", "a1", "b0", "c0", "a2", "b1", "a3", "b2", "a4"]);
  expect(new Set(await Promise.all(sent))).toEqual(new Set(["wrong"]));
});

test("a good password is remembered as long as the user's hash is the same, whatever becomes of other users", async () => {
  const counted = counting();
  const check = createPasswords(counted.compare);
  const ask = (users: ReadonlyMap<string, string>) => check(users, "cheap", "secret", "a");
  expect(await ask(USERS)).toBe("right");
  expect(await ask(new Map([["cheap", HASHES.secret]]))).toBe("right");
  expect(counted.costs).toHaveLength(1);
  expect(await ask(new Map([["cheap", HASHES.changed]]))).toBe("wrong");
  expect(await ask(new Map([["dear", HASHES.secretAt5]]))).toBe("wrong");
  expect(counted.costs).toHaveLength(3);
});

test("a comparison that fails is no verdict, and leaves room", async () => {
  let fails = true;
  const check = checksOf(USERS, () =>
    fails ? Promise.reject(new Error("no thread")) : Promise.resolve([true]),
  );
  for (let i = 0; i < 20; i++) await expect(check("cheap", `p${i}`, "a")).rejects.toThrow("no thread");
  fails = false;
  expect(await check("cheap", "p0", "a")).toBe("right");
});

test("the thread compares with every hash, several questions at a time, and ends", async () => {
  const { compare, close } = createCompare();
  expect(
    await Promise.all([
      compare("secret", [HASHES.secret, HASHES.changed, HASHES.secretAt5]),
      compare("changed", [HASHES.secret, HASHES.changed]),
    ]),
  ).toEqual([
    [true, false, true],
    [false, true],
  ]);
  const never = compare("secret", [HASHES.secret.replace("$04$", "$14$")]);
  await Promise.all([expect(never).rejects.toThrow("the exporter ends"), close()]);
  await expect(compare("secret", [HASHES.secret])).rejects.toThrow("the exporter ends");
});

test("a bucket of requests empties, and fills", () => {
  let now = 0;
  const take = createBucket({ intervalMs: 100, burst: 3 }, () => now);
  const takes = (n: number) => Array.from({ length: n }, take);
  expect(takes(5)).toEqual([true, true, true, false, false]);
  now = 99;
  expect(take()).toBe(false);
  now = 100;
  expect(takes(2)).toEqual([true, false]);
  now = 10_000;
  expect(takes(4)).toEqual([true, true, true, false]);
});
