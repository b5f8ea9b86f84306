/** Numbers that Sora may say, however absurd: what they may do to sums, and to what is pushed by OTLP. */

import fc from "fast-check";
import { expect } from "vitest";
import { SoraFailure } from "../../src/sora/failure.ts";
import { producerOf, push, type PushedPoint } from "../otlp/support.ts";
import { type ParsedSample, samplesOf } from "../support/parse.ts";
import { ALL_CALLS, createTestTarget } from "../support/target.ts";
import { fuzz } from "./fuzz.ts";
import { seriesKey } from "./watched-target.ts";

const NUMBER = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    ..."0 -1 0.1 5e-324 9007199254740991 9007199254740992 4611686018427387904 1e306 1.797e308 1e400".split(
      " ",
    ),
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const CONNECTION = fc.record({
  id: fc.constantFrom("A", "B"),
  packets: NUMBER,
  bytes: NUMBER,
  ms: NUMBER,
  rtt: NUMBER,
  level: NUMBER,
  created: NUMBER,
  bitRate: NUMBER,
});
const POLL = fc.record({
  address: fc.constantFrom("http://a/", "http://b/"),
  connections: fc.uniqueArray(CONNECTION, { selector: ({ id }) => id, maxLength: 2 }),
  report: NUMBER,
});
type Poll = typeof POLL extends fc.Arbitrary<infer T> ? T : never;

/** One that grows by 200 a poll. */
function steady(poll: number): string {
  return `{"channel_id":"ch","connection_id":"steady","rtp":{"total_received":${1000 + 200 * poll}}}`;
}

function answer(operation: string, { connections, report }: Poll, poll: number): Buffer {
  const all = connections.map(({ id, packets, bytes, ms, rtt, level, created, bitRate }) =>
    operation === "ListConnections"
      ? `{"channel_id":"ch","connection_id":"${id}","created_time":${created},"video":{"bit_rate":${bitRate}}}`
      : `{"channel_id":"ch","connection_id":"${id}","rtp":{"total_received":${packets},"total_received_byte_size":${bytes}},
        "ice_connection_state":{"total_checking_duration_ms":${ms}},
        "cc":{"round_trip_time":${rtt},"target_bitrate":${rtt}},"network_status":{"unstable_level":${level}}}`,
  );
  if (operation === "GetStatsAllConnections") return Buffer.from(`[${[...all, steady(poll)].join(",")}]`);
  if (operation === "ListConnections") return Buffer.from(`[${all.join(",")}]`);
  if (operation !== "GetStatsReport") return Buffer.from(operation === "GetLicense" ? "{}" : "[]");
  return Buffer.from(`{"total_sent_srtp":${report},"total_duration_sec":${report},"total_new_ms":${report}}`);
}

const SUM = /^sora_(channel|target)_.*_(total|bucket|count|sum)$/;
const numbersOf = ({ value }: PushedPoint): number[] =>
  typeof value === "number" ? [value] : [value.sum!, value.count, ...value.buckets.counts];

/** What has to be true from scrape to scrape. */
function createScrapeWatch(): (samples: readonly ParsedSample[]) => void {
  const sums = new Map<string, number>();
  return (samples) => {
    for (const sample of samples) {
      const { name, value } = sample;
      if (!Number.isFinite(value)) throw new Error(`${name} is ${value}`);
      if (!SUM.test(name)) continue;
      const key = seriesKey(sample);
      if (value < (sums.get(key) ?? 0)) throw new Error(`${key} fell to ${value}`);
      sums.set(key, value);
    }
  };
}

/** What has to be true from push to push; a series that was not in the one before may come back with less. */
function createPushWatch(delta: boolean): (points: readonly PushedPoint[]) => void {
  let last = new Map<string, { readonly startMs: number; readonly numbers: readonly number[] }>();
  return (points) => {
    const now: typeof last = new Map();
    for (const point of points) {
      const { series, startMs, endMs, monotonic } = point;
      const numbers = numbersOf(point);
      if (!numbers.every(Number.isFinite)) throw new Error(`${series} is ${numbers.join()}`);
      if (!(startMs >= 0 && startMs <= endMs)) throw new Error(`${series} from ${startMs} to ${endMs}`);
      if (!monotonic && typeof point.value === "number") continue;
      now.set(series, { startMs, numbers });
      const before = last.get(series);
      const goesOn = !delta && before?.startMs === startMs;
      for (const [i, number] of numbers.entries())
        if (number < (goesOn ? before.numbers[i]! : 0)) throw new Error(`${series} fell to ${number}`);
    }
    last = now;
  };
}

const numbers = fuzz({
  name: "no number keeps a sum from growing, or is pushed as none",
  runs: 40,
  input: fc.array(POLL, { minLength: 1, maxLength: 5 }),
  async check(given) {
    let now: Poll;
    let poll = 0;
    const target = createTestTarget(
      (operation, url) => {
        if (url !== now.address) throw new SoraFailure("connect", "gone");
        return answer(operation, now, poll);
      },
      { calls: ALL_CALLS },
      { urls: ["http://a/", "http://b/"] },
    );
    const scraped = createScrapeWatch();
    const pushes = [false, true].map((delta) => ({
      producer: producerOf([target.target], () => target.clock.now(), { delta }),
      pushed: createPushWatch(delta),
    }));
    const packets = () =>
      target.target
        .snapshots()
        .flatMap(({ families }) => families)
        .find(({ name }) => name === "sora_target_received_packets_total")!.columns[0]!.values[0]!;
    let before = 0;
    const last = given.at(-1)!;
    for (now of [...given, last, last]) {
      await target.poll();
      const grown = packets() - before;
      before += grown;
      expect(poll === 0 ? grown === 0 : grown > 0).toBe(true);
      scraped(samplesOf(await target.exposition(), "prometheus-text"));
      for (const { producer, pushed } of pushes) pushed(await push(producer));
      await target.clock.advance(10_000);
      poll++;
    }
  },
});

export const NUMBER_FUZZES = [numbers];
