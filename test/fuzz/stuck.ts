/** Properties whose checks do not come to an end, or do what they must not, for the test of who looks after them. */

import fc from "fast-check";
import { reply, startFakeSora } from "../support/fake-sora.ts";
import { type Fuzz, fuzz } from "./fuzz.ts";

const input = fc.nat({ max: 9 }).map((n) => ({ n }));

/** Some operation that does not only read. */
const WRITING = "Sora_20151104.DisconnectChannel";

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
  fuzz({
    name: "writes",
    runs: 1,
    input,
    async check() {
      const sora = await startFakeSora(reply({}));
      await fetch(sora.url, { method: "POST", headers: { "x-sora-target": WRITING } });
      await sora.close();
    },
  }),
];
