/** That nothing but reading is asked of Sora: the source, and that the recording of the whole run would tell otherwise. */

import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { reply, startFakeSora } from "../support/fake-sora.ts";
import {
  linesOf,
  missingOf,
  READ_ONLY,
  readRecording,
  RECORD_VARIABLE,
  sentBy,
  summarize,
} from "../support/read-only.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The exporter's source, without the simulator, which is a Sora. */
const SOURCES = globSync("src/**/*.ts", { cwd: ROOT, exclude: ["src/simulator/**"] });

function filesWith(form: RegExp): string[] {
  return SOURCES.filter((file) => form.test(readFileSync(ROOT + file, "utf8"))).toSorted();
}

test("every operation that the source names only reads", () => {
  const named = SOURCES.flatMap((file) => readFileSync(ROOT + file, "utf8").match(/Sora_\d+\.\w+/g) ?? []);
  expect(new Set(named)).toEqual(new Set(Object.values(OPERATIONS)));
  expect(named.filter((operation) => !READ_ONLY.has(operation))).toEqual([]);
});

test("one file alone sends requests to Sora, and one other keeps its header from being configured", () => {
  expect(filesWith(/x-sora-target/i)).toEqual(["src/config/headers.ts", "src/sora/client.ts"]);
  expect(filesWith(/from "undici"/)).toEqual(["src/sora/client.ts", "src/sora/pool.ts"]);
  // The health check asks the exporter itself.
  expect(filesWith(/\bfetch\(|\bimport \{[^}]*\b(request|connect)\b[^}]*\} from "node:/)).toEqual([
    "src/healthcheck.ts",
  ]);
  expect(filesWith(/sent-by-a-test/i)).toEqual([]);
});

test("what reaches a Sora is in the recording of the run", async () => {
  const sora = await startFakeSora(reply([]));
  const target = `Sora_20151104.DisconnectChannel-${process.pid}-${performance.now()}`;
  const headers = sentBy("sora/read-only");
  await fetch(`${sora.url}some/path`, { method: "PUT", headers: { "x-sora-target": target, ...headers } });
  await fetch(sora.url, { headers });
  const port = Number(new URL(sora.url).port);
  await sora.close();
  const found = readRecording(process.env[RECORD_VARIABLE]!).filter((request) => request.port === port);
  expect(found.slice(-2)).toEqual([
    { method: "PUT", path: "/some/path", target, by: "sora/read-only", port },
    { method: "GET", path: "/", target: null, by: "sora/read-only", port },
  ]);
});

test("what reaches a Sora without naming anything is in the recording too, and what reaches others is not", () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const script = `
    const { createServer } = await import("node:http");
    for (const sora of [true, false]) {
      const server = createServer((_, response) => response.end());
      if (sora) (await import(${JSON.stringify(`${ROOT}src/simulator/mark.ts`)})).markAsSora(server);
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      await fetch("http://127.0.0.1:" + server.address().port + "/a", { method: "DELETE" });
      server.close();
    }`;
  const recorder = `--import=${ROOT}test/support/record-requests.mjs`;
  execFileSync(process.execPath, [recorder, "--input-type=module", "--eval", script], {
    env: { [RECORD_VARIABLE]: directory },
  });
  const found = readRecording(directory);
  rmSync(directory, { recursive: true });
  expect(found).toEqual([
    { method: "DELETE", path: "/a", target: null, by: null, port: expect.any(Number) as number },
  ]);
  expect(summarize(found).violations).toEqual(["DELETE /a without x-sora-target"]);
});

test("a fake Sora of which requests were not recorded says so at its end", async () => {
  const counts = Symbol.for("sora-stats-exporter.recorded");
  const kept = Object.getOwnPropertyDescriptor(globalThis, counts)!;
  const sora = await startFakeSora(reply([]));
  await fetch(sora.url, { headers: sentBy("sora/read-only") });
  Object.defineProperty(globalThis, counts, { ...kept, value: new WeakMap() });
  try {
    await expect(sora.close()).rejects.toThrow("has received 1 requests, and recorded 0");
  } finally {
    Object.defineProperty(globalThis, counts, kept);
  }
});

/** Files with HTTP servers that are not marked as a Sora, and what they are. */
const NO_SORA: Readonly<Record<string, string>> = {
  "bench/otlp-sink.ts": "takes pushes",
  "test/deploy/healthcheck.test.ts": "answers health checks",
  "test/integration/faults.test.ts": "is where redirects lead; the test itself wants nothing to come",
  "test/integration/hostile-prometheus.test.ts": "is scraped",
  "test/integration/otlp-reload.test.ts": "takes pushes",
  "test/otlp/failing.test.ts": "takes pushes",
  "test/server/server.test.ts": "the exporter's own",
  "test/server/status-routes.test.ts": "the exporter's own",
  "test/support/alertmanager.ts": "takes alerts",
  "test/web-config/guard.test.ts": "the exporter's own",
};

test("every HTTP server of tests, measurements and simulator is marked as a Sora, or is known to be none", () => {
  const files = globSync("{test,bench,scripts,src/simulator}/**/*.ts", { cwd: ROOT });
  const unmarked = files.filter((file) => {
    const text = readFileSync(ROOT + file, "utf8");
    const serves = /"(node:https?|fastify)"/.test(text) && /\bcreateServer\b|\bfastify\(/.test(text);
    return serves && !/\bmarkAsSora\(/.test(text);
  });
  expect(unmarked.toSorted()).toEqual(Object.keys(NO_SORA));
});

const READ = {
  method: "POST",
  path: "/",
  target: "Sora_20171101.GetStatsAllConnections",
  by: null,
  port: 1,
};

test("what is no reading is a violation, unless a test that is known did it itself", () => {
  const write = { ...READ, target: "Sora_20151104.DisconnectChannel" };
  const good = summarize([READ, READ, { ...write, by: "simulator/main" }]);
  expect(good).toEqual({ counts: { "Sora_20171101.GetStatsAllConnections": 2 }, violations: [] });
  expect(linesOf(good)).toEqual([
    "2 requests reached a Sora of the tests: Sora_20171101.GetStatsAllConnections 2",
  ]);
  const bad = summarize([
    READ,
    write,
    ...[{ method: "DELETE" }, { path: "/-/scenario" }, { target: null }, { by: "somebody" }].map((odd) => ({
      ...READ,
      ...odd,
    })),
  ]);
  expect(bad.violations).toEqual([
    "/-/scenario Sora_20171101.GetStatsAllConnections",
    "DELETE Sora_20171101.GetStatsAllConnections",
    "Sora_20151104.DisconnectChannel",
    "by somebody Sora_20171101.GetStatsAllConnections",
    "without x-sora-target",
  ]);
  expect(linesOf(bad)[1]).toMatch(/^NOT READ-ONLY: .*"without x-sora-target"$/);
});

test("a recording without what the tests have asked for proves nothing", () => {
  const everything = Object.fromEntries(Object.values(OPERATIONS).map((operation) => [operation, 1]));
  const most = Object.fromEntries(
    Object.entries(everything).filter(([name]) => name !== OPERATIONS.GetLicense),
  );
  const calls = ["test/integration/calls.test.ts"];
  expect(missingOf({ counts: everything }, calls)).toEqual([]);
  expect(missingOf({ counts: most }, calls)).toEqual([
    "NOT RECORDED: Sora_20171218.GetLicense, which test/integration/calls.test.ts has the exporter ask for",
  ]);
  expect(missingOf({ counts: {} }, ["test/integration/command.test.ts"])).toEqual([
    "NOT RECORDED: anything, and tests of test/integration/ have asked a Sora",
  ]);
  expect(missingOf({ counts: most }, ["test/integration/command.test.ts"])).toEqual([]);
  expect(missingOf({ counts: {} }, ["test/sora/json.test.ts"])).toEqual([]);
});
