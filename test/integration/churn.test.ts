/**
 * What a real Prometheus makes of the target's bytes while connections come and go, held against what the simulator has
 * counted. The world goes ten times as fast as the clock, so a minute of the test is ten of it; CHURN_SECONDS in the
 * environment makes the test longer.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ScenarioName } from "../../src/simulator/scenarios.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import type { World } from "../../src/simulator/world.ts";
import { runExporter } from "../support/exporter.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { lacks } from "../support/tools.ts";

const SECONDS = Number(process.env["CHURN_SECONDS"] ?? "60");
const SECONDS_OF_WORLD = SECONDS * 10;
const TICK_MS = 100;
/** Ten seconds of the world, so that those who leave have had something since the last poll that saw them. */
const POLL_MS = 1000;
/** When trouble begins, as a share of the time; in between everybody comes and goes as usual. */
const TROUBLE: readonly [at: number, scenario: ScenarioName, forMs?: number][] = [
  [0.2, "mass-reconnect"],
  [0.3, "normal"],
  [0.4, "node-lost", 60_000],
  [0.55, "normal"],
  [0.65, "sfu-restart"],
  [0.75, "normal"],
];
const COUNTER = "rtp_received_bytes_total";

/** Keeps every connection that was ever there; the world no longer changes one that has left. */
function follow(world: World): { look(): void; finals(): Map<string, number>; left(): number } {
  const known = new Map<string, ReturnType<World["members"]>[number]>();
  return {
    look: () => world.members().forEach((one) => known.set(one.plan.connectionId, one)),
    finals: () => new Map([...known].map(([id, one]) => [id, one.sections.rtp.total_received_rtp_byte_size])),
    left: () => known.size - world.members().length,
  };
}

/** Bytes of each connection in the last answer that the exporter took of it. */
function lastSeen(recording: string): Map<string, number> {
  const seen = new Map<string, number>();
  for (const line of readFileSync(recording, "utf8").trim().split("\n")) {
    const { values } = JSON.parse(line) as {
      values: { connection_id: string; rtp: { total_received_rtp_byte_size: number } }[];
    };
    for (const { connection_id, rtp } of values) seen.set(connection_id, rtp.total_received_rtp_byte_size);
  }
  return seen;
}

test.skipIf(lacks("prometheus"))(
  "increase() of the target's bytes is what the simulator has counted but for what no poll could see",
  { timeout: SECONDS * 1000 + 90_000 },
  async () => {
    let now = Date.UTC(2026, 0, 1);
    const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    const recording = join(directory, "polls.jsonl");
    const options = { seed: 7, channels: 6, connections: 60, nodes: 2, form: "2024", startMs: now } as const;
    const simulator = await startSimulator({
      ...{ host: "127.0.0.1", port: 0, world: options },
      nowMs: () => now,
    });
    const { world } = simulator;
    now += 60_000;
    world.advanceTo(now);
    const everybody = follow(world);
    const exporter = await runExporter(
      [{ name: "sim", url: simulator.url, intervalMs: POLL_MS, timeoutMs: POLL_MS }],
      { record: recording },
    );
    const prometheus = await startPrometheus(exporter.url);
    /** While the clock stands still: two polls and two scrapes later all is scraped that there is. */
    const settle = async () => {
      await exporter.polls("sim", 2);
      await prometheus.scrapes(2);
    };
    try {
      await settle();
      everybody.look();
      const before = world.produced().receivedSrtpBytes;
      const trouble = [...TROUBLE];
      const begin = performance.now();
      for (let second = 1; second <= SECONDS_OF_WORLD; second++) {
        // Second by second however late the test is: a world that leaps does not count whoever leaves meanwhile.
        now += 1000;
        world.advanceTo(now);
        everybody.look();
        while (trouble[0] !== undefined && second >= trouble[0][0] * SECONDS_OF_WORLD) {
          const [, scenario, forMs] = trouble.shift()!;
          world.setScenario({ scenario, ...(forMs !== undefined && { forMs }) }, now);
        }
        const ahead = begin + second * TICK_MS - performance.now();
        if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
        else await new Promise((resolve) => setImmediate(resolve));
      }
      await settle();

      const produced = world.produced().receivedSrtpBytes - before;
      const seen = lastSeen(recording);
      let unobservable = 0;
      for (const [id, final] of everybody.finals()) unobservable += final - (seen.get(id) ?? 0);

      const target = `sora_target_${COUNTER}`;
      const [samples] = await prometheus.ask(`${target}[1h]`);
      const values = samples!.values!.map(([, value]) => Number(value));
      const [first, last] = [samples!.values![0]![0], samples!.values!.at(-1)![0]];
      const span = Math.ceil(last - first);
      const one = async (promql: string, time = last) => (await prometheus.query(promql, time))[0]!.value;
      // increase() extends what it found to the ends of its range. Here it cannot: it is asked for the moment of the last
      // sample, and no counter is taken to have begun before it was zero, which is what the first sample is.
      const increase = await one(`increase(${target}[1h])`);
      const sumOfConnections = `sum(sora_connection_${COUNTER})`;
      const naive = await one(`increase((${sumOfConnections})[${span}s:1s])`);
      const naiveDifference = (await one(sumOfConnections)) - (await one(sumOfConnections, first));
      const perConnection = await one(`sum(increase(sora_connection_${COUNTER}[1h]))`);
      console.log(
        `produced ${produced}, increase() ${increase}, unobservable ${unobservable} ` +
          `(${((unobservable / produced) * 100).toFixed(2)} %), ${everybody.left()} connections left\n` +
          `increase() of the sum of connections ${naive} (${Math.round((naive / produced) * 100)} %), ` +
          `its last value less its first ${naiveDifference}, ` +
          `sum of their increase() ${perConnection} (${Math.round((perConnection / produced) * 100)} %)`,
      );

      expect(everybody.left()).toBeGreaterThan(2 * options.connections);
      expect(unobservable).toBeGreaterThan(0);
      expect(values[0]).toBe(0);
      expect(values.every((value, i) => value >= (values[i - 1] ?? 0))).toBe(true);
      expect(values.at(-1)! - values[0]!).toBe(increase);
      expect(increase + unobservable).toBe(produced);

      // What adds up connections instead fails the same comparison: it falls whenever one leaves. The sum of their own
      // increases is only shown: it lacks the first value of each, and has what increase() guesses before that.
      expect(await one(`resets((${sumOfConnections})[${span}s:1s])`)).toBeGreaterThan(0);
      for (const wrong of [naive, naiveDifference])
        expect(Math.abs(wrong + unobservable - produced) / produced).toBeGreaterThan(0.2);
    } finally {
      await prometheus.close();
      await Promise.all([exporter.close(), simulator.close()]);
      rmSync(directory, { recursive: true });
    }
  },
);
