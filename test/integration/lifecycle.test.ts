/** The command from its start to its end: reloads by signal and by request, what ends it, and with which exit code. */

import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, samplesOf } from "../support/parse.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const START_MS = 20_000;

let directory: string;
let file: string;
let sora: FakeSora;
let running: ChildProcessByStdio<null, Readable, Readable> | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  file = join(directory, "config.yaml");
  sora = await startFakeSora(calm(reply([])));
});

afterEach(async () => {
  running?.kill("SIGKILL");
  running = undefined;
  await sora.close();
  rmSync(directory, { recursive: true });
});

/** @param injected what runs in the process before the exporter */
function launch(args: readonly string[], injected?: string) {
  const imports =
    injected === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(injected)}`];
  const child = spawn(process.execPath, [...imports, MAIN, "--web.listen-address=127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exited = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return { child, exited, output: () => output };
}

/** Starts it and waits until it listens. */
async function start(args: readonly string[], injected?: string) {
  const launched = launch(args, injected);
  await until(() => /listening on http\S+\/metrics/.test(launched.output()), START_MS);
  const url = /listening on (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(launched.output())![1]!;
  const scrape = async () => samplesOf(await (await fetch(`${url}/metrics`)).text(), "prometheus-text");
  const own = async (name: string) => find(await scrape(), name)?.value;
  return { ...launched, url, scrape, own };
}

const SUCCESSFUL = "sora_exporter_config_last_reload_successful";
const WHEN = "sora_exporter_config_last_reload_success_timestamp_seconds";

const withTargets = (...names: string[]) =>
  `sora: { interval: 200ms }\ntargets:\n${names.map((name) => `  - { name: ${name}, url: "${sora.url}" }\n`).join("")}`;

test("SIGHUP reloads a good file, and a bad one changes nothing and says why", async () => {
  writeFileSync(file, withTargets("a", "b"));
  const { child, exited, output, scrape, own } = await start([`--config.file=${file}`]);
  const targets = async () =>
    new Set((await scrape()).flatMap(({ labels: { target } }) => (target === undefined ? [] : [target])));
  expect([await own(SUCCESSFUL), await targets()]).toEqual([1, new Set(["a", "b"])]);
  const startedAt = (await own(WHEN))!;
  expect(Math.abs(Date.now() / 1000 - startedAt)).toBeLessThan(60);

  writeFileSync(file, `${withTargets("a", "c")}logg: { level: debug }\n`);
  child.kill("SIGHUP");
  await until(async () => (await own(SUCCESSFUL)) === 0, START_MS);
  expect(output()).toContain(
    `ERROR: the configuration is not reloaded, nothing has changed: ${file}:5: logg: unknown key`,
  );
  expect([await own(WHEN), await targets()]).toEqual([startedAt, new Set(["a", "b"])]);

  writeFileSync(file, withTargets("a", "c"));
  child.kill("SIGHUP");
  await until(async () => (await own(SUCCESSFUL)) === 1, START_MS);
  expect(await targets()).toEqual(new Set(["a", "c"]));
  expect((await own(WHEN))!).toBeGreaterThan(startedAt);
  expect(output()).toContain('the configuration is reloaded {"added":["c"],"changed":[],"removed":["b"]}');
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("SIGHUP while it starts does not end it", async () => {
  writeFileSync(file, withTargets("a"));
  const { child, exited, output } = await start(
    [`--config.file=${file}`],
    `import { isMainThread } from "node:worker_threads";
    // As soon as it can be heard at all, while the rest of the exporter is loaded.
    const early = isMainThread && setInterval(() => {
      if (process.listenerCount("SIGHUP") === 0) return;
      clearInterval(early);
      process.kill(process.pid, "SIGHUP");
      console.log("sent");
    }, 1);`,
  );
  expect(output().indexOf("sent")).toBeLessThan(output().indexOf("listening"));
  expect(output()).toContain("sent");
  child.kill("SIGHUP");
  await until(() => output().includes("the configuration is reloaded"), START_MS);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

describe("POST /-/reload", () => {
  const post = async (url: string, method = "POST") => {
    const response = await fetch(`${url}/-/reload`, { method });
    return [response.status, await response.text()] as const;
  };

  test("is refused unless it is enabled", async () => {
    writeFileSync(file, withTargets("a"));
    const { url, output } = await start([`--config.file=${file}`]);
    expect(await post(url)).toEqual([403, expect.stringContaining("--web.enable-lifecycle")]);
    expect(output()).not.toContain("reload");
  });

  test("answers as the reload went, and names what takes a restart", async () => {
    const web = (path: string) => `web: { enable_lifecycle: true, telemetry_path: ${path} }\n`;
    writeFileSync(file, withTargets("a") + web("/metrics"));
    const { url, output, own, scrape } = await start([`--config.file=${file}`]);
    expect(await post(url)).toEqual([200, "Reloaded.\n"]);
    expect(await post(url, "PUT")).toEqual([200, "Reloaded.\n"]);
    for (const method of ["GET", "DELETE", "PATCH"]) {
      const response = await fetch(`${url}/-/reload`, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, PUT"]);
    }

    writeFileSync(file, withTargets("a") + web("/elsewhere"));
    const changed = "web.telemetry_path has changed";
    expect(await post(url)).toEqual([200, `Reloaded.\n${changed}, which takes a restart.\n`]);
    expect(output()).toContain(`WARN: ${changed} in the configuration, which takes a restart`);
    expect(await (await fetch(`${url}/config`)).text()).toMatch(
      /^# Not in effect until a restart: web.telemetry_path\n/,
    );

    writeFileSync(file, "targets: {}\n");
    expect(await post(url)).toEqual([500, `${file}:1: targets: is not a list of targets\n`]);
    expect(await own(SUCCESSFUL)).toBe(0);
    // As it is while a copy of another one is written.
    writeFileSync(file, "");
    expect(await post(url)).toEqual([500, `${file}: is empty; {} is for nothing but defaults\n`]);
    expect(find(await scrape(), "sora_exporter_scope_info")?.labels).toMatchObject({ target: "a" });
    // What was in force still is, that requests may reload included.
    rmSync(file);
    expect(await post(url)).toEqual([500, expect.stringMatching(/^--config.file=.*ENOENT/)]);
    writeFileSync(file, withTargets("a"));
    expect(await post(url)).toEqual([200, `Reloaded.\n`]);
    expect((await post(url))[0]).toBe(403);
  });
});

test("secrets are read anew, and shown nowhere", async () => {
  const token = join(directory, "token");
  const yaml = (n: number) => `sora: { interval: 200ms }
targets:
  - name: a
    url: "${sora.url}"
    headers: { x-one: planted-${n} }
    bearer_token: { file: token }
otlp: { headers: { x: planted-otlp } }
metrics: { client_id: hash, client_id_key: planted-key }
web: { enable_lifecycle: true }
`;
  const set = (n: number, rest = "") => {
    writeFileSync(token, `planted-token-${n}\n`);
    writeFileSync(file, yaml(n) + rest);
  };
  set(1);
  const { url, child, exited, output } = await start([`--config.file=${file}`, "--log.level=debug"]);
  const sent = () =>
    sora.requests.map(({ headers }) => `${String(headers["x-one"])} ${headers.authorization}`);
  await until(() => sent().includes("planted-1 Bearer planted-token-1"));
  set(2);
  const shown: string[] = [];
  const get = async (path: string, method = "GET") => {
    const response = await fetch(url + path, { method });
    shown.push(JSON.stringify([...response.headers]), await response.text());
    return response.status;
  };
  expect(await get("/-/reload", "POST")).toBe(200);
  await until(() => sent().includes("planted-2 Bearer planted-token-2"));
  // Wrong in the very places where secrets are.
  for (const [n, rest] of [
    [3, "otlp: planted-twice\n"],
    [4, "log: planted-log\n"],
  ] as const) {
    set(n, rest);
    expect(await get("/-/reload", "POST")).toBe(500);
  }
  writeFileSync(file, yaml(5).replace("{ x-one: planted-5 }", '{ "planted\\n5": planted-5 }'));
  expect(await get("/-/reload", "POST")).toBe(500);
  for (const path of ["/config", "/metrics", "/", "/api/status", "/-/ready", "/-/healthy"])
    expect(await get(path)).toBe(200);
  expect(shown.join("\n")).toContain("bearer_token");
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(`${shown.join("\n")}${output()}`).not.toContain("planted");
});

test("a pipe in place of a file is refused: nothing waits for it, and the file is read once it is back", async () => {
  const token = join(directory, "token");
  const yaml = `sora: { interval: 200ms }
targets: [{ name: a, url: "${sora.url}", bearer_token: { file: token } }]
`;
  const back = () => {
    for (const path of [file, token]) rmSync(path, { force: true });
    writeFileSync(file, yaml);
    writeFileSync(token, "planted\n");
  };
  const pipe = (path: string) => {
    rmSync(path);
    execFileSync("mkfifo", [path]);
  };
  back();
  const { child, exited, output, own } = await start([`--config.file=${file}`]);
  await until(async () => (await own("sora_up")) === 1, START_MS);
  pipe(file);
  pipe(token);
  child.kill("SIGHUP");
  await until(async () => (await own(SUCCESSFUL)) === 0 && (await own("sora_up")) === 0, START_MS);
  expect(output()).toContain(`nothing has changed: --config.file=${file}: not a regular file`);
  expect(output()).toContain(`cannot read "${token}": not a regular file`);
  back();
  child.kill("SIGHUP");
  await until(async () => (await own(SUCCESSFUL)) === 1 && (await own("sora_up")) === 1, START_MS);
  expect(await own("sora_exporter_engine_restarts_total")).toBe(0);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

describe("where a thread hangs in the system, it ends all the same:", () => {
  const KILLED = "does not let the process end: it is killed";
  let pipe: string;
  beforeEach(() => {
    pipe = join(directory, "pipe");
    writeFileSync(file, withTargets("a"));
  });
  const makePipe = () => execFileSync("mkfifo", [pipe]);
  /** Has the threads hang that are as `which` says, once there is a pipe. */
  const stuck = (which: string) => `
    import { existsSync, readFileSync, writeSync } from "node:fs";
    import { isMainThread, workerData } from "node:worker_threads";
    const pipe = ${JSON.stringify(pipe)};
    const look = () => existsSync(pipe) && (writeSync(1, "stuck"), readFileSync(pipe));
    if (!isMainThread && ${which}) look() || setInterval(look, 10).unref();`;
  const reading = "Array.isArray(workerData)";

  test("while it starts", async () => {
    makePipe();
    const { child, exited, output } = launch([`--config.file=${file}`], stuck(reading));
    await until(() => output().includes("stuck"), START_MS);
    child.kill("SIGTERM");
    expect(await exited).toBe("SIGKILL");
    expect(output()).toContain(KILLED);
  });

  test("while it reloads", async () => {
    const { child, exited, output } = await start([`--config.file=${file}`], stuck(reading));
    makePipe();
    child.kill("SIGHUP");
    await until(() => output().includes("stuck"), START_MS);
    child.kill("SIGTERM");
    expect(await exited).toBe("SIGKILL");
    expect(output()).toContain(KILLED);
  });

  test.each([
    ["an error that nobody caught", 'throw new Error("injected")'],
    ["errors that go on", 'setInterval(() => { throw new Error("injected") }, 1)'],
  ])("with one message on %s", async (_, mistake) => {
    const { child, exited, output } = await start(
      [`--config.file=${file}`],
      `${stuck("workerData.targets")} process.on("SIGUSR2", () => { ${mistake} })`,
    );
    makePipe();
    await until(() => output().includes("stuck"), START_MS);
    child.kill("SIGUSR2");
    expect(await exited).toBe("SIGKILL");
    expect(output().match(/unexpected error: ending/g)).toHaveLength(1);
    expect(output()).toContain(KILLED);
  });

  test("while it polls", async () => {
    const { child, exited, output } = await start([`--config.file=${file}`], stuck("workerData.targets"));
    makePipe();
    await until(() => output().includes("stuck"), START_MS);
    child.kill("SIGTERM");
    await until(() => output().includes("SIGTERM: stopping"));
    // Until the engine is told to end.
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill("SIGTERM");
    expect(await exited).toBe("SIGKILL");
    expect(output()).toContain(KILLED);
  });
});

describe("it ends", () => {
  const large = JSON.stringify(
    Array.from({ length: 3000 }, (_, i) => ({
      channel_id: "ch",
      connection_id: `C${i}`,
      foo: Object.fromEntries(Array.from({ length: 60 }, (_, key) => [`total_a_rather_long_name_${key}`, i])),
    })),
  );

  test("with a scrape under way, which is answered in full", async () => {
    sora.answer = calm(reply(large));
    const { child, exited, url, output } = await start([`--sora.url=${sora.url}`]);
    await until(() => output().includes("Sora answers"), START_MS);
    const scraping = fetch(`${url}/metrics`).then((response) => response.text());
    await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGTERM");
    const samples = samplesOf(await scraping, "prometheus-text");
    expect(
      find(samples, "sora_connection_foo_a_rather_long_name_59_total", { connection_id: "C2999" }),
    ).toBeDefined();
    expect(await exited).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "at once with a second signal, %s, and exit code 1",
    async (signal) => {
      sora.answer = calm(reply(large));
      const { child, exited, url, output } = await start([`--sora.url=${sora.url}`]);
      await until(() => output().includes("Sora answers"), START_MS);
      const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.pause();
      socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.kill("SIGTERM");
      await until(() => output().includes("SIGTERM: stopping"));
      child.kill(signal);
      expect(await exited).toBe(1);
      expect(output()).toContain(`${signal} once more: ending at once`);
      socket.destroy();
    },
  );

  test.each([
    ["an error that nobody caught", 'throw new Error("injected")'],
    ["a promise that nobody looked at", 'void Promise.reject(new Error("injected"))'],
  ])("with one message and exit code 1 on %s", async (_, mistake) => {
    const { child, exited, output } = await start(
      [`--sora.url=${sora.url}`, "--log.format=json"],
      `process.on("SIGUSR2", () => { ${mistake} })`,
    );
    child.kill("SIGUSR2");
    expect(await exited).toBe(1);
    const fatal = output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { level: number; msg: string; stack?: string })
      .filter(({ level }) => level >= 50);
    expect(fatal).toEqual([
      expect.objectContaining({
        level: 60,
        msg: "unexpected error: ending",
        stack: expect.stringContaining("injected") as string,
      }),
    ]);
  });

  test.each([
    [2, "a missing file", "--config.file=/nonexistent/config.yaml", "ENOENT"],
    [2, "a file that is a directory", "--config.file=/", "EISDIR"],
    [1, "a recording that cannot be written", "--record=/nonexistent/file", "ENOENT"],
  ])("with exit code %i and one line at the start for %s", async (code, _, flag, message) => {
    const { exited, output } = launch([flag]);
    expect(await exited).toBe(code);
    expect(output().trim().split("\n")).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    [
      "a secret's file that is missing",
      "targets: [{ url: http://127.0.0.1/, bearer_token: { file: gone } }]\n",
      /^sora-stats-exporter: \S+:1: targets\[0\]\.bearer_token: cannot read "\S+gone"[^\n]*\n$/,
    ],
    ["an empty file", "", /^sora-stats-exporter: \S+\.yaml: is empty; [^\n]*\n$/],
  ])("with exit code 2 and one line for %s", async (_, yaml, message) => {
    writeFileSync(file, yaml);
    const { exited, output } = launch([`--config.file=${file}`]);
    expect(await exited).toBe(2);
    expect(output()).toMatch(message);
  });
});
