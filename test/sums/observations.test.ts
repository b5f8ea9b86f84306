import { expect, test } from "vitest";
import { SnapshotBuilder } from "../../src/snapshot/build.ts";
import { DEFAULT_BOUNDS, Observations } from "../../src/sums/observations.ts";
import { seriesOf } from "../calls/support.ts";
import { connection, exposition } from "../support/build.ts";

const BOUNDS = { cc_round_trip_time: [10, 20.5], cc_target_bitrate: [1000] };

/** Connections of channels, each with a round-trip time. */
function answer(...connections: readonly (readonly [channel: string, rtt: number | undefined])[]): object[] {
  return connections.map(([channel_id, round_trip_time], i) =>
    connection(round_trip_time === undefined ? {} : { cc: { round_trip_time } }, {
      channel_id,
      connection_id: `C${i}`,
    }),
  );
}

test("every poll adds one observation a connection, in the bucket whose bound is not below it", () => {
  const observations = new Observations("t", BOUNDS);
  const builder = new SnapshotBuilder("t");
  observations.add(
    builder.build(answer(["a", 10], ["b", 20.6], ["a", 11], ["b", undefined], ["a", -5]), 0).snapshot,
  );
  const snapshots = observations.add(builder.build(answer(["a", 0]), 1).snapshot);
  expect(seriesOf(...snapshots).map((series) => series.replace("histogram sora_", ""))).toEqual([
    'channel_cc_round_trip_time_bucket{channel_id="a",le="10"} 2',
    'channel_cc_round_trip_time_bucket{channel_id="a",le="20.5"} 3',
    'channel_cc_round_trip_time_bucket{channel_id="a",le="+Inf"} 3',
    'channel_cc_round_trip_time_sum{channel_id="a"} 21',
    'channel_cc_round_trip_time_count{channel_id="a"} 3',
    'channel_cc_round_trip_time_bucket{channel_id="b",le="10"} 0',
    'channel_cc_round_trip_time_bucket{channel_id="b",le="20.5"} 0',
    'channel_cc_round_trip_time_bucket{channel_id="b",le="+Inf"} 1',
    'channel_cc_round_trip_time_sum{channel_id="b"} 20.6',
    'channel_cc_round_trip_time_count{channel_id="b"} 1',
    'target_cc_round_trip_time_bucket{le="10"} 2',
    'target_cc_round_trip_time_bucket{le="20.5"} 3',
    'target_cc_round_trip_time_bucket{le="+Inf"} 4',
    "target_cc_round_trip_time_sum 41.6",
    "target_cc_round_trip_time_count 4",
  ]);
  expect(snapshots.map(({ series }) => series)).toEqual([10, 5]);
});

test("a value that is huge is observed no more than one below zero, and later ones still are", () => {
  const observations = new Observations("t", BOUNDS);
  const builder = new SnapshotBuilder("t");
  const huge = answer(["a", 2 ** 53], ["a", 1.797e308], ["a", 1.797e308], ["a", 7]);
  observations.add(builder.build(huge, 0).snapshot);
  const series = seriesOf(...observations.add(builder.build(answer(["a", 8]), 1).snapshot));
  expect(series).toContain("histogram sora_target_cc_round_trip_time_sum 15");
  expect(series).toContain("histogram sora_target_cc_round_trip_time_count 2");
});

test("a channel that is forgotten begins anew, the target goes on", () => {
  const observations = new Observations("t", BOUNDS);
  const builder = new SnapshotBuilder("t");
  observations.add(builder.build(answer(["a", 1], ["b", 1]), 0).snapshot);
  observations.forget("a");
  const count = /_count(\{.*\})? \d/;
  const counts = seriesOf(...observations.add(builder.build(answer(["a", 1]), 1).snapshot)).filter((one) =>
    count.test(one),
  );
  expect(counts).toEqual([
    'histogram sora_channel_cc_round_trip_time_count{channel_id="b"} 1',
    'histogram sora_channel_cc_round_trip_time_count{channel_id="a"} 1',
    "histogram sora_target_cc_round_trip_time_count 3",
  ]);
});

test("OpenMetrics writes the bounds as floats", () => {
  const observations = new Observations("t", DEFAULT_BOUNDS);
  const snapshots = observations.add(new SnapshotBuilder("t").build(answer(["a", 1]), 0).snapshot);
  expect(exposition(snapshots, "openmetrics")).toContain(
    '# TYPE sora_target_cc_round_trip_time histogram\nsora_target_cc_round_trip_time_bucket{target="t",le="10.0"} 1\n',
  );
});
