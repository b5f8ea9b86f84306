/** A property that is run shortly by the tests, and for long by `npm run fuzz`. */

import fc from "fast-check";

export interface Fuzz<Input = unknown> {
  /** What it holds, and what a regression is named after. */
  readonly name: string;
  /** Runs with the fixed seed; a second or two of them. */
  readonly runs: number;
  /** What is tried: plain data, so that a failing input can be pasted as a regression. */
  readonly input: fc.Arbitrary<Input>;
  /** Throws where the property does not hold. */
  readonly check: (input: Input) => void | Promise<void>;
  /** Brings up what the checks need, such as a server; gives what brings it down. */
  readonly setup?: () => Promise<() => Promise<void>>;
}

/** Forgets the type of the input, which nobody needs who only runs it. */
export function fuzz<Input>(property: Fuzz<Input>): Fuzz {
  return property as unknown as Fuzz;
}

/** How long one input may take: far more than any does, even on a busy machine, and far less than for ever. */
export const MAX_MS = 10_000;

/** How a property is run. */
export interface RunOptions {
  /** With the same seed there are the same inputs; without one others each time. */
  readonly seed?: number;
  /** The place of an input that failed with the seed. */
  readonly path?: string;
  readonly runs?: number;
  /** After so long no other input is tried. */
  readonly limitMs?: number;
  readonly examples?: readonly unknown[];
  /** Is given each input before it is tried. */
  readonly trying?: (input: unknown) => void;
}

/** Runs a property, and tells how it went; it does not throw. Nothing was wrong where there is no counterexample. */
export async function run(
  { input, check, setup }: Fuzz,
  { seed, path, runs = Number.MAX_SAFE_INTEGER, limitMs, examples = [], trying }: RunOptions,
): Promise<fc.RunDetails<[unknown]>> {
  const teardown = await setup?.();
  try {
    const property = fc.asyncProperty(input, async (one) => {
      trying?.(one);
      const start = performance.now();
      await check(one);
      const ms = performance.now() - start;
      if (ms > MAX_MS) throw new Error(`took ${Math.round(ms)} ms`);
    });
    const details = await fc.check(property, {
      numRuns: runs,
      // Of what waits for ever; what loops for ever takes somebody outside (scripts/fuzz/watch.ts).
      timeout: MAX_MS,
      examples: examples.map((one) => [one]),
      plugins: limitMs === undefined ? [] : [fc.interruptAfterTimeLimit(limitMs)],
      ...(seed !== undefined && { seed }),
      ...(path !== undefined && { path }),
    });
    return details as fc.RunDetails<[unknown]>;
  } finally {
    await teardown?.();
  }
}

/** What an operator of the fuzzer needs of a failure: the input, and how to have it again. */
export function describeFailure({ name }: Fuzz, details: fc.RunDetails<[unknown]>): string {
  const { seed, counterexamplePath, counterexample, errorInstance, numRuns, numShrinks } = details;
  const reason =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : errorInstance;
  return [
    `${JSON.stringify(name)} fails after ${numRuns} inputs, made smaller ${numShrinks} times; seed ${seed}, path ${counterexamplePath}`,
    `For test/fuzz/regressions.test.ts:`,
    `  ["WHAT WAS WRONG", ${JSON.stringify(name)}, ${JSON.stringify(counterexample?.[0])}],`,
    String(reason),
  ].join("\n");
}
