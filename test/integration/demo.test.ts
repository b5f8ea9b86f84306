/** `npm run demo` as somebody starts it who has just cloned: with Prometheus and without. */

import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../support/exporter.ts";
import { lacks } from "../support/tools.ts";

const DEMO = fileURLToPath(new URL("../../src/simulator/demo.ts", import.meta.url));
const FLAGS = ["--web.listen-address=127.0.0.1:0", "--sora.interval=1s"];

let demo: ChildProcessByStdio<null, Readable, null> | undefined;
let said = "";
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-demo-"));
});
afterEach(async () => {
  if (demo?.exitCode === null && demo.signalCode === null) {
    demo.kill("SIGKILL");
    await once(demo, "exit");
  }
  demo = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[], env = process.env): ChildProcessByStdio<null, Readable, null> {
  said = "";
  const started = spawn(process.execPath, [DEMO, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  demo = started;
  started.stdout.on("data", (data: Buffer) => (said += data.toString()));
  return started;
}

/** What stands behind a name, once it has been said. */
async function told(name: string): Promise<string> {
  const line = new RegExp(`^${name}: +(.*)\n`, "m");
  await until(() => line.test(said), 25_000);
  return line.exec(said)![1]!;
}

const isUp = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

test.skipIf(lacks("prometheus")).each(["SIGTERM", "SIGINT"] as const)(
  "shows a Prometheus with our rules, and ends it at %s",
  { timeout: 60_000 },
  async (signal) => {
    const demo = start(FLAGS, { ...process.env, TMPDIR: directory });
    const url = await told("Prometheus");
    for (const page of [url, await told("Alerts"), await told("Status page")])
      expect([page, await isUp(page)]).toEqual([page, true]);
    const ask = async (path: string) => (await fetch(`${url}api/v1/${path}`)).json();
    await until(async () => JSON.stringify(await ask("query?query=sora_up")).includes('"sora_up"'), 30_000);
    expect(readdirSync(directory)).toHaveLength(1);
    const { data } = (await ask("rules?type=alert")) as { data: { groups: { rules: { name: string }[] }[] } };
    expect(data.groups.flatMap(({ rules }) => rules.map(({ name }) => name))).toContain("SoraDown");

    demo.kill(signal);
    expect(await once(demo, "exit")).toEqual([0, null]);
    expect(await isUp(url)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  },
);

test.skipIf(lacks("prometheus"))("its Prometheus does not outlive a demo that is killed", async () => {
  const demo = start(FLAGS);
  const url = await told("Prometheus");
  expect(await isUp(url)).toBe(true);
  demo.kill("SIGKILL");
  await until(async () => !(await isUp(url)));
});

test("goes on without a Prometheus, and says so", async () => {
  start(FLAGS, { ...process.env, PATH: "/nonexistent" });
  expect(await told("Prometheus")).toMatch(/^not installed/);
  await until(() => / connections, /.test(said));
});

test("a port in use ends it with 1, and the flag is named", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const args = [DEMO, `--web.listen-address=127.0.0.1:${port}`];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toMatch(/^demo: listen EADDRINUSE[^\n]*; --web\.listen-address=HOST:PORT [^\n]*\n$/);
    expect(status).toBe(1);
  } finally {
    server.close();
  }
});

test("a mistake in a flag ends it with 2", async () => {
  const demo = start(["--sora.interval=never"]);
  expect(await once(demo, "exit")).toEqual([2, null]);
});
