import { expect, test } from "vitest";
import { countUnstableLevels } from "../../src/sums/unstable-levels.ts";
import { seriesOf } from "../calls/support.ts";
import { buildOnce, connection } from "../support/build.ts";

function counts(connections: readonly (readonly [channel: string, level: number | undefined])[]): string[] {
  const answer = connections.map(([channel_id, unstable_level], i) =>
    connection({ network_status: { unstable_level } }, { channel_id, connection_id: `C${i}` }),
  );
  return seriesOf(
    ...countUnstableLevels(buildOnce(JSON.parse(JSON.stringify(answer)) as object[]).snapshot),
  ).map((series) => series.replace(/^gauge sora_(channel|target)_unstable_level_connections/, "$1"));
}

test("connections are counted by channel and level; a level that nobody has is 0", () => {
  expect(
    counts([
      ["a", 0],
      ["b", 3],
      ["a", 0],
      ["a", 1],
    ]),
  ).toEqual([
    'channel{channel_id="a",level="0"} 2',
    'channel{channel_id="a",level="1"} 1',
    'channel{channel_id="a",level="2"} 0',
    'channel{channel_id="a",level="3"} 0',
    'channel{channel_id="b",level="0"} 0',
    'channel{channel_id="b",level="1"} 0',
    'channel{channel_id="b",level="2"} 0',
    'channel{channel_id="b",level="3"} 1',
    'target{level="0"} 2',
    'target{level="1"} 1',
    'target{level="2"} 0',
    'target{level="3"} 1',
  ]);
});

test("where Sora does not send the level there is nothing to count, and a new level is shown", () => {
  expect(counts([["a", undefined]])).toEqual([]);
  expect(
    counts([
      ["a", undefined],
      ["b", 4],
    ]).filter((one) => !one.endsWith(" 0")),
  ).toEqual(['channel{channel_id="b",level="4"} 1', 'target{level="4"} 1']);
});
