/**
 * prom-client with the series of a snapshot and its sums, beside the exporter's own way from that snapshot to bytes.
 * `node --expose-gc bench/prom-client.ts SIZE`
 */

import { Gauge, Registry } from "prom-client";
import { LEVELS, type Row, type Snapshot } from "../src/snapshot/snapshot.ts";
import { answersOf, createOldWorld } from "./answers.ts";
import { memoryOf, report } from "./child.ts";
import type { PromClientResult } from "./results.ts";
import { createSubject } from "./subject.ts";
import { median, time } from "./timing.ts";

const ROUNDS = 5;
/** The exporter's own way is so much quicker that it may warm up as long as in its own benchmark. */
const OWN_WARM_UP_CONNECTIONS = 20_000;
const POLL_MS = 5000;

const size = Number(process.argv[2]);
report(await measure());

async function measure(): Promise<PromClientResult> {
  const { snapshots, ownMs } = measureOwn();
  const registry = new Registry();
  const gauges = createGauges(registry, snapshots);
  setAll(gauges, snapshots, 0);
  const problem = await registry.metrics().then(
    () => undefined,
    (error: unknown) => error,
  );
  // The exposition may be longer than a string can be; metric by metric it can be made all the same.
  if (problem !== undefined && !(problem instanceof RangeError)) throw problem as Error;
  const names = problem === undefined ? [] : [...gauges.keys()];
  const render = async (): Promise<readonly string[]> => {
    if (problem === undefined) return [await registry.metrics()];
    return Promise.all(names.map((name) => registry.getSingleMetricAsString(name)));
  };
  const rounds: { set: number; metrics: number; total: number }[] = [];
  const pieces: string[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    pieces.length = 0;
    const set = time(() => setAll(gauges, snapshots, round));
    const start = performance.now();
    pieces.push(...(await render()));
    const metrics = performance.now() - start;
    rounds.push({ set, metrics, total: set + metrics });
  }
  return {
    connections: size,
    ...(problem !== undefined && { failure: `metrics() throws ${problem.message}; made metric by metric` }),
    rounds: ROUNDS,
    series: pieces.reduce((sum, piece) => sum + piece.match(/^[^#\n]/gm)!.length, 0),
    setMs: median(rounds.map(({ set }) => set)),
    metricsMs: median(rounds.map(({ metrics }) => metrics)),
    totalMs: median(rounds.map(({ total }) => total)),
    expositionBytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    peakRssMB: memoryOf("self", "VmHWM") / 1e6,
    ownMs,
  };
}

function measureOwn(): { snapshots: readonly Snapshot[]; ownMs: number } {
  const subject = createSubject(LEVELS);
  const warmUp = Math.max(3, Math.ceil(OWN_WARM_UP_CONNECTIONS / size));
  let snapshots: readonly Snapshot[] = [];
  const times = answersOf(createOldWorld(size))
    .take(warmUp + ROUNDS)
    .map((body, round) => {
      const snapshot = subject.read(body, round * POLL_MS);
      return time(() => {
        snapshots = [snapshot, ...subject.addUp(snapshot, round * POLL_MS)];
        subject.write(snapshots).forEach(() => undefined);
      });
    })
    .toArray();
  return { snapshots, ownMs: median(times.slice(warmUp)) };
}

type Gauges = ReadonlyMap<string, Gauge>;

function createGauges(registry: Registry, snapshots: readonly Snapshot[]): Gauges {
  const gauges = new Map<string, Gauge>();
  for (const { rows, families } of snapshots) {
    const identity = identityOf("", rows[0]!).map(([name]) => name);
    for (const { name, help, columns } of families) {
      for (const { labels, suffix = "", entryLabels } of columns) {
        const full = name + suffix;
        if (gauges.has(full)) continue;
        const labelNames = [...identity, ...[...labels, ...(entryLabels?.[0] ?? [])].map(([label]) => label)];
        gauges.set(full, new Gauge({ name: full, help, labelNames, registers: [registry] }));
      }
    }
  }
  return gauges;
}

function setAll(gauges: Gauges, snapshots: readonly Snapshot[], more: number): void {
  for (const { target, rows, families } of snapshots) {
    const identities = rows.map((row) => identityOf(target, row).map(([, value]) => value));
    for (const { name, columns } of families) {
      for (const { labels, suffix = "", rows: rowOf, values, entryLabels } of columns) {
        const gauge = gauges.get(name + suffix)!;
        const own = labels.map(([, value]) => value);
        for (let i = 0; i < values.length; i++) {
          const identity = identities[rowOf === undefined ? i : rowOf[i]!]!;
          const entry = entryLabels?.[i]!.map(([, value]) => value) ?? [];
          gauge.labels(...identity, ...own, ...entry).set(values[i]! + more);
        }
      }
    }
  }
}

function identityOf(target: string, { channelId, connectionId }: Row): [string, string][] {
  return [
    ["target", target],
    ...(channelId === undefined ? [] : [["channel_id", channelId] satisfies [string, string]]),
    ...(connectionId === undefined ? [] : [["connection_id", connectionId] satisfies [string, string]]),
  ];
}
