/** Pushes by OTLP to real receivers: what arrives there is what a scrape shows. */

import { resourceFromAttributes } from "@opentelemetry/resources";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OtlpConfig } from "../../src/config/otlp-config.ts";
import { hrTime, metricData, withPoints } from "../../src/otlp/data.ts";
import { loadExporter } from "../../src/otlp/exporters.ts";
import { otlpNames } from "../../src/otlp/names.ts";
import { levelOf } from "../../src/snapshot/snapshot.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { allMetrics } from "../otlp/all-metrics.ts";
import { everyCall, runExporter, until } from "../support/exporter.ts";
import { offer, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, type ParsedSample } from "../support/parse.ts";
import {
  COLLECTOR_CLIENT_TLS,
  otlpConfig,
  type Receiver,
  startCollector,
  startPrometheusReceiver,
} from "../support/receivers.ts";
import { lacks } from "../support/tools.ts";

/** Metrics of the exporter's own, which go on while the simulator's clock stands still. */
const MOVING = /^(sora_exporter_|process_|nodejs_|sora_time_seconds|sora_last_poll_success)/;

/** How somebody writes the upper bound of a bucket. */
type Spelling = (bound: number) => string;

/** As Go's `strconv.FormatFloat(bound, 'f', -1, 64)`. */
const plain: Spelling = (bound) => (Number.isFinite(bound) ? String(bound) : "+Inf");
/** As Go's `strconv.FormatFloat(bound, 'g', -1, 64)`, which takes an exponent from seven digits on. */
const short: Spelling = (bound) =>
  bound >= 1e6 && Number.isFinite(bound) ? bound.toExponential().replace(/\+(\d)$/, "+0$1") : plain(bound);
/** As OpenMetrics, which makes a float of an integer. */
const openMetrics: Spelling = (bound) => {
  const text = short(bound);
  return /^\d+$/.test(text) ? `${text}.0` : text;
};

/** Whole numbers below and above a million, and others. */
const BOUNDS = [0.005, 1, 2.5, 100_000, 1_000_000, 25_000_000, Infinity];

/** What a text of a bound says. */
const toBound = (le: string) => Number(le.replace("Inf", "Infinity"));

/** A series as text: its name, its labels, and its value where that stands still. */
function seriesText({ name, labels, value }: ParsedSample): string {
  const texts = Object.entries(labels)
    .filter(([, text]) => text !== "")
    .map(([label, text]) => `${label}=${JSON.stringify(text)}`)
    .sort();
  return `${name}{${texts.join(",")}} ${MOVING.test(name) ? "moves" : value}`;
}

/** What is scraped, with bounds as somebody else writes them. */
function spelled({ labels: { le, ...labels }, ...sample }: ParsedSample, spell: Spelling): ParsedSample {
  return { ...sample, labels: le === undefined ? labels : { ...labels, le: spell(toBound(le)) } };
}

/** Bounds as they are written, smallest first. */
function boundsOf(samples: readonly ParsedSample[]): string[] {
  const bounds = new Set(samples.flatMap(({ labels: { le } }) => le ?? []));
  return [...bounds].sort((a, b) => toBound(a) - toBound(b));
}

function levelOfSample({ labels: { channel_id, connection_id } }: ParsedSample): string {
  return levelOf({
    ...(channel_id !== undefined && { channelId: channel_id }),
    ...(connection_id !== undefined && { connectionId: connection_id }),
  });
}

function difference(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...a].filter((one) => !b.has(one)).slice(0, 20);
}

const ALL = ["target", "channel", "connection"] as const;
const CASES: readonly (readonly [
  what: string,
  start: () => Promise<Receiver>,
  protocol: OtlpConfig["protocol"],
  levels: OtlpConfig["levels"],
  compression: OtlpConfig["compression"],
  spell: Spelling,
])[] = [
  ["Prometheus 3 over http/protobuf", () => startPrometheusReceiver(), "http/protobuf", ALL, "gzip", plain],
  ["the Collector over http/protobuf", startCollector, "http/protobuf", ALL, "none", short],
  ["the Collector over http/json", startCollector, "http/json", ["target", "channel"], "gzip", short],
  ["the Collector over grpc", startCollector, "grpc", ALL, "gzip", short],
];

/** Pushes a point of each metric that there is, and waits for all to be there. */
async function namesAt(
  receiver: Receiver,
  protocol: OtlpConfig["protocol"],
): Promise<{ sent: string[]; arrived: string[]; bounds: string[] }> {
  const all = await allMetrics();
  const names = otlpNames(all);
  const time = hrTime(Date.now());
  const base = { attributes: {}, startTime: time, endTime: time };
  const boundaries = BOUNDS.filter(Number.isFinite);
  const histogram = { buckets: { boundaries, counts: BOUNDS.map(() => 1) }, sum: 3, count: BOUNDS.length };
  const metrics = all.map(({ name, type }) =>
    withPoints(metricData(names.get(name)!, "", false), [
      type === "histogram" ? { ...base, value: histogram } : { ...base, value: 1 },
    ]),
  );
  const config = otlpConfig(receiver.otlp(protocol));
  const create = await loadExporter({
    ...config,
    headers: () => ({}),
    tls: { ca: undefined, cert: undefined, key: undefined },
  });
  const { exporter } = create(config.timeoutMs);
  const resource = resourceFromAttributes({ "service.name": "x" });
  const scopeMetrics = [{ scope: { name: "x" }, metrics }];
  await new Promise((resolve) => exporter.export({ resource, scopeMetrics }, resolve));
  await exporter.shutdown();
  const sent = all.flatMap(({ name, type }) =>
    type === "histogram" ? ["_bucket", "_count", "_sum"].map((suffix) => name + suffix) : [name],
  );
  let samples: ParsedSample[] = [];
  const namesOf = () => [...new Set(samples.map(({ name }) => name))];
  await until(async () => {
    samples = await receiver.samples();
    return namesOf().length >= sent.length;
  }).catch(() => undefined);
  return { sent: sent.sort(), arrived: namesOf().sort(), bounds: boundsOf(samples) };
}

describe.skipIf(lacks("prometheus-3") || lacks("otelcol"))("receivers of OTLP", () => {
  const now = Date.UTC(2026, 0, 1);
  let simulator: Simulator;

  beforeAll(async () => {
    const world = {
      seed: 3,
      channels: 4,
      connections: 20,
      nodes: 2,
      form: "2024",
      startMs: now - 300_000,
    } as const;
    simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => now });
  });

  afterAll(() => simulator.close());

  test.for([
    ["Prometheus 3", () => startPrometheusReceiver(), ["100000", "1000000", "25000000", "+Inf"]],
    ["the Collector", startCollector, ["100000", "1e+06", "2.5e+07", "+Inf"]],
  ] as const)(
    "%s gives every metric that there is its own name, and writes bounds in its own way",
    { timeout: 60_000 },
    async ([, start, large]) => {
      const receiver = await start();
      try {
        const { sent, arrived, bounds } = await namesAt(receiver, "http/protobuf");
        expect(arrived).toEqual(sent);
        expect(bounds).toEqual(["0.005", "1", "2.5", ...large]);
      } finally {
        await receiver.close();
      }
    },
  );

  test(
    "Prometheus 3 writes the bounds of a scrape, be it of a Collector, not as those of a push",
    { timeout: 90_000 },
    async () => {
      const collector = await startCollector();
      const exporter = await runExporter(
        [{ name: "sim", url: simulator.url, intervalMs: 1000, timeoutMs: 1000 }],
        { otlp: otlpConfig({ ...collector.otlp("http/protobuf"), intervalMs: 1000 }) },
      );
      try {
        for (const url of [exporter.url, collector.scrapeUrl!]) {
          const prometheus = await startPrometheusReceiver(url);
          try {
            let bounds: string[] = [];
            await until(async () => {
              const samples = await prometheus.samples();
              bounds = boundsOf(
                samples.filter(({ name }) => name === "sora_target_cc_round_trip_time_bucket"),
              );
              return bounds.length > 0;
            }, 20_000);
            expect(bounds).toEqual(bounds.map((bound) => openMetrics(toBound(bound))));
            expect(bounds).toEqual(expect.arrayContaining(["10.0", "2000.0", "+Inf"]));
          } finally {
            await prometheus.close();
          }
        }
      } finally {
        await exporter.close();
        await collector.close();
      }
    },
  );

  test.for([
    ["Prometheus 3", "cumulative", () => startPrometheusReceiver(), 1110],
    ["a Collector", "cumulative", startCollector, 1110],
    // One that has begun anew adds deltas up from 0: it lacks the 10 that it had before, and no others.
    ["a Collector", "delta", startCollector, 1100],
  ] as const)(
    "what %s misses while it is gone, with %s sums: the points of that time, and nothing of what is counted",
    { timeout: 90_000 },
    async ([, temporality, start, expected]) => {
      const receiver = await start();
      const sora = await startFakeSora(offer({}));
      let packets = 1000;
      const connection = () => ({ channel_id: "ch", connection_id: "A", rtp: { total_received: packets } });
      sora.answer = offer({ GetStatsAllConnections: (...args) => reply([connection()])(...args) });
      const exporter = await runExporter([{ name: "t", url: sora.url, intervalMs: 500, timeoutMs: 500 }], {
        otlp: otlpConfig({
          ...receiver.otlp("http/protobuf"),
          temporality,
          intervalMs: 1000,
          timeoutMs: 900,
        }),
      });
      const atReceiver = async () =>
        find(await receiver.samples().catch(() => []), "sora_target_received_packets_total")?.value;
      const failures = async () =>
        find(await exporter.scrape(), "sora_exporter_otlp_failures_total", { reason: "connect" })?.value ?? 0;
      try {
        await until(async () => (await atReceiver()) === 0, 20_000);
        packets += 10;
        await until(async () => (await atReceiver()) === 10, 20_000);
        await receiver.kill();
        packets += 100;
        await until(async () => (await failures()) >= 2, 20_000);
        const [dropped, rejected] = ["dropped", "rejected"].map(
          (what) => `sora_exporter_otlp_points_${what}_total`,
        );
        expect(find(await exporter.scrape(), dropped!)!.value).toBeGreaterThan(100);
        expect(find(await exporter.scrape(), rejected!)!.value).toBe(0);
        await receiver.start();
        packets += 1000;
        await until(async () => (await atReceiver()) === expected, 20_000);
        await exporter.polls("t", 4);
        expect(await atReceiver()).toBe(expected);
        expect(exporter.log.map(({ msg }) => msg)).toContain("pushes by OTLP work again");
        const polls = await exporter.scrape();
        expect(find(polls, "sora_up", { target: "t" })!.value).toBe(1);
      } finally {
        await exporter.close();
        await sora.close();
        await receiver.close();
      }
    },
  );

  test.for(["http/protobuf", "grpc"] as const)(
    "a Collector over TLS by %s takes what has its authority's certificate, and nothing without",
    { timeout: 60_000 },
    async (protocol) => {
      const receiver = await startCollector({ tls: true });
      const run = (tls: OtlpConfig["tls"]) =>
        runExporter([{ name: "sim", url: simulator.url, intervalMs: 1000, timeoutMs: 1000 }], {
          otlp: otlpConfig({ ...receiver.otlp(protocol), intervalMs: 1500, timeoutMs: 1400, tls }),
        });
      const stranger = await run({ ca: undefined, cert: undefined, key: undefined });
      try {
        const reason = { reason: "tls" };
        await until(
          async () => find(await stranger.scrape(), "sora_exporter_otlp_failures_total", reason)!.value > 0,
          20_000,
        );
        expect(await receiver.samples()).toEqual([]);
        await stranger.close();
        const exporter = await run(COLLECTOR_CLIENT_TLS);
        await until(async () => find(await receiver.samples(), "sora_up") !== undefined, 20_000).finally(() =>
          exporter.close(),
        );
      } finally {
        await stranger.close();
        await receiver.close();
      }
    },
  );

  test.for(CASES)(
    "%s have every series of the scrape, and none besides",
    { timeout: 90_000 },
    async ([, start, protocol, levels, compression, spell]) => {
      const receiver = await start();
      const exporter = await runExporter(
        [{ name: "sim", url: simulator.url, intervalMs: 6000, timeoutMs: 4000, calls: everyCall(6000) }],
        { otlp: otlpConfig({ ...receiver.otlp(protocol), levels, compression, batchSize: 1000 }) },
      );
      try {
        const compare = async () => {
          const scraped = (await exporter.scrape()).filter((sample) =>
            (levels as readonly string[]).includes(levelOfSample(sample)),
          );
          const expected = new Set(scraped.map((sample) => seriesText(spelled(sample, spell))));
          const arrived = new Set((await receiver.samples()).map(seriesText));
          return {
            size: expected.size,
            missing: difference(expected, arrived),
            besides: difference(arrived, expected),
          };
        };
        let last = await compare();
        await until(async () => {
          last = await compare();
          return last.size > 1000 && last.missing.length === 0 && last.besides.length === 0;
        }, 60_000).catch(() => undefined);
        expect(last).toMatchObject({ missing: [], besides: [] });
        expect(last.size).toBeGreaterThan(1000);
        // A busy machine may be late; nothing may be refused.
        expect(exporter.log.filter(({ level, msg }) => level >= 40 && !/timeout|interval/.test(msg))).toEqual(
          [],
        );
      } finally {
        await exporter.close();
        await receiver.close();
      }
    },
  );
});
