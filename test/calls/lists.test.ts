import { expect, test } from "vitest";
import { draftClusterNodes } from "../../src/calls/cluster.ts";
import { draftArchives, draftRecordings } from "../../src/calls/recording.ts";
import { CONTEXT, sample, seriesOf } from "./support.ts";

test("recordings", () => {
  const { snapshot, values } = draftRecordings(sample("started-recording"), CONTEXT);
  expect(seriesOf(snapshot)).toEqual([
    'gauge sora_recording_active{channel_id="sora",recording_id="WWZ61PT4GS03F80F39MCPVSEQR",split_only="false"} 1',
    'gauge sora_recording_active{channel_id="zakuro",recording_id="Z60BJP5YDN4PD0D7RGM4TFEE48",split_only="true"} 1',
    'gauge sora_recording_created_timestamp_seconds{channel_id="sora"} 1638234656',
    'gauge sora_recording_created_timestamp_seconds{channel_id="zakuro"} 1638234654',
    'gauge sora_recording_expires_timestamp_seconds{channel_id="sora"} 1638238256',
  ]);
  expect(values.counts.size).toBe(0);
});

test("a recording without a limit has no end, whatever stands there", () => {
  const { snapshot } = draftRecordings(
    [{ channel_id: "a", expire_time: 0, expired_at: 1638234654 }],
    CONTEXT,
  );
  expect(seriesOf(snapshot)).toEqual([
    'gauge sora_recording_active{channel_id="a",recording_id="",split_only=""} 1',
  ]);
});

test("recorded connections", () => {
  const { snapshot } = draftArchives(sample("archiving"), CONTEXT);
  expect(seriesOf(snapshot)).toEqual([
    'gauge sora_archiving_seconds{channel_id="sora",connection_id="C0YTCRZM715BKATBXWFPKTYGRM"} 146',
  ]);
});

test("none is no series, and no mistake", () => {
  for (const draft of [draftRecordings, draftArchives, draftClusterNodes]) {
    const { snapshot, values } = draft([], CONTEXT);
    expect([snapshot.series, values.counts.size]).toEqual([0, 0]);
  }
});

test("a malformed element costs only itself", () => {
  const bad = [null, 5, [], "x", {}];
  const recordings = draftRecordings(
    [
      ...bad,
      { channel_id: "" },
      { channel_id: 5 },
      { channel_id: "a", created_at: "now" },
      { channel_id: "a" },
    ],
    CONTEXT,
  );
  expect(seriesOf(recordings.snapshot)).toEqual([
    'gauge sora_recording_active{channel_id="a",recording_id="",split_only=""} 1',
  ]);
  expect(Object.fromEntries(recordings.values.counts)).toEqual({
    not_an_object: 4,
    no_name: 3,
    not_a_number: 1,
    duplicate: 1,
  });
  expect(recordings.values.first).toBe("element 0 (not_an_object)");

  const archives = draftArchives(
    [...bad, { connection_id: "C", seconds: 1 }, { connection_id: "D", channel_id: "a", seconds: 2 }],
    CONTEXT,
  );
  expect(seriesOf(archives.snapshot)).toEqual([
    'gauge sora_archiving_seconds{channel_id="a",connection_id="D"} 2',
  ]);
  expect(Object.fromEntries(archives.values.counts)).toEqual({ not_an_object: 4, no_name: 2 });

  const nodes = draftClusterNodes(
    [...bad, { node_name: "a", connected: "yes" }, { node_name: "b", connected: true }, { node_name: "b" }],
    CONTEXT,
  );
  expect(seriesOf(nodes.snapshot)).toEqual([
    'gauge sora_cluster_node{node_name="b",mode="",node_type="regular"} 1',
  ]);
  expect(Object.fromEntries(nodes.values.counts)).toEqual({
    not_an_object: 4,
    no_name: 1,
    malformed: 1,
    duplicate: 1,
  });
});

test("names that users choose survive", () => {
  const hostile = 'a"b\\c\nd 日本 \ud800';
  const { snapshot } = draftRecordings([{ channel_id: hostile, recording_id: hostile }], CONTEXT);
  const shown = JSON.stringify(hostile.toWellFormed());
  expect(seriesOf(snapshot)).toEqual([
    `gauge sora_recording_active{channel_id=${shown},recording_id=${shown},split_only=""} 1`,
  ]);
});
