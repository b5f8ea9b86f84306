import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import { createOwnMetrics, type OwnMetrics } from "../../src/exposition/own-metrics.ts";
import { configFor, until } from "../support/exporter.ts";

let engine: Engine | undefined;

afterEach(() => engine?.close());

interface Started {
  readonly engine: Engine;
  readonly metrics: OwnMetrics;
  readonly lines: string[];
}

/** An engine whose thread misbehaves as its target's name says. */
async function start(name: string): Promise<Started> {
  const lines: string[] = [];
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  metrics.addTarget(name, { operations: [], url: "http://sora/", scope: "cluster" });
  engine = await startEngine(configFor([{ name, url: "http://sora/" }]), {
    metrics,
    log: pino({ base: null }, { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) }),
    thread: {
      script: new URL("../support/bad-thread.ts", import.meta.url),
      answerTimeoutMs: 500,
      restartMs: 10,
      pingMs: 100,
    },
  });
  return { engine, metrics, lines };
}

async function ownValue({ metrics }: Started, name: string): Promise<number | undefined> {
  const families = await metrics.collect(new Map());
  return families.find((family) => family.name === name)?.samples[0]?.value;
}

describe("a thread that", () => {
  test.each(["throws", "exits", "hangs"])("%s is started anew, and costs no scrape", async (name) => {
    const started = await start(name);
    await until(async () => {
      const { families, series } = await started.engine.render({}, "openmetrics");
      expect([families.flat(), series]).toEqual([[], new Map()]);
      return (await ownValue(started, "sora_exporter_engine_restarts_total")) === 2;
    });
    expect(await ownValue(started, "sora_up")).toBe(0);
    expect(started.lines).toContain("the engine has ended; it is started anew in 0.01 s");
    expect(started.lines.includes("the engine has failed")).toBe(name === "throws");
    const hangs = "the engine has not answered a request (list) for 0.5 s, and is ended";
    expect(started.lines.includes(hangs)).toBe(name === "hangs");
  });

  test("fails to answer costs that answer alone", async () => {
    const started = await start("refuses");
    expect((await started.engine.render({}, "openmetrics")).families).toEqual([]);
    expect(started.lines).toEqual(["the engine could not answer"]);
    expect(await ownValue(started, "sora_exporter_engine_restarts_total")).toBe(0);
  });

  test.each([
    ["cannot start", "no ink"],
    ["does not start", "the engine has ended before it began"],
  ])("%s says why", async (name, message) => {
    await expect(start(name)).rejects.toThrow(message);
  });
});
