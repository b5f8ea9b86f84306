/**
 * Repeatable randomness: a small fast generator (sfc32) for what happens along a connection's life, and a hash for
 * what must be known at any moment without having lived through the moments before it.
 */

/** A generator's state: four 32-bit words, changed in place by every draw. */
export interface Random {
  a: number;
  b: number;
  c: number;
  d: number;
}

/**
 * A generator of its own for each (seed, stream, index): the streams of different triples are unrelated.
 *
 * @param seed integer, 32 bits of it are used, as of the other two
 */
export function createRandom(seed: number, stream: number, index: number): Random {
  const random: Random = { a: seed | 0, b: stream | 0, c: index | 0, d: 1 };
  for (let round = 0; round < 15; round++) next(random);
  return random;
}

/** The next draw, in [0, 1). */
export function next(random: Random): number {
  const t = (random.a + random.b + random.d) | 0;
  random.d = (random.d + 1) | 0;
  random.a = random.b ^ (random.b >>> 9);
  random.b = (random.c + (random.c << 3)) | 0;
  random.c = (((random.c << 21) | (random.c >>> 11)) + t) | 0;
  return (t >>> 0) / 4_294_967_296;
}

/** An integer in [0, limit). */
export function below(random: Random, limit: number): number {
  return Math.floor(next(random) * limit);
}

/** True with the given probability. */
export function chance(random: Random, probability: number): boolean {
  return next(random) < probability;
}

/** One of the items, each as likely as the others. */
export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[below(random, items.length)] ?? items[0];
}

/** An integer whose mean is `mean`, next to it on one side or the other: how a rate becomes a count. */
export function amount(random: Random, mean: number): number {
  return mean <= 0 ? 0 : Math.floor(mean + next(random));
}

/** A number in [0, 1) that depends on the four integers alone. */
export function hash(seed: number, a: number, b: number, c: number): number {
  let h = mix((seed | 0) ^ Math.imul(a | 0, 0x9e3779b1));
  h = mix(h ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca6b));
  h = mix(h ^ Math.imul((c | 0) + 0x165667b1, 0xc2b2ae35));
  return (h >>> 0) / 4_294_967_296;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
