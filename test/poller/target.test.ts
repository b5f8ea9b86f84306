import { beforeEach, describe, expect, test } from "vitest";
import { SoraFailure } from "../../src/sora/failure.ts";
import { connection } from "../support/build.ts";
import { DEFAULT_LIMITS } from "../support/exporter.ts";
import { CALL_MS, createTestTarget, type TestTarget } from "../support/target.ts";

let answer: () => unknown;
let one: TestTarget;
let poll: TestTarget["poll"];
let own: TestTarget["own"];
let lines: TestTarget["lines"];

beforeEach(() => {
  answer = () => [connection({ rtp: { total_sent: 1 } })];
  one = createTestTarget(() => answer());
  ({ poll, own, lines } = one);
});

function fails(reason: SoraFailure["reason"], message = "broken"): () => never {
  return () => {
    throw new SoraFailure(reason, message);
  };
}

test("before the first poll nothing is claimed, but every counter is there as 0", async () => {
  expect(one.target.snapshot()).toBeUndefined();
  expect(await own("sora_up")).toBeUndefined();
  expect(await own("sora_last_poll_success_timestamp_seconds")).toBeUndefined();
  expect(await own("sora_exporter_polls_total")).toBe(0);
  expect(await own("sora_exporter_series")).toBe(0);
  for (const reason of [
    "timeout",
    "connect",
    "tls",
    "http_status",
    "sora_error",
    "invalid_json",
    "unexpected_body",
    "too_large",
    "internal",
  ]) {
    expect([reason, await own("sora_exporter_poll_failures_total", { target: "t", reason })]).toEqual([
      reason,
      0,
    ]);
  }
});

test("a good poll", async () => {
  await one.clock.advance(1500);
  await poll();
  expect(one.calls).toEqual([["GetStatsAllConnections", { local: false }, "http://sora/"]]);
  expect(one.target.snapshot()?.rows).toMatchObject([{ channelId: "ch", connectionId: "C1" }]);
  expect(await own("sora_up")).toBe(1);
  expect(await own("sora_last_poll_success_timestamp_seconds")).toBe(1_700_000_001.75);
  expect(await own("sora_exporter_polls_total")).toBe(1);
  expect(await own("sora_exporter_poll_duration_seconds_sum")).toBe(0.25);
  expect(await own("sora_exporter_poll_duration_seconds_bucket", { target: "t", le: "0.25" })).toBe(1);
  expect(await own("sora_exporter_poll_duration_seconds_bucket", { target: "t", le: "0.1" })).toBe(0);
  expect(await own("sora_exporter_response_bytes")).toBe(JSON.stringify(answer()).length);
  expect(await own("sora_exporter_series")).toBe(11);
  expect(await own("sora_exporter_unknown_fields")).toBe(0);
  expect(await own("sora_exporter_build_info", { version: "1.2.3", node_version: process.version })).toBe(1);
});

test("after a failure the last good data stays for three intervals, then goes; the age goes on", async () => {
  await poll();
  const good = answer;
  answer = fails("connect");
  await one.clock.advance(10_000);
  await poll();
  expect(await own("sora_up")).toBe(0);
  expect(await own("sora_exporter_poll_failures_total", { target: "t", reason: "connect" })).toBe(1);
  expect(one.target.snapshot()?.rows).toHaveLength(1);
  await one.clock.advance(19_750);
  expect(one.target.snapshot()?.rows).toHaveLength(1);
  expect(await own("sora_exporter_series")).toBe(11);
  await one.clock.advance(1);
  expect(one.target.snapshot()).toBeUndefined();
  expect(await own("sora_exporter_series")).toBe(0);
  expect(await own("sora_last_poll_success_timestamp_seconds")).toBe(1_700_000_000.25);
  answer = good;
  await poll();
  expect(await own("sora_up")).toBe(1);
  expect(one.target.snapshot()?.rows).toHaveLength(1);
  expect(await own("sora_exporter_polls_total")).toBe(3);
});

test("what is left out is counted, poll by poll", async () => {
  answer = () => [null, connection({ rtp: { total_sent: "1" }, foo: { total_new: 1, bar: 2 } })];
  await poll();
  await poll();
  expect(
    await own("sora_exporter_connections_rejected_total", { target: "t", reason: "not_an_object" }),
  ).toBe(2);
  expect(await own("sora_exporter_values_rejected_total", { target: "t", reason: "not_a_number" })).toBe(2);
  expect(await own("sora_exporter_unknown_fields")).toBe(2);
});

test.each([
  ["numbers", [1, 2, 3]],
  ["objects without ids", [{}, { channel_id: "ch" }]],
])("an array of %s is not taken for no connections: that would be a zero that is false", async (_, array) => {
  await poll();
  answer = () => array;
  await poll();
  expect(await own("sora_up")).toBe(0);
  const unexpected = { target: "t", reason: "unexpected_body" };
  expect(await own("sora_exporter_poll_failures_total", unexpected)).toBe(1);
  expect(one.target.snapshot()?.rows).toHaveLength(1);
  answer = () => [];
  await poll();
  expect(await own("sora_up")).toBe(1);
  expect(one.target.snapshot()?.rows).toHaveLength(0);
});

describe("the log has a line a change, not a line a poll", () => {
  test("up, down, down for another reason, up", async () => {
    await poll();
    await poll();
    expect(lines()).toEqual(["info: Sora answers"]);
    answer = fails("connect", "ECONNREFUSED");
    await poll();
    await poll();
    await poll();
    expect(lines()).toEqual(["error: poll failed: ECONNREFUSED"]);
    answer = fails("sora_error", "error_type NOT-CLUSTER-MAJORITY");
    await poll();
    await poll();
    expect(lines()).toEqual(["error: poll failed: error_type NOT-CLUSTER-MAJORITY"]);
    answer = fails("connect", "ECONNREFUSED");
    await poll();
    expect(lines()).toEqual([]);
    answer = () => [];
    await poll();
    await poll();
    expect(lines()).toEqual(["info: Sora answers"]);
  });

  test("connections, values and unknown fields", async () => {
    answer = () => [null, connection({ rtp: { total_sent: "1" }, foo: { bar: 2 } })];
    await poll();
    await poll();
    expect(lines()).toEqual([
      "info: Sora answers",
      "warn: some connections in Sora's answer are left out",
      "warn: some values in Sora's answer are left out",
      "info: fields that this version does not know",
    ]);
    answer = () => [connection({ foo: { bar: 2 } })];
    await poll();
    await poll();
    expect(lines()).toEqual([
      "info: no connections in Sora's answer are left out any more",
      "info: no values in Sora's answer are left out any more",
    ]);
    answer = () => [connection({ foo: { bar: 2, baz: 3 } })];
    await poll();
    expect(lines()).toEqual(["info: fields that this version does not know"]);
    answer = () => [connection({})];
    await poll();
    answer = () => [connection({ foo: { bar: 2, baz: 3 } })];
    await poll();
    expect(lines()).toEqual([]);
  });

  test("every unknown field is named once, however many come at once", async () => {
    const fields = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, i]));
    answer = () => [connection({ foo: fields })];
    await poll();
    await poll();
    const named = one.log.flatMap(({ paths }) => paths ?? []);
    expect(named).toHaveLength(120);
    expect(new Set(named)).toEqual(new Set(Object.keys(fields).map((field) => `foo.${field}`)));
  });
});

test("a mistake of our own is called that, with its stack in the log", async () => {
  answer = () => {
    throw new TypeError("x is not a function");
  };
  await poll();
  expect(await own("sora_exporter_poll_failures_total", { target: "t", reason: "internal" })).toBe(1);
  expect(one.log).toMatchObject([
    { level: 50, reason: "internal", msg: "poll failed: TypeError: x is not a function" },
  ]);
  expect(one.log[0]?.stack).toContain("target.test.ts");
});

test("a poll that we gave up is no failure of Sora's", async () => {
  const stop = new AbortController();
  answer = () => {
    stop.abort();
    throw new Error("aborted");
  };
  const done = one.target.statistics.poll(stop.signal);
  await one.clock.advance(CALL_MS);
  await done;
  expect(one.log).toEqual([]);
  expect(await own("sora_up")).toBeUndefined();
  expect(await own("sora_exporter_polls_total")).toBe(0);
});

test("an answer of many small connections is too large before its bytes are", async () => {
  let connections = 20_000;
  const sora = () =>
    Array.from({ length: connections }, (_, i) => ({ channel_id: "flood", connection_id: `flood-${i}` }));
  const limits = { ...DEFAULT_LIMITS, answerSizeBytes: 2 * 1024 * 1024 };
  const flooded = createTestTarget(sora, { limits });
  await flooded.poll();
  const failures = (reason: string) =>
    flooded.own("sora_exporter_poll_failures_total", { target: "t", reason });
  expect(await failures("too_large")).toBe(1);
  expect(flooded.lines().join("\n")).toContain("more than 2048 connections");
  connections = 2048;
  await flooded.poll();
  expect(await flooded.own("sora_up")).toBe(1);
  expect(flooded.target.snapshot()!.rows).toHaveLength(2048);
});
