import { expect, test } from "vitest";
import { type Pollable, type Polled, runPolling } from "../../src/poller/poller.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

/** A target whose polls take the given times, one after the other, then none. */
function target(clock: VirtualClock, intervalMs: number, takesMs: readonly number[] = []) {
  const starts: number[] = [];
  let running = 0;
  let most = 0;
  return {
    intervalMs,
    starts,
    most: () => most,
    async poll(signal: AbortSignal) {
      most = Math.max(most, ++running);
      const takes = takesMs[starts.length] ?? 0;
      starts.push(clock.monotonic());
      try {
        if (takes > 0) await clock.sleep(takes, signal);
      } catch {
        // Given up.
      }
      running--;
    },
  };
}

function alone(statistics: Pollable): Polled {
  return { statistics, sideCalls: [] };
}

test("polls come at the pace of the interval, however long each takes below it", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const one = target(clock, 1000, [300, 999, 0, 700]);
  const done = runPolling([alone(one)], clock, stop.signal);
  await clock.advance(4500);
  expect(one.starts).toEqual([0, 1000, 2000, 3000, 4000]);
  stop.abort();
  await done;
});

test("a slow poll delays the next one; nothing overlaps, nothing is made up for", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const one = target(clock, 1000, [100, 3400, 0]);
  const done = runPolling([alone(one)], clock, stop.signal);
  await clock.advance(7000);
  expect(one.starts).toEqual([0, 1000, 4400, 5400, 6400]);
  expect(one.most()).toBe(1);
  stop.abort();
  await done;
});

test("first polls are spread over the interval, and a slow target does not hold up another", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const all = [target(clock, 1000, [5000]), target(clock, 1000), target(clock, 2000), target(clock, 400)];
  const done = runPolling(all.map(alone), clock, stop.signal);
  await clock.advance(1300);
  expect(all.map(({ starts }) => starts)).toEqual([[0], [250, 1250], [1000], [300, 700, 1100]]);
  stop.abort();
  await done;
});

test("first polls of targets with long intervals do not wait for long", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const all = [target(clock, 3_600_000), target(clock, 3_600_000)];
  const done = runPolling(all.map(alone), clock, stop.signal);
  await clock.advance(5000);
  expect(all.map(({ starts }) => starts)).toEqual([[0], [2500]]);
  stop.abort();
  await done;
});

test("the end comes at once, in a pause and in the middle of a poll", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const all = [target(clock, 1000, [900]), target(clock, 1000)];
  const done = runPolling(all.map(alone), clock, stop.signal);
  await clock.advance(600);
  stop.abort();
  await done;
  await clock.advance(5000);
  expect(all.map(({ starts }) => starts)).toEqual([[0], [500]]);
});

test("no targets, and a signal that was aborted before the start", async () => {
  const clock = createVirtualClock();
  await runPolling([], clock, new AbortController().signal);
  const one = target(clock, 1000);
  await runPolling([alone(one)], clock, AbortSignal.abort());
  expect(one.starts).toEqual([]);
});

test("the other calls begin when the first poll of the statistics ended, and keep their own pace", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const statistics = target(clock, 1000, [400, 5000]);
  const hanging = target(clock, 500, [60_000]);
  const often = target(clock, 300);
  const done = runPolling([{ statistics, sideCalls: [hanging, often] }], clock, stop.signal);
  await clock.advance(1400);
  expect([statistics.starts, hanging.starts, often.starts]).toEqual([
    [0, 1000],
    [400],
    [400, 700, 1000, 1300],
  ]);
  stop.abort();
  await done;
});

test("an end before the first poll is one for the other calls too", async () => {
  const clock = createVirtualClock();
  const call = target(clock, 1000);
  await runPolling([{ statistics: target(clock, 1000), sideCalls: [call] }], clock, AbortSignal.abort());
  expect(call.starts).toEqual([]);
});

test("a call that is due at once does not wait for its interval, and keeps its pace from then on", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  let wake = () => {};
  const hurried = { ...target(clock, 10_000), onDue: (callback: () => void) => (wake = callback) };
  const done = runPolling([{ statistics: target(clock, 1000), sideCalls: [hurried] }], clock, stop.signal);
  await clock.advance(2500);
  wake();
  await clock.advance(11_000);
  expect(hurried.starts).toEqual([0, 2500, 12_500]);
  stop.abort();
  await done;
});

test("a call that becomes due while it is under way is made again right after", async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  let wake = () => {};
  const hurried = { ...target(clock, 10_000, [3000]), onDue: (callback: () => void) => (wake = callback) };
  const done = runPolling([{ statistics: target(clock, 1000), sideCalls: [hurried] }], clock, stop.signal);
  await clock.advance(2000);
  wake();
  await clock.advance(5000);
  expect(hurried.starts).toEqual([0, 3000]);
  stop.abort();
  await done;
});
