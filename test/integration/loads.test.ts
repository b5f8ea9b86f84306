/** What each thread of an exporter that is polled and scraped loads: what nobody needs there would take its memory all the same. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/exporter.ts";
import { calm, reply, startFakeSora } from "../support/fake-sora.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const RECORDER = new URL("../support/record-loads.mjs", import.meta.url).href;
const START_MS = 20_000;

/** The undici inside of Node.js. */
const OWN_UNDICI = /^NativeModule internal\/deps\/undici\/undici$/;
const READING = /node_modules\/(zod|yaml)\//;
const PUSHES = /node_modules\/@opentelemetry\/sdk-metrics\/|src\/otlp\/otlp\.ts/;

const loaded = { main: [] as string[], thread: [] as string[] };

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const sora = await startFakeSora(calm(reply([{ channel_id: "a", connection_id: "b" }])));
  const flags = [`--sora.url=${sora.url}`, "--web.listen-address=127.0.0.1:0"];
  const child = spawn(process.execPath, [`--import=${RECORDER}`, MAIN, ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, RECORD_LOADS_TO: directory },
  });
  try {
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    await until(() => /listening on \S+\/metrics[^]*Sora answers/.test(log), START_MS);
    const url = /listening on (\S+)\/metrics/.exec(log)![1]!;
    for (const path of ["/metrics", "/"]) expect((await fetch(url + path)).status).toBe(200);
    const exited = once(child, "exit");
    child.kill();
    expect(await exited).toEqual([0, null]);
    for (const name of ["main", "thread"] as const)
      loaded[name] = readFileSync(join(directory, name), "utf8").split("\n");
  } finally {
    child.kill("SIGKILL");
    await sora.close();
    rmSync(directory, { recursive: true });
  }
}, 60_000);

describe("the main thread", () => {
  test.each([
    OWN_UNDICI,
    READING,
    PUSHES,
    /node_modules\/(undici|bcryptjs)\//,
    /src\/(calls|catalog|choice|sums|wasm)\//,
    /src\/sora\/(?!failure)/,
    /src\/snapshot\/(?!snapshot|rejections)/,
    /src\/poller\/(?!clock|groups)/,
  ])("loads no %s", (unwanted) => {
    expect(loaded.main).toContainEqual(expect.stringMatching(/src\/server\/server\.ts$/));
    expect(loaded.main.filter((name) => unwanted.test(name))).toEqual([]);
  });
});

describe("the engine's thread", () => {
  test.each([
    OWN_UNDICI,
    READING,
    PUSHES,
    /node_modules\/(fastify|pino|prom-client|@opentelemetry|bcryptjs)\//,
    /node_modules\/undici\/index\.js$/,
    /src\/(server|web-config|status\/page)\//,
  ])("loads no %s", (unwanted) => {
    expect(loaded.thread).toContainEqual(expect.stringMatching(/src\/engine\/thread\.ts$/));
    expect(loaded.thread.filter((name) => unwanted.test(name))).toEqual([]);
  });
});
