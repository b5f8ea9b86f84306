import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  /** What was lost for good. */
  readonly lost: Error[];
}

/** An engine whose thread misbehaves as its target's name says. */
async function start(name: string): Promise<Started> {
  const lines: string[] = [];
  const lost: Error[] = [];
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  metrics.addTarget(name, { operations: [], url: "http://sora/", scope: "cluster" });
  engine = await startEngine(configFor([{ name, url: "http://sora/" }]), {
    metrics,
    onLost: (error) => lost.push(error),
    log: pino({ base: null }, { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) }),
    thread: {
      script: new URL("../support/bad-thread.ts", import.meta.url),
      answerTimeoutMs: 500,
      endMs: 200,
      restartMs: 10,
      pingMs: 100,
    },
  });
  return { engine, metrics, lines, lost };
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

describe("its health", () => {
  test("is that of a thread that answers, asked or not", async () => {
    const { engine } = await start("is well");
    expect(engine.problem()).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(engine.problem()).toBeUndefined();
  });

  test("is bad while the thread hangs though nobody scrapes, and while it is away; then it is well again", async () => {
    const { engine, lines } = await start("hangs");
    await until(() => engine.problem()?.startsWith("the engine has not answered for ") === true);
    await until(() => lines.includes("the engine has not answered a request (ping) for 0.5 s, and is ended"));
    await until(() => lines.includes("the engine has ended; it is started anew in 0.01 s"));
    await until(() => engine.problem() === undefined);
  });

  test("is lost with a thread that does not start again: whoever runs the exporter is told so, once", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    try {
      const { engine, lines, lost } = await start(`starts once ${join(directory, "mark")}`);
      await engine.render({}, "openmetrics");
      expect(engine.problem()).toBe("the engine has ended; it is started anew");
      await until(() => lost.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(lost.map(({ message }) => message)).toEqual([
        "the engine could not be started 3 times in a row",
      ]);
      expect(lines.filter((line) => line === "the engine cannot start")).toHaveLength(3);
      expect(engine.problem()).toBeDefined();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test("a pause of the process costs no thread that answers after it", async () => {
  const started = await start("pauses");
  const taken = started.engine.reconfigure(configFor([{ name: "pauses", url: "http://sora/" }]));
  const end = performance.now() + 1500;
  while (performance.now() < end);
  await taken;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(started.lines).toEqual([]);
  expect(await ownValue(started, "sora_exporter_engine_restarts_total")).toBe(0);
});

test("a thread that hangs in the system, where nothing ends it, is lost", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", [pipe]);
  const { lost, lines } = await start(`is stuck at ${pipe}`);
  await until(() => lost.length > 0);
  const writer = openSync(pipe, "w");
  rmSync(directory, { recursive: true });
  closeSync(writer);
  expect(lost.map(({ message }) => message)).toEqual(["the engine hangs and cannot be ended"]);
  expect(lines[0]).toBe("the engine has not answered a request (ping) for 0.5 s, and is ended");
});

describe("another configuration", () => {
  const to = (...names: string[]) => configFor(names.map((name) => ({ name, url: "http://sora/" })));

  test("ends the series of targets that it does not have", async () => {
    const { engine, metrics } = await start("goes");
    metrics.pollFailed("goes", { reason: "timeout", seconds: 1 });
    await engine.reconfigure(to("comes"));
    expect(engine.targets).toEqual([{ name: "comes", attempted: false }]);
    const families = await metrics.collect(new Map());
    expect(
      families.flatMap(({ samples }) => samples.flatMap(({ labels }) => labels.map(String))),
    ).not.toContain("target,goes");
  });

  test("that the thread cannot take leaves everything as it was", async () => {
    const { engine, metrics } = await start("stays");
    await expect(engine.reconfigure(to("cannot be"))).rejects.toThrow("the engine could not take it");
    expect(engine.targets.map(({ name }) => name)).toEqual(["stays"]);
    expect((await metrics.collect(new Map())).length).toBeGreaterThan(3);
  });

  test("that comes while the thread is away is what it begins with", async () => {
    const { engine, lines } = await start("exits");
    await engine.render({}, "openmetrics");
    await engine.reconfigure(to("refuses"));
    await until(() => engine.problem() === undefined);
    await engine.render({}, "openmetrics");
    expect(lines.at(-1)).toBe("the engine could not answer");
  });
});
