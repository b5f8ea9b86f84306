import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { draftConnections, readListing } from "../../src/calls/connections.ts";
import { SnapshotBuilder } from "../../src/snapshot/build.ts";
import type { InfoConfig } from "../../src/config/config.ts";
import { buildOnce } from "../support/build.ts";
import { ALL_INFO } from "../support/exporter.ts";
import { CONTEXT, sample, seriesOf } from "./support.ts";

const LISTED = sample("list-connections") as readonly Record<string, unknown>[];

function draft(
  stats: readonly object[] | undefined,
  listed: readonly unknown[] | undefined,
  info = ALL_INFO,
) {
  const connections = stats && buildOnce(stats).snapshot.rows;
  const listing = listed && readListing(listed);
  return seriesOf(...draftConnections({ ...CONTEXT, connections, listing }, info));
}

/** The statistics' view of a listed connection. */
function ids(index: number): object {
  const { channel_id, connection_id, client_id, bundle_id } = LISTED[index]!;
  return { channel_id, connection_id, client_id, bundle_id };
}

test("the sample, old form and new, beside statistics of the same connections", () => {
  expect(draft([ids(0), ids(1), ids(2)], LISTED)).toEqual([
    'gauge sora_channel_connections{channel_id="akane",role="sendrecv"} 1',
    'gauge sora_channel_connections{channel_id="sora",role="sendonly"} 1',
    'gauge sora_channel_connections{channel_id="sora",role="recvonly"} 1',
    'gauge sora_connection_created_timestamp_seconds{channel_id="akane",connection_id="DV2Z3MSXC50M78Y11ETN3VZ360"} 1642469139.980509',
    'gauge sora_connection_created_timestamp_seconds{channel_id="sora",connection_id="DKF93NH82X3BDB0CVKEH32JMVR"} 1642469140.123457',
    'gauge sora_connection_created_timestamp_seconds{channel_id="sora",connection_id="W6725M370N2W301378Y5SFG01C"} 1642469141',
    'gauge sora_connection_info{channel_id="akane",connection_id="DV2Z3MSXC50M78Y11ETN3VZ360",client_id="DV2Z3MSXC50M78Y11ETN3VZ360",bundle_id="DV2Z3MSXC50M78Y11ETN3VZ360",session_id="",node_name="",role="sendrecv",audio_codec="OPUS",video_codec="VP9",simulcast="false",spotlight="false",multistream="true"} 1',
    'gauge sora_connection_info{channel_id="sora",connection_id="DKF93NH82X3BDB0CVKEH32JMVR",client_id="user-7",bundle_id="B-DKF93NH82X3BDB0CVKEH32JMVR",session_id="TBMH57RV6X3NZEWN6GJY7DX7VR",node_name="sora1@192.0.2.11",role="sendonly",audio_codec="",video_codec="AV1",simulcast="true",spotlight="true",multistream=""} 1',
    'gauge sora_connection_info{channel_id="sora",connection_id="W6725M370N2W301378Y5SFG01C",client_id="W6725M370N2W301378Y5SFG01C",bundle_id="W6725M370N2W301378Y5SFG01C",session_id="TBMH57RV6X3NZEWN6GJY7DX7VR",node_name="sora2@192.0.2.12",role="recvonly",audio_codec="OPUS",video_codec="",simulcast="false",spotlight="false",multistream=""} 1',
    'gauge sora_connection_video_bit_rate_limit_bits_per_second{channel_id="akane",connection_id="DV2Z3MSXC50M78Y11ETN3VZ360"} 1000000',
    'gauge sora_connection_video_bit_rate_limit_bits_per_second{channel_id="sora",connection_id="DKF93NH82X3BDB0CVKEH32JMVR"} 2500000',
    "gauge sora_target_channels 2",
    'gauge sora_target_connections{role="sendrecv",audio_codec="OPUS",video_codec="VP9",simulcast="false",spotlight="false",node_name=""} 1',
    'gauge sora_target_connections{role="sendonly",audio_codec="",video_codec="AV1",simulcast="true",spotlight="true",node_name="sora1@192.0.2.11"} 1',
    'gauge sora_target_connections{role="recvonly",audio_codec="OPUS",video_codec="",simulcast="false",spotlight="false",node_name="sora2@192.0.2.12"} 1',
  ]);
});

describe("which connections have a row", () => {
  const rowsOf = (series: string[]) =>
    series.flatMap(
      (one) => /^gauge sora_connection_info\{.*?connection_id="(\w+)"/.exec(one)?.[1]?.slice(0, 3) ?? [],
    );

  test("those of the statistics, whether the list knows them or not", () => {
    const series = draft([ids(0), { channel_id: "new", connection_id: "NEW", client_id: "c" }], LISTED);
    expect(rowsOf(series)).toEqual(["DV2", "NEW"]);
    expect(series.filter((one) => one.includes('"NEW"'))).toEqual([
      'gauge sora_connection_info{channel_id="new",connection_id="NEW",client_id="c",bundle_id="",session_id="",node_name="",role="",audio_codec="",video_codec="",simulcast="",spotlight="",multistream=""} 1',
    ]);
    expect(series).toContain("gauge sora_target_channels 2");
  });

  test("where the list is refused, those of the statistics with their ids", () => {
    const series = draft([ids(1)], undefined);
    expect(rowsOf(series)).toEqual(["DKF"]);
    expect(series).toHaveLength(4);
    expect(series[0]).toBe('gauge sora_channel_connections{channel_id="sora",role=""} 1');
    expect(series[1]).toContain('client_id="user-7",bundle_id="B-DKF93NH82X3BDB0CVKEH32JMVR",session_id=""');
  });

  test("where the statistics fail, those of the list", () => {
    expect(rowsOf(draft(undefined, LISTED))).toEqual(["DV2", "DKF", "W67"]);
  });
});

test("equal connections are counted together; none at all is 0, not absent", () => {
  const same = ["A", "B", "C"].map((connection_id) => ({ channel_id: "x", connection_id, role: "recvonly" }));
  const series = draft(same, same);
  expect(series[0]).toBe('gauge sora_channel_connections{channel_id="x",role="recvonly"} 3');
  expect(series.slice(-2)).toEqual([
    "gauge sora_target_channels 1",
    'gauge sora_target_connections{role="recvonly",audio_codec="",video_codec="",simulcast="",spotlight="",node_name=""} 3',
  ]);
  expect(draft([], [])).toEqual([
    "gauge sora_target_channels 0",
    'gauge sora_target_connections{role="",audio_codec="",video_codec="",simulcast="",spotlight="",node_name=""} 0',
  ]);
});

describe("personal data", () => {
  const clientIdOf = (info: InfoConfig, client_id = "alice@example.com") =>
    /client_id="([^"]*)",b/.exec(
      draft([{ channel_id: "a", connection_id: "C", client_id }], [], info)[1]!,
    )?.[1];

  test("client_id as it is", () => {
    expect(clientIdOf(ALL_INFO)).toBe("alice@example.com");
  });

  test("client_id hashed: the same for the same client, nothing where there is none", () => {
    // echo -n alice@example.com | sha256sum
    const plain = { ...ALL_INFO, clientIdHash: { key: undefined } };
    expect(clientIdOf(plain)).toBe("ff8d9819fc0e12bf");
    expect(clientIdOf(plain, "bob")).not.toBe("ff8d9819fc0e12bf");
    expect(clientIdOf(plain, "")).toBe("");
    const keyed = { ...ALL_INFO, clientIdHash: { key: "pepper" } };
    const whole = createHmac("sha256", "pepper").update("alice@example.com").digest("hex");
    expect(clientIdOf(keyed)).toBe(whole.slice(0, 16));
  });

  test("labels that are not chosen are not there", () => {
    const info: InfoConfig = { labels: ["role", "node_name"], clientIdHash: undefined };
    expect(draft([ids(1)], LISTED, info).filter((one) => one.includes("_info{"))).toEqual([
      'gauge sora_connection_info{channel_id="sora",connection_id="DKF93NH82X3BDB0CVKEH32JMVR",role="sendonly",node_name="sora1@192.0.2.11"} 1',
    ]);
    expect(draft([ids(1)], LISTED, { labels: [], clientIdHash: undefined })[2]).toBe(
      'gauge sora_connection_info{channel_id="sora",connection_id="DKF93NH82X3BDB0CVKEH32JMVR"} 1',
    );
  });
});

test("what is malformed in the list costs only itself", () => {
  const { byId, values } = readListing([
    null,
    [],
    {},
    { channel_id: "a" },
    {
      channel_id: "a",
      connection_id: "A",
      created_time: "now",
      video: { bit_rate: "fast", codec_type: 5 },
      audio: [],
    },
    { channel_id: "b", connection_id: "A" },
    { channel_id: "n", connection_id: "N", created_time: -1, video: { bit_rate: -5 } },
    { channel_id: "a", connection_id: "B", created_time: Infinity, role: { x: 1 }, video: true, audio: null },
    // In bit/s it is beyond every float.
    { channel_id: "a", connection_id: "H", video: { bit_rate: 1e306 } },
  ]);
  expect([...byId.keys()]).toEqual(["A", "N", "B", "H"]);
  expect(Object.fromEntries(values.counts)).toEqual({
    not_an_object: 2,
    no_name: 2,
    not_a_number: 2,
    duplicate: 1,
    negative: 2,
    not_finite: 2,
  });
  expect(byId.get("A")?.labels).toMatchObject({ video_codec: "5", audio_codec: "", role: "" });
});

test("long ids are shortened as those of the statistics are, so that both are joined", () => {
  const limits = { dataChannelLabels: 64, labelValueLength: 20 };
  const ids = { connection_id: "c".repeat(21), channel_id: "h".repeat(30), client_id: "u".repeat(40) };
  const { rows } = new SnapshotBuilder("t", limits).build([ids], 0).snapshot;
  const { byId } = readListing([{ ...ids, role: "sendrecv" }], limits.labelValueLength);
  expect([...byId.values()].map(({ connection }) => connection)).toEqual(rows);
  expect([...byId.keys()]).toEqual([rows[0]!.connectionId]);
  expect(rows[0]!.connectionId).toHaveLength(20);
});
