/**
 * Secrets stand wherever an operator can put one, Sora and receivers repeat what they were sent, and everything goes wrong
 * that can: no output of the process holds one of them.
 */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import { readWebConfig } from "../../src/web-config/read.ts";
import { type Echoing, startEchoing, startEchoingGrpc } from "../support/echoing.ts";
import { until } from "../support/exporter.ts";
import {
  configuration,
  ENV,
  FILES,
  planted,
  secret,
  WEB,
  WRONG_WEB,
  wrongConfigurations,
} from "../support/planted-files.ts";
import { ask } from "../web-config/support.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const LISTEN = "--web.listen-address=127.0.0.1:0";

let directory: string;
let echoing: Echoing[] = [];
let kill = () => {};

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(async () => {
  kill();
  await Promise.all(echoing.map((one) => one.close()));
  echoing = [];
});

/** An exporter of these, and all that it says. */
async function start(yaml: string, format: string) {
  for (const [name, text] of Object.entries({ ...FILES, "web.yml": WEB, "config.yaml": yaml }))
    write(name, text);
  const args = [`--config.file=${join(directory, "config.yaml")}`, `--log.format=${format}`, LISTEN];
  const child = spawn(process.execPath, [MAIN, ...args, "--log.level=debug"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: ENV,
  });
  kill = () => child.kill("SIGKILL");
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await until(() => /listening on http\S+\/metrics/.test(said), 30_000);
  const url = /(https:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(said)![1]!;
  const shown: string[] = [];

  /** Asks as somebody, and keeps the answer; gives its status. */
  async function request(method: string, path: string, auth: string | undefined): Promise<number> {
    const answer = await ask(url + path, { method, ...(auth !== undefined && { auth }) });
    shown.push(`${method} ${path}`, JSON.stringify(answer.headers), answer.body);
    return answer.status;
  }
  /** Waits for one more line of the log. */
  async function logs(line: string, cause: () => void): Promise<void> {
    const count = () => said.split(line).length;
    const before = count();
    cause();
    await until(() => count() > before, 30_000);
  }
  return { child, exited, request, logs, said: () => said, shown: () => shown.join("\n") };
}

const USER = `prometheus:${secret.user}`;
const PATHS = [
  "/metrics",
  "/",
  "/?lang=ja",
  "/api/status",
  "/probe?target=a",
  "/config",
  "/-/ready",
  "/-/reload",
  "/nothing",
];

test.each([
  ["text", "grpc"],
  ["json", "http/protobuf"],
])(
  "nothing that is said holds a secret, with a log of %s and pushes by %s",
  async (format, protocol) => {
    const startReceiver = () => (protocol === "grpc" ? startEchoingGrpc() : startEchoing("receiver"));
    echoing = await Promise.all([startEchoing("sora"), startEchoing("sora"), startReceiver()]);
    const [a, b, receiver] = echoing as [Echoing, Echoing, Echoing];
    const good = configuration([a.url, b.url, receiver.url], protocol);
    const { child, exited, request, logs, said, shown } = await start(good, format);

    async function look(): Promise<void> {
      for (const path of PATHS) expect(await request("GET", path, USER)).not.toBe(401);
    }
    /** Until each of them has been asked again, and once more, so that what was answered has been digested. */
    async function digest(): Promise<void> {
      const enough = echoing.map((one) => one.count() + (one === receiver ? 2 : 10));
      await until(() => echoing.every((one, i) => one.count() >= enough[i]!), 30_000);
    }
    async function echo(statuses: readonly number[]): Promise<void> {
      for (const status of statuses) {
        for (const one of echoing) one.echo(status);
        await digest();
        await look();
        // What fails in the same way again is not told again.
        for (const one of echoing) one.echo(undefined);
        await digest();
      }
    }

    await digest();
    // Otherwise nothing would have been at stake.
    for (const place of ["a header in the file", "a header from a variable", "a header from a file"])
      expect(planted.find(a.sent())).toContain(`${place} (JSON)`);
    expect(planted.find(a.sent())).toContain("basic_auth (base64)");
    expect(planted.find(b.sent())).toContain("bearer_token (JSON)");
    expect(planted.find(receiver.sent())).toEqual(
      expect.arrayContaining(["otlp.headers (JSON)", "OTEL_EXPORTER_OTLP_HEADERS (JSON)"]),
    );

    await echo(format === "json" ? [401, 400, 302, 407, 500, 200] : [401, 302, 500]);
    for (const auth of [undefined, `prometheus:${secret.wrongUser}`, `${secret.wrongUser}:${secret.user}`])
      for (const path of PATHS)
        for (const method of ["GET", "POST"]) expect(await request(method, path, auth)).toBe(401);

    const changed = good.replace(secret.header, secret.changed);
    write("config.yaml", changed);
    await logs("the configuration is reloaded", () => child.kill("SIGHUP"));
    await until(() => planted.find(a.sent()).includes("a header after a reload (JSON)"), 30_000);
    await echo([401]);
    expect(await request("POST", "/-/reload", USER)).toBe(200);
    const some = (wrong: readonly string[]) => wrong.filter((_, i) => i % 14 === (format === "text" ? 5 : 8));
    for (const yaml of some(wrongConfigurations(good))) {
      write("config.yaml", yaml);
      expect([yaml, await request("POST", "/-/reload", USER)]).toEqual([yaml, 500]);
    }
    await logs("nothing has changed: ", () => child.kill("SIGHUP"));
    write("config.yaml", changed);
    for (const yaml of some(WRONG_WEB)) {
      write("web.yml", yaml);
      expect([yaml, await request("POST", "/-/reload", USER)]).toEqual([yaml, 500]);
    }
    await until(() => said().includes("the web configuration file cannot be used"), 30_000);
    await look();
    await logs("header", () => write("header", `${secret.file}\n${secret.file}`));
    await logs("ENOENT", () => rmSync(join(directory, "token")));
    await look();
    expect(await request("POST", "/-/reload", USER)).toBe(500);
    child.kill("SIGTERM");
    await exited;

    expect(said()).toContain("poll failed");
    expect(planted.find(said())).toEqual([]);
    expect(planted.find(shown())).toEqual([]);
    // What the receiver repeated was told.
    expect(said()).toMatch(/a push by OTLP failed.*<secret>/);
  },
  120_000,
);

test("neither does what is wrong with a configuration", () => {
  const good = configuration(["http://127.0.0.1:9/", "http://127.0.0.1:9/", "http://127.0.0.1:9/"], "grpc");
  const readFile = (path: string) => FILES[path] ?? readFileSync(path, "utf8");
  const problemOf = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    throw new Error("it is taken");
  };
  const load = (yaml: string, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    loadConfig({
      argv: ["--config.file=config.yaml", ...more],
      env: { ...ENV, ...env },
      readFile: (path) => (path === "config.yaml" ? yaml : readFile(path)),
    });
  expect(load(good)).toMatchObject({ command: "run" });
  for (const yaml of wrongConfigurations(good))
    expect({ yaml, found: planted.find(problemOf(() => load(yaml))) }).toEqual({ yaml, found: [] });
  for (const more of [
    [`--sora.url=http://user:${secret.url}@127.0.0.1/`],
    [`--token=${secret.token}`],
    ["--token", secret.token],
  ])
    expect(planted.find(problemOf(() => load("{}", more)))).toEqual([]);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${secret.url}@h/` };
  expect(planted.find(problemOf(() => load("{}", [], endpoint)))).toEqual([]);

  const readWeb = (yaml: string) =>
    readWebConfig("web.yml", (path) => (path === "web.yml" ? yaml : readFile(path)));
  expect(readWeb(WEB).users.size).toBe(1);
  for (const yaml of WRONG_WEB)
    expect({ yaml, found: planted.find(problemOf(() => readWeb(yaml))) }).toEqual({ yaml, found: [] });
});

test("neither does what is said at the start of what is wrong, or checked", () => {
  const urls = ["http://127.0.0.1:9/", "http://127.0.0.1:9/", "http://127.0.0.1:9/"] as const;
  const files = { ...FILES, "web.yml": WEB, "good.yaml": configuration(urls, "grpc") };
  for (const [name, text] of Object.entries(files)) write(name, text);
  write("wrong-web.yml", WRONG_WEB[1]!);
  const run = (args: readonly string[]) => {
    const options = { encoding: "utf8", timeout: 30_000, env: ENV } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], options);
    return { status, found: planted.find(stdout + stderr) };
  };
  const good = `--config.file=${join(directory, "good.yaml")}`;
  expect(run([good, "--config.check", "--log.level=debug"])).toEqual({ status: 0, found: [] });
  expect(run([good, `--web.config.file=${join(directory, "wrong-web.yml")}`])).toEqual({
    status: 2,
    found: [],
  });
}, 120_000);

test("neither does a recording", async () => {
  const sora = await startEchoing("sora");
  echoing = [sora];
  write("token", FILES["token"]!);
  write("record.yaml", `targets:\n  - { name: a, url: '${sora.url}', bearer_token: { file: token } }\n`);
  const record = join(directory, "record.jsonl");
  const args = [`--config.file=${join(directory, "record.yaml")}`, `--record=${record}`, LISTEN];
  const env = { ...ENV, OTEL_EXPORTER_OTLP_HEADERS: "" };
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: "ignore", env });
  kill = () => child.kill("SIGKILL");
  await until(() => {
    try {
      return readFileSync(record, "utf8").includes("\n");
    } catch {
      return false;
    }
  }, 30_000);
  expect(planted.find(sora.sent())).not.toEqual([]);
  expect(planted.find(readFileSync(record, "utf8"))).toEqual([]);
}, 60_000);
