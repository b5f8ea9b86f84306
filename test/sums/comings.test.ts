import fc from "fast-check";
import { expect, test } from "vitest";
import { Comings } from "../../src/sums/comings.ts";
import { seriesOf } from "../calls/support.ts";
import { buildOnce, connection } from "../support/build.ts";

type Poll = Readonly<Record<string, string>>;

/** After each poll, what is exposed; a poll says the channel of each connection. */
function follow(polls: readonly Poll[], comings = new Comings("t")): string[][] {
  return polls.map((poll) => {
    const answer = Object.entries(poll).map(([connection_id, channel_id]) =>
      connection({}, { channel_id, connection_id }),
    );
    return seriesOf(...comings.add(buildOnce(answer).snapshot)).map((series) =>
      series.replace(/^counter sora_(channel|target)_(joins|leaves)_total/, "$1_$2"),
    );
  });
}

test("what the first poll finds has not joined; later it is counted who came and who went", () => {
  expect(
    follow([
      { A: "a", B: "b" },
      { A: "a", C: "a" },
    ]).at(0),
  ).toEqual([
    'channel_joins{channel_id="a"} 0',
    'channel_joins{channel_id="b"} 0',
    'channel_leaves{channel_id="a"} 0',
    'channel_leaves{channel_id="b"} 0',
    "target_joins 0",
    "target_leaves 0",
  ]);
  expect(
    follow([
      { A: "a", B: "b" },
      { A: "a", C: "a" },
    ]).at(1),
  ).toEqual([
    'channel_joins{channel_id="a"} 1',
    'channel_joins{channel_id="b"} 0',
    'channel_leaves{channel_id="a"} 0',
    'channel_leaves{channel_id="b"} 1',
    "target_joins 1",
    "target_leaves 1",
  ]);
});

test("who goes to another channel has left the one and joined the other", () => {
  expect(follow([{ A: "a" }, { A: "b" }]).at(-1)).toEqual([
    'channel_joins{channel_id="a"} 0',
    'channel_joins{channel_id="b"} 1',
    'channel_leaves{channel_id="a"} 1',
    'channel_leaves{channel_id="b"} 0',
    "target_joins 1",
    "target_leaves 1",
  ]);
});

test("a channel that is forgotten begins anew, and the target does not", () => {
  const comings = new Comings("t");
  follow([{}, { A: "a" }, {}], comings);
  comings.forget("a");
  expect(follow([{}, { B: "a" }], comings)).toEqual([
    ["target_joins 1", "target_leaves 1"],
    [
      'channel_joins{channel_id="a"} 1',
      'channel_leaves{channel_id="a"} 0',
      "target_joins 2",
      "target_leaves 1",
    ],
  ]);
});

test("joins less leaves is always what the number of connections has changed by, and a channel's add up to the target's", () => {
  const poll = fc.dictionary(fc.constantFrom("A", "B", "C", "D"), fc.constantFrom("a", "b"));
  fc.assert(
    fc.property(fc.array(poll, { minLength: 1, maxLength: 12 }), (polls) => {
      const numbers = follow(polls).map((series) => {
        const sum = (start: string) =>
          series
            .filter((one) => one.startsWith(start))
            .reduce((total, one) => total + Number(one.split(" ").at(-1)), 0);
        expect(sum("channel_joins")).toBe(sum("target_joins"));
        expect(sum("channel_leaves")).toBe(sum("target_leaves"));
        return sum("target_joins") - sum("target_leaves");
      });
      const size = (one: Poll) => Object.keys(one).length;
      expect(numbers).toEqual(polls.map((one) => size(one) - size(polls[0]!)));
    }),
  );
});
