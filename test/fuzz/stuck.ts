/** Properties whose checks do not come to an end, for the test of who looks after them. */

import fc from "fast-check";
import { type Fuzz, fuzz } from "./fuzz.ts";

const input = fc.nat({ max: 9 }).map((n) => ({ n }));

export const FUZZES: readonly Fuzz[] = [
  fuzz({ name: "holds", runs: 1, input, check: () => undefined }),
  fuzz({
    name: "loops at three",
    runs: 1,
    input,
    check({ n }) {
      while (n === 3) n = 3;
    },
  }),
  fuzz({
    name: "leaves at three",
    runs: 1,
    input,
    check({ n }) {
      if (n === 3) process.exit(7);
    },
  }),
  fuzz({
    name: "waits at three",
    runs: 1,
    input,
    check: ({ n }) => (n === 3 ? new Promise<void>(() => undefined) : undefined),
  }),
];
