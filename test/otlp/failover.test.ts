/** What is pushed of counters where another node of the cluster answers than before, and lags. */

import { expect, test } from "vitest";
import { SoraFailure } from "../../src/sora/failure.ts";
import { KEEP_CHANNEL_MS } from "../../src/sums/sums.ts";
import { connection } from "../support/build.ts";
import { createTestTarget } from "../support/target.ts";
import { producerOf, push } from "./support.ts";

const URLS = ["http://a/", "http://b/"] as const;

/** A target of two nodes with one connection, and what is pushed of what that received: value and start, by level. */
function start(delta: boolean) {
  let now: { readonly url: string; readonly received: number | undefined };
  const target = createTestTarget(
    (_, url) => {
      if (url !== now.url) throw new SoraFailure("connect", "gone");
      return now.received === undefined ? [] : [connection({ rtp: { total_received: now.received } })];
    },
    {},
    { urls: URLS },
  );
  const producer = producerOf([target.target], () => target.clock.now(), { delta });
  return {
    producer,
    /** A poll, without connections where none has received anything, and a push of it unless it is told otherwise. */
    async step(url: (typeof URLS)[number], received: number | undefined, pushed = true) {
      now = { url, received };
      await target.clock.advance(10_000);
      await target.poll();
      if (!pushed) return [];
      return (await push(producer))
        .filter(({ name }) => name.endsWith("_received_packets"))
        .map(({ name, value, startMs, endMs }) => ({ level: name.split("_")[1]!, value, startMs, endMs }));
    },
  };
}

type Pushed = Awaited<ReturnType<ReturnType<typeof start>["step"]>>;
const ofLevel = (points: Pushed, level: string) => points.find((point) => point.level === level)!;
const valuesOf = (points: Pushed) => Object.fromEntries(points.map(({ level, value }) => [level, value]));

test("a connection's counter that is lower has a start of its own, as of which nothing is new; no other start moves", async () => {
  const t = start(false);
  const first = await t.step(URLS[0], 1000);
  await t.step(URLS[0], 1010);
  const lags = await t.step(URLS[1], 900);
  expect(valuesOf(lags)).toEqual({ channel: 10, connection: 900, target: 10 });
  const { startMs, endMs } = ofLevel(lags, "connection");
  expect(startMs).toBe(endMs);
  const next = await t.step(URLS[1], 907);
  expect(valuesOf(next)).toEqual({ channel: 17, connection: 907, target: 17 });
  expect(ofLevel(next, "connection").startMs).toBe(startMs);
  for (const level of ["channel", "target"])
    for (const points of [lags, next])
      expect(ofLevel(points, level).startMs).toBe(ofLevel(first, level).startMs);
  // One that fell on one node has begun anew since the push before.
  const anew = ofLevel(await t.step(URLS[1], 3), "connection");
  expect([anew.value, anew.startMs]).toEqual([3, ofLevel(next, "connection").endMs]);
});

test("a counter that is not lower keeps its start over a failover", async () => {
  const t = start(false);
  const first = await t.step(URLS[0], 1000);
  const next = await t.step(URLS[1], 1000);
  expect(ofLevel(next, "connection").startMs).toBe(ofLevel(first, "connection").startMs);
});

test("of delta temporality nothing was added, also where a poll between the pushes was of the other node", async () => {
  const t = start(true);
  await t.step(URLS[0], 1000);
  expect(valuesOf(await t.step(URLS[1], 900))).toEqual({ channel: 0, connection: 0, target: 0 });
  expect(valuesOf(await t.step(URLS[1], 907))).toEqual({ channel: 7, connection: 7, target: 7 });
  await t.step(URLS[0], 890, false);
  expect(valuesOf(await t.step(URLS[0], 895))).toEqual({ channel: 5, connection: 0, target: 5 });
  expect(valuesOf(await t.step(URLS[0], 3))).toEqual({ channel: 3, connection: 3, target: 3 });
});

test("a channel that was forgotten between two pushes has begun anew, whichever node says so", async () => {
  const t = start(true);
  await t.step(URLS[0], 1000);
  expect(valuesOf(await t.step(URLS[0], 1010))).toEqual({ channel: 10, connection: 10, target: 10 });
  for (let i = 0; i * 10_000 < KEEP_CHANNEL_MS + 20_000; i++) await t.step(URLS[0], undefined, false);
  expect(valuesOf(await t.step(URLS[1], 1013))).toEqual({ channel: 3, connection: 3, target: 3 });
});

test("a push that was not delivered leaves what is compared with", async () => {
  const t = start(true);
  await t.step(URLS[0], 1000);
  await t.step(URLS[1], 900, false);
  const { resourceMetrics } = await t.producer.collect();
  expect(resourceMetrics.scopeMetrics.length).toBeGreaterThan(0);
  t.producer.end("none");
  expect(ofLevel(await t.step(URLS[1], 905), "connection").value).toBe(0);
});
