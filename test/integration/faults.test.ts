/**
 * Whatever goes wrong between the exporter and Sora: every kind of fault at targets of one exporter, in an order that is
 * made of a seed, two of them at a time. One seed is always the same; FAULT_SEED in the environment sets the other one, to
 * see again what it showed.
 */

import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ExporterProcess, startExporterProcess } from "../faults/exporter-process.ts";
import { KINDS, SERVER_NAME, TRUSTED } from "../faults/kinds.ts";
import { ANSWER_SIZE } from "../faults/kinds-wire.ts";
import { type Lane, startLane } from "../faults/lane.ts";
import { makeSchedules } from "../faults/schedule.ts";
import { createScrapes } from "../faults/scrapes.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { lacks } from "../support/tools.ts";

/** As long as a call may take, on a machine that may have much else to do. */
const INTERVAL_MS = 3000;
const SEEDS = [1, Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31))];
/** Targets of a seed. */
const TARGETS = Array.from({ length: 10 }, (_, i) => ({ tls: i < 2 }));
const TOKEN = "a-token-that-is-for-sora-alone";
const MB = 1_000_000;

test("every kind of fault, and nothing that is false", { timeout: 600_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const ca = join(directory, "ca.pem");
  writeFileSync(ca, TRUSTED);
  const visits: string[] = [];
  const elsewhere = createServer((request, response) => {
    visits.push(`${request.method} ${request.url}`);
    response.end("[]");
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const elsewhereUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  const healthy = await startSimulator({
    ...{ host: "127.0.0.1", port: 0 },
    world: { seed: 3, channels: 1, connections: 2, nodes: 1, form: "2024", startMs: Date.now() },
  });
  const lanes: {
    readonly seed: number;
    readonly lane: Lane;
    readonly steps: ReturnType<typeof makeSchedules>[0];
  }[] = [];
  let exporter: ExporterProcess | undefined;
  try {
    for (const seed of SEEDS) {
      const schedules = makeSchedules(seed, TARGETS);
      for (const [i, { tls }] of TARGETS.entries()) {
        const name = `${seed === SEEDS[0] ? "fixed" : "random"}-${i}${tls ? "-tls" : ""}`;
        const lane = await startLane({ name, seed: seed + i, tls, elsewhere: elsewhereUrl });
        lanes.push({ seed, lane, steps: schedules[i]! });
      }
    }
    const often = `${INTERVAL_MS}ms`;
    exporter = await startExporterProcess({
      sora: { interval: often, timeout: often, client_metrics: true, cluster_metrics: true },
      targets: [
        ...lanes.map(({ lane: { name, url, tls } }) => ({
          ...{ name, url, bearer_token: TOKEN },
          ...(tls && { tls: { ca_file: ca, server_name: SERVER_NAME } }),
        })),
        { name: "healthy", url: healthy.url, interval: "5s", timeout: "5s" },
      ],
      calls: Object.fromEntries(
        ["list_connections", "get_stats_report", "list_cluster_nodes", "get_license"]
          .concat(["list_started_recording", "list_archiving"])
          .map((call) => [call, often]),
      ),
      // Fewer series, to be scraped more often.
      metrics: { include_sections: ["rtp", "network_status", "ice_connection_state", "cc"] },
      limits: { answer_size: `${ANSWER_SIZE}B` },
    });
    const { memory, handles, log } = exporter;
    const scrapes = createScrapes(exporter.url, INTERVAL_MS);
    await Promise.all(lanes.map(({ lane }) => lane.begin(scrapes)));
    const start = { rss: memory("VmRSS"), handles: handles() };

    await Promise.all(
      lanes.map(async ({ seed, lane, steps }) => {
        for (const [i, step] of steps.entries()) {
          await lane.take(step, scrapes).catch((error: unknown) => {
            const where = `FAULT_SEED=${seed}, ${lane.name}, step ${i}: ${step.kind} at ${step.operations.join()}`;
            throw new Error(`${where}: ${String(error)}`, { cause: error });
          });
        }
      }),
    );

    const { targets, text } = await scrapes.fresh();
    // All sums of all targets would have begun anew.
    expect(text).toContain("\nsora_exporter_engine_restarts_total 0\n");
    const neighbour = targets.get("healthy")!;
    expect(neighbour.own("sora_up")).toBe(1);
    expect(neighbour.own("sora_exporter_call_failures_total")).toBe(0);
    expect(visits).toEqual([]);
    expect(log.join("\n")).not.toContain(TOKEN);
    const figures = {
      ...{ kinds: Object.keys(KINDS).length, seeds: SEEDS, scrapes: scrapes.statistics.count },
      longestScrapeMs: Math.round(scrapes.statistics.longestMs),
      rssMB: { before: Math.round(start.rss / MB), highest: Math.round(memory("VmHWM") / MB) },
      handles: { before: start.handles, after: handles() },
      late: lanes.reduce((sum, { lane }) => sum + lane.late, 0),
      log: { lines: log.length, bytes: log.join("\n").length },
    };
    console.log(JSON.stringify(figures));
    // What is forgiven must stay rare, or it would hide something.
    expect(figures.late).toBeLessThan(lanes.flatMap(({ steps }) => steps).length / 5);
    // Floods have come to many times as much.
    expect(memory("VmHWM") - start.rss).toBeLessThan(150 * MB);
    // A connection for each call that can be under way.
    expect(handles()).toBeLessThan(start.handles + 7 * lanes.length);
    // Of each fault a line for each call when it begins and when it ends, and what the beginning has to say.
    expect(log.length).toBeLessThan(100 + lanes.flatMap(({ steps }) => steps).length * 20);
    if (!lacks("promtool")) {
      const input = await (await fetch(`${exporter.url}/metrics`)).text();
      const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      // 3 is for names that it does not like, some of which are Sora's own.
      expect([0, 3], stderr).toContain(status);
    }
  } finally {
    await exporter?.close();
    await Promise.all([healthy.close(), ...lanes.map(({ lane }) => lane.close())]);
    elsewhere.close();
    elsewhere.closeAllConnections();
    rmSync(directory, { recursive: true });
  }
});
