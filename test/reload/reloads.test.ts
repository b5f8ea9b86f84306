/** Reading the configuration anew, without an exporter. */

import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { createReloads } from "../../src/reload.ts";
import { configFor } from "../support/exporter.ts";

const FIRST = configFor([{ name: "a", url: "http://a/" }]);

/** Reloads of what a test sets: a configuration, or what is wrong with it. */
function start(read: () => Promise<Config>, apply: (config: Config) => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const ends: boolean[] = [];
  const applied: Config[] = [];
  const reloads = createReloads(
    { config: FIRST, yaml: "first\n" },
    {
      read: async () => ({ config: await read(), yaml: "next\n" }),
      async apply(config) {
        await apply(config);
        applied.push(config);
      },
      onEnd: (successful) => ends.push(successful),
      log: pino(
        { base: null },
        {
          write: (line) => {
            const { level, msg } = JSON.parse(line) as { level: number; msg: string };
            lines.push(`${{ 30: "info", 40: "warn", 50: "error" }[level]!}: ${msg}`);
          },
        },
      ),
    },
  );
  return { reloads, lines, ends, applied };
}

test("a good configuration is taken", async () => {
  const next = configFor([{ name: "b", url: "http://b/" }]);
  const { reloads, lines, ends, applied } = start(() => Promise.resolve(next));
  expect(await reloads.reload()).toEqual({ successful: true, later: [] });
  expect([applied, reloads.running, reloads.yaml]).toEqual([[next], next, "next\n"]);
  expect([lines, ends]).toEqual([["info: the configuration is reloaded"], [true]]);
});

describe("nothing changes, and it is said why,", () => {
  const fail = () => Promise.reject(new Error("c.yaml:1: no"));
  test.each([
    ["where it cannot be read", start(fail)],
    ["where it cannot be taken", start(() => Promise.resolve(FIRST), fail)],
  ])("%s", async (_, { reloads, lines, ends, applied }) => {
    expect(await reloads.reload()).toEqual({ successful: false, problem: "c.yaml:1: no" });
    expect([applied, reloads.running, reloads.yaml]).toEqual([[], FIRST, "first\n"]);
    expect(lines).toEqual(["error: the configuration is not reloaded, nothing has changed: c.yaml:1: no"]);
    expect(ends).toEqual([false]);
  });
});

test("what takes a restart is named and stays as it is, until it is as it was", async () => {
  const { web } = FIRST;
  let next: Config = {
    ...FIRST,
    web: { ...web, listenAddress: { host: "::1", port: 1 }, telemetryPath: "/x", maxRequests: 7 },
    log: { level: "debug", format: "text" },
    record: "elsewhere",
  };
  const { reloads, lines, applied } = start(() => Promise.resolve(next));
  const later = ["web.listen_address", "web.telemetry_path", "log.format"];
  expect(await reloads.reload()).toEqual({ successful: true, later });
  expect(applied).toEqual([
    { ...FIRST, web: { ...web, maxRequests: 7 }, log: { level: "debug", format: "json" } },
  ]);
  expect(lines).toEqual([
    ...later.map((key) => `warn: ${key} has changed in the configuration, which takes a restart`),
    "info: the configuration is reloaded",
  ]);
  expect(reloads.yaml).toBe(
    later.map((key) => `# Not in effect until a restart: ${key}\n`).join("") + "next\n",
  );
  next = FIRST;
  expect(await reloads.reload()).toEqual({ successful: true, later: [] });
  expect(reloads.yaml).toBe("next\n");
});

test("reloads do not overlap; those that are asked for meanwhile are one, which reads after all of them", async () => {
  let reads = 0;
  let running = 0;
  let most = 0;
  const { reloads } = start(async () => {
    reads++;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return FIRST;
  });
  await Promise.all(Array.from({ length: 10 }, () => reloads.reload()));
  expect([reads, most]).toEqual([2, 1]);
  await reloads.reload();
  expect([reads, most]).toEqual([3, 1]);
});
