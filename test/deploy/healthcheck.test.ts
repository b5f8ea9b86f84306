/** What the image's health check makes of what it finds. */

import { spawn } from "node:child_process";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { fixture } from "../support/build.ts";

const SCRIPT = fileURLToPath(new URL("../../src/healthcheck.ts", import.meta.url));

let server: Server | undefined;
afterEach(() => void server?.close());

async function listen(made: Server): Promise<number> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return (made.address() as AddressInfo).port;
}

/** Runs it, and gives its exit code and what it said. */
function check(args: readonly string[], env: Record<string, string> = {}): Promise<[number | null, string]> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((resolve) => child.once("close", (code) => resolve([code, said])));
}

const answer =
  (status: number): RequestListener =>
  ({ url }, response) => {
    response.statusCode = url === "/-/healthy" ? status : 404;
    response.end();
  };
const KEYS = { key: fixture("tls/self-signed.key"), cert: fixture("tls/self-signed.crt") };

test.each([
  ["200", 200, 0],
  ["401: it wants to know who asks, so it is there", 401, 0],
  ["503", 503, 1],
])("an answer with %s", async (_, status, code) => {
  const port = await listen(createHttp(answer(status)));
  const [found, said] = await check([`--web.listen-address=127.0.0.1:${port}`]);
  expect([found, said]).toEqual([code, code === 0 ? "" : "unhealthy: it answers that it is not healthy\n"]);
});

test("over TLS, whatever the certificate; where to ask is in the environment", async () => {
  const port = await listen(createHttps(KEYS, answer(200)));
  expect(
    await check(["--log.level=info"], { SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS: `127.0.0.1:${port}` }),
  ).toEqual([0, ""]);
});

test("a server that hangs up after the handshake, as it wants a client certificate, is there", async () => {
  const port = await listen(
    createHttps({ ...KEYS, requestCert: true, rejectUnauthorized: true, ca: KEYS.cert }, answer(200)),
  );
  expect(await check([`--web.listen-address=127.0.0.1:${port}`])).toEqual([0, ""]);
});

test("one that hangs up before that is not", async () => {
  const port = await listen(createTcp((socket) => socket.destroy()));
  const [code, said] = await check([`--web.listen-address=127.0.0.1:${port}`]);
  expect(code).toBe(1);
  expect(said).toMatch(/^unhealthy: /);
});

test("a web configuration file that cannot be used now: the one before it is in force", async () => {
  const port = await listen(createHttps(KEYS, answer(401)));
  const flags = ["--web.config.file=/nowhere/web.yml", `--web.listen-address=127.0.0.1:${port}`];
  expect(await check(flags)).toEqual([0, ""]);
});

test("a configuration that starts no exporter", async () => {
  const [code, said] = await check(["--web.listen-addres=127.0.0.1:1"]);
  expect(code).toBe(1);
  expect(said).toMatch(/^unhealthy: unknown flag --web\.listen-addres/);
});
