/** That nothing but reading is asked of Sora: the source, and that the recording of the whole run would tell otherwise. */

import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { reply, startFakeSora } from "../support/fake-sora.ts";
import {
  READ_ONLY,
  readRecording,
  RECORD_VARIABLE,
  SENT_BY_A_TEST,
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
  await fetch(`${sora.url}some/path`, {
    method: "PUT",
    headers: { "x-sora-target": target, ...SENT_BY_A_TEST },
  });
  await sora.close();
  const found = readRecording(process.env[RECORD_VARIABLE]!).filter((request) => request.target === target);
  expect(found).toEqual([{ method: "PUT", path: "/some/path", target, own: true }]);
});

test("what is no reading is a violation, unless a test did it itself", () => {
  const read = { method: "POST", path: "/", target: "Sora_20171101.GetStatsAllConnections", own: false };
  const write = { ...read, target: "Sora_20151104.DisconnectChannel" };
  expect(summarize([read, read, { ...write, own: true }])).toEqual({
    lines: ["2 requests reached a Sora of the tests: Sora_20171101.GetStatsAllConnections 2"],
    violations: [],
  });
  expect(summarize([read, write, { ...read, method: "DELETE" }]).violations).toEqual([
    "DELETE Sora_20171101.GetStatsAllConnections",
    "Sora_20151104.DisconnectChannel",
  ]);
});
