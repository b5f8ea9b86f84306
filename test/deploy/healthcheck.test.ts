/** What the image's health check makes of what it finds. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FLAGS } from "../../src/config/flags.ts";
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

describe("while the exporter runs, it does not matter", () => {
  const CONFIG = "config.yaml";
  let directory: string;
  let port: number;
  let flags: string[];
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    port = await listen(createHttp(answer(200)));
    flags = [`--config.file=${join(directory, CONFIG)}`];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test.each([
    ["a URL that is none", "sora: { url: nonsense }\n"],
    ["a key that there is not", "soar: {}\n"],
    ["no YAML", "sora: { url: [\n"],
    ["the same key twice", "web: {}\n"],
  ])("that its file has %s by now", async (_, broken) => {
    write(CONFIG, `web:\n  listen_address: 127.0.0.1:${port}\n${broken}`);
    expect(await check(flags)).toEqual([0, ""]);
  });

  test("that its file is gone, where a flag or a variable says where it listens", async () => {
    const address = `127.0.0.1:${port}`;
    expect(await check([...flags, `--web.listen-address=${address}`])).toEqual([0, ""]);
    expect(await check([...flags, "--web.listen-address", address])).toEqual([0, ""]);
    expect(await check(flags, { SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS: address })).toEqual([0, ""]);
  });

  test("what its file says at all, where a URL says where to ask", async () => {
    write(CONFIG, "web: { listen_address: 127.0.0.1:1 }\n");
    expect(await check([`http://127.0.0.1:${port}/-/healthy`])).toEqual([0, ""]);
    expect(await check(flags)).toEqual([1, "unhealthy: connect ECONNREFUSED 127.0.0.1:1\n"]);
  });

  test("that its web configuration has TLS by now", async () => {
    write(CONFIG, `web: { listen_address: "127.0.0.1:${port}", config_file: web.yml }\n`);
    write("web.yml", "tls_server_config: { cert_file: none.crt }\n");
    expect(await check(flags)).toEqual([0, ""]);
  });
});

test("of a URL the path is asked for, so that it can tell whether the exporter is ready", async () => {
  const port = await listen(
    createHttp(({ url }, response) => {
      response.statusCode = url === "/-/ready" ? 503 : 200;
      response.end();
    }),
  );
  expect((await check([`http://127.0.0.1:${port}/-/healthy`]))[0]).toBe(0);
  expect((await check([`http://127.0.0.1:${port}/-/ready`]))[0]).toBe(1);
});

test.each(["a URL", "a web configuration beside the file", "a web configuration of a flag"])(
  "of a server of which %s says that it speaks TLS nothing else is asked",
  async (how) => {
    const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    try {
      const errors: unknown[] = [];
      const made = createHttps(KEYS, answer(200)).on("tlsClientError", (error) => errors.push(error));
      const port = await listen(made);
      const webConfig = join(directory, "web.yml");
      const config = join(directory, "config.yaml");
      writeFileSync(webConfig, "tls_server_config: { cert_file: server.crt, key_file: server.key }\n");
      writeFileSync(config, "web: { config_file: web.yml }\n");
      const address = `--web.listen-address=127.0.0.1:${port}`;
      const ways: Record<string, string[]> = {
        "a URL": [`https://127.0.0.1:${port}/-/healthy`],
        "a web configuration beside the file": [address, `--config.file=${config}`],
        "a web configuration of a flag": [address, `--web.config.file=${webConfig}`],
      };
      expect(await check(ways[how]!)).toEqual([0, ""]);
      expect(errors).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test("the flags and variables that it knows are the exporter's", () => {
  const known = ["config.file", "web.listen-address", "web.config.file"];
  expect(FLAGS.filter(({ name }) => known.includes(name)).map(({ name, env }) => [name, env])).toEqual(
    expect.arrayContaining(
      known.map((name) => [name, `SORA_STATS_EXPORTER_${name.toUpperCase().replaceAll(/[.-]/g, "_")}`]),
    ),
  );
});
