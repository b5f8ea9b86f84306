import { beforeEach, expect, test } from "vitest";
import { createAddresses } from "../../src/poller/addresses.ts";
import type { SoraClient } from "../../src/sora/client.ts";
import { SoraFailure } from "../../src/sora/failure.ts";
import { connection } from "../support/build.ts";
import { ALL_CALLS, createTestTarget, NEVER, type TestTarget } from "../support/target.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const A = "http://a/";
const B = "http://b/";
const C = "http://c/";
const D = "http://d/";

let down: Set<string>;
let one: TestTarget;

beforeEach(() => {
  down = new Set();
  one = createTestTarget(
    (_, url) => {
      if (down.has(url)) throw new SoraFailure("connect", `ECONNREFUSED ${url}`);
      return [connection({}, { channel_id: url })];
    },
    {},
    { urls: [A, B, C] },
  );
});

const asked = () => one.calls.splice(0).map(([, , url]) => url);
const source = () => one.target.snapshot()?.rows[0]?.channelId;
async function look(): Promise<{ active: string[]; failovers: number | undefined; up: number | undefined }> {
  const active = (await one.exposition()).matchAll(/^sora_exporter_active_url_info\{.*url="([^"]*)"\} 1$/gm);
  return {
    active: [...active].map((match) => match[1]!),
    failovers: await one.own("sora_exporter_failovers_total"),
    up: await one.own("sora_up"),
  };
}

test("the first address is asked, and it alone, as long as it answers", async () => {
  await one.poll();
  await one.poll();
  expect(asked()).toEqual([A, A]);
  expect(await look()).toEqual({ active: [A], failovers: 0, up: 1 });
});

test("where it fails the next one answers in the same poll, and is asked from then on", async () => {
  await one.poll();
  down.add(A);
  await one.poll();
  expect(asked()).toEqual([A, A, B]);
  expect(source()).toBe(B);
  expect(await look()).toEqual({ active: [B], failovers: 1, up: 1 });
  expect(await one.own("sora_exporter_polls_total")).toBe(2);
  expect(await one.own("sora_exporter_poll_failures_total", { target: "t", reason: "connect" })).toBe(0);
  const labels = { target: "t", operation: "GetStatsAllConnections" };
  expect(await one.own("sora_exporter_calls_total", labels)).toBe(3);
  expect(await one.own("sora_exporter_call_failures_total", { ...labels, reason: "connect" })).toBe(1);
  expect(one.lines()).toEqual([
    "info: Sora answers",
    "warn: another address is asked now: ECONNREFUSED http://a/",
  ]);

  // Its return is no reason to leave one that works.
  down.delete(A);
  await one.poll();
  expect(asked()).toEqual([B]);
  expect(await look()).toEqual({ active: [B], failovers: 1, up: 1 });

  down.add(B).add(C);
  await one.poll();
  expect(asked()).toEqual([B, C, A]);
  expect(await look()).toEqual({ active: [A], failovers: 2, up: 1 });
});

test("where all fail it is one failed poll, which tells of each; nothing is switched", async () => {
  await one.poll();
  asked();
  for (const url of [A, B, C]) down.add(url);
  await one.poll();
  expect(asked()).toEqual([A, B, C]);
  expect(await look()).toEqual({ active: [A], failovers: 0, up: 0 });
  expect(await one.own("sora_exporter_poll_failures_total", { target: "t", reason: "connect" })).toBe(1);
  expect(one.lines()).toEqual([
    "info: Sora answers",
    "error: poll failed: http://a/ ECONNREFUSED http://a/; http://b/ ECONNREFUSED http://b/; http://c/ ECONNREFUSED http://c/",
  ]);
  expect(source()).toBe(A);
});

test("an answer that cannot be used is as good as none", async () => {
  const bodies = new Map<string, Buffer>([
    [A, Buffer.from("<html>")],
    [B, Buffer.from('{"error_type":"NOT-CLUSTER-MAJORITY"}')],
    [C, Buffer.from("[]")],
  ]);
  one = createTestTarget((_, url) => bodies.get(url), {}, { urls: [A, B, C] });
  await one.poll();
  expect(await look()).toEqual({ active: [C], failovers: 1, up: 1 });
});

test("the other calls go to the address whose statistics are shown, and switch nothing", async () => {
  one = createTestTarget(
    (operation, url) => {
      if (url === A || operation === "GetLicense") throw new SoraFailure("timeout", "slow");
      return operation === "GetStatsReport" ? { total_sent_srtp: 1 } : [];
    },
    { calls: ALL_CALLS },
    { urls: [A, B] },
  );
  await one.poll();
  expect(one.calls.map(([operation, , url]) => `${operation} ${url}`)).toEqual([
    "GetStatsAllConnections http://a/",
    "GetStatsAllConnections http://b/",
    "ListConnections http://b/",
    "GetStatsReport http://b/",
    "ListClusterNodes http://b/",
    "GetLicense http://b/",
    "ListStartedRecording http://b/",
    "ListArchiving http://b/",
  ]);
  expect(await look()).toEqual({ active: [B], failovers: 1, up: 1 });
  expect(await one.exposition()).toContain('sora_srtp_sent_packets_total{target="t",url="http://b/"} 1\n');
});

test("a poll that is given up asks no further address", async () => {
  const stop = new AbortController();
  down.add(A);
  one = createTestTarget(
    () => {
      stop.abort();
      throw new Error("aborted");
    },
    {},
    { urls: [A, B] },
  );
  const done = one.target.statistics.poll(stop.signal);
  await one.clock.advance(1000);
  await done;
  expect(asked()).toEqual([A]);
});

test("the time of a poll is bounded: where many hang, the next poll goes on with the one whose turn it is", async () => {
  const hangs = new Set([A, B, C, D]);
  const asked: string[] = [];
  const clock = createVirtualClock();
  const failovers: string[] = [];
  const addresses = createAddresses(
    {
      clients: [A, B, C, D].map((url) => ({ url }) as SoraClient),
      timeoutMs: 5000,
      budgetMs: 12_000,
      onFailover: (from, to) => failovers.push(`${from.url} ${to.url}`),
    },
    clock,
  );
  const ask = async () => {
    const done = addresses
      .ask(async ({ url }, timeoutMs) => {
        asked.push(`${url} ${timeoutMs}`);
        if (!hangs.has(url)) return url;
        await clock.sleep(timeoutMs, NEVER);
        throw new SoraFailure("timeout", "slow");
      }, NEVER)
      .catch((error: unknown) => (error as SoraFailure).reason);
    for (let i = 0; i < 20; i++) await clock.advance(1000);
    return { answer: await done, took: asked.splice(0) };
  };
  expect(await ask()).toMatchObject({ answer: "timeout", took: [`${A} 5000`, `${B} 5000`, `${C} 2000`] });
  // The third had not had its time.
  expect(await ask()).toMatchObject({ answer: "timeout", took: [`${C} 5000`, `${D} 5000`, `${A} 2000`] });
  hangs.delete(C);
  expect(await ask()).toMatchObject({ answer: C, took: [`${A} 5000`, `${B} 5000`, `${C} 2000`] });
  expect(failovers).toEqual([`${A} ${C}`]);
  expect(await ask()).toMatchObject({ answer: C, took: [`${C} 5000`] });
});

test("a node that lags adds nothing to sums where it takes over, and what it counts from then on does", async () => {
  const received = new Map([
    [A, 1000],
    [B, 900],
  ]);
  one = createTestTarget(
    (_, url) => {
      if (down.has(url)) throw new SoraFailure("connect", "ECONNREFUSED");
      return ["X", "Y"].map((connection_id) =>
        connection({ rtp: { total_received: received.get(url) } }, { connection_id }),
      );
    },
    {},
    { urls: [A, B] },
  );
  const total = async () => {
    await one.poll();
    return one.own("sora_target_received_packets_total");
  };
  await one.poll();
  received.set(A, 1010);
  expect(await total()).toBe(20);
  down.add(A);
  expect(await total()).toBe(20);
  received.set(B, 905);
  expect(await total()).toBe(30);
  // On one node it has begun anew.
  received.set(B, 3);
  expect(await total()).toBe(36);
});
