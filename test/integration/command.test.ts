/** The command as an operator starts it: exit codes, messages, signals; from the sources and from the package. */

import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../src/simulator/free-port.ts";
import { startProgram } from "../../src/simulator/program.ts";
import { fixture } from "../support/build.ts";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, hang, reply, startFakeSora } from "../support/fake-sora.ts";
import { sentBy } from "../support/read-only.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "src/main.ts");
const VERSION = /^sora-stats-exporter \d+\.\d+\.\d+ \(Node\.js v\d+\.\d+\.\d+\)\n$/;

let directory: string;
let running: ChildProcessByStdio<null, Readable, Readable> | undefined;
let sora: FakeSora | undefined;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

afterEach(async () => {
  running?.kill("SIGKILL");
  await sora?.close();
  running = sora = undefined;
});

function run(args: readonly string[], main = MAIN) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

/** Starts it and waits until it listens. */
async function start(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, "--web.listen-address=127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running = child;
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exited = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  await until(() => /listening on http\S+\/metrics/.test(stderr), 20_000);
  const url = /listening on (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(stderr)![1]!;
  return { child, url, exited, stderr: () => stderr };
}

test("--version and --help", () => {
  expect(run(["--version"])).toEqual({
    status: 0,
    stdout: expect.stringMatching(VERSION) as string,
    stderr: "",
  });
  const help = run(["--help"]);
  expect([help.status, help.stderr]).toEqual([0, ""]);
  for (const flag of [
    "--config.file",
    "--config.check",
    "--sora.url",
    "--sora.interval",
    "--sora.timeout",
    "--[no-]sora.local",
    "--web.listen-address",
    "--web.telemetry-path",
    "--log.level",
    "--log.format",
  ]) {
    expect(help.stdout).toContain(flag);
  }
});

describe("wrong usage is exit 2 and one line", () => {
  test.each([
    [
      ["--sora.intervall=10s"],
      "sora-stats-exporter: unknown flag --sora.intervall; did you mean --sora.interval?",
    ],
    [["--sora.interval=10"], "sora-stats-exporter: --sora.interval=10: "],
    [["extra"], 'sora-stats-exporter: unexpected argument "extra"'],
    [
      ["--config.file=/nonexistent/config.yaml"],
      "sora-stats-exporter: --config.file=/nonexistent/config.yaml: ENOENT",
    ],
  ])("%j", (args, beginning) => {
    const { status, stdout, stderr } = run(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith(beginning)).toBe(true);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });

  test.each([[[]], [["--config.check"]]])("a mistake in the web configuration file, with %j", (args) => {
    const file = join(directory, "web.yml");
    writeFileSync(file, "basic_auth_users:\n  alice: planted-secret\n");
    const { status, stdout, stderr } = run([`--web.config.file=${file}`, ...args]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      `sora-stats-exporter: ${file}:2: basic_auth_users.alice: is not a bcrypt hash, such as htpasswd -nBC 10 USER makes\n`,
    );
  });

  test("a mistake in the file names file, line and key", () => {
    const file = join(directory, "bad.yaml");
    writeFileSync(file, "sora:\n  url: http://127.0.0.1:3000/\n  intervall: 10s\n");
    const { status, stderr } = run([`--config.file=${file}`, "--config.check"]);
    expect(status).toBe(2);
    expect(stderr.startsWith(`sora-stats-exporter: ${file}:3: sora.intervall: `)).toBe(true);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });
});

test("--config.check approves of the config.yaml that we ship", () => {
  expect(run([`--config.file=${join(ROOT, "config.yaml")}`, "--config.check"])).toEqual({
    status: 0,
    stdout: "configuration is valid: 1 target(s)\n",
    stderr: "",
  });
});

test("it serves, and SIGTERM ends it cleanly in the middle of a poll and of keep-alive connections", async () => {
  sora = await startFakeSora(hang);
  const { child, url, exited, stderr } = await start([`--sora.url=${sora.url}`, "--log.format=json"]);
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  expect((await fetch(`${url}/-/ready`)).status).toBe(503);
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
  await until(() => sora!.requests.length === 1);
  const before = performance.now();
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(performance.now() - before).toBeLessThan(3000);
  const lines = stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { level: number; msg: string });
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringMatching(/^listening on /), "SIGTERM: stopping"]);
});

describe("SIGTERM ends it within seconds, whatever is held open", () => {
  const large = JSON.stringify(
    Array.from({ length: 3000 }, (_, i) => ({
      channel_id: "ch",
      connection_id: `C${i}`,
      foo: Object.fromEntries(
        Array.from({ length: 100 }, (_, key) => [`total_a_rather_long_name_${key}`, i]),
      ),
    })),
  );

  test.each([
    ["half a header", "GET /metrics HTTP/1.1\r\nHost: x\r\n"],
    ["a body that does not come", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"],
    ["a reader that has stopped reading", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"],
  ])("%s", async (_, request) => {
    sora = await startFakeSora(calm(reply(large)));
    const { child, url, exited, stderr } = await start([`--sora.url=${sora.url}`]);
    await until(() => stderr().includes("Sora answers"), 20_000);
    const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write(request);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = performance.now();
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(performance.now() - before).toBeLessThan(5000);
    socket.destroy();
    expect(stderr()).not.toContain("ERROR");
  });
});

test("a scraper that gives up is no error", async () => {
  const answer = Array.from({ length: 5000 }, (_, i) => ({
    channel_id: "ch",
    connection_id: `C${i}`,
    rtp: { total_sent: i, total_received: i },
    rtcp: { total_sent_rtcp_sr: i, total_sent_rtcp_rr: i },
  }));
  sora = await startFakeSora(calm(reply(answer)));
  const { child, url, exited, stderr } = await start([`--sora.url=${sora.url}`]);
  await until(() => stderr().includes("Sora answers"), 20_000);
  for (const encoding of ["gzip", "identity"]) {
    for (let i = 0; i < 3; i++) {
      const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
      socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${encoding}\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.destroy();
    }
  }
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(stderr().trim().split("\n")).toHaveLength(3);
});

test("npm start hands SIGTERM on", async () => {
  sora = await startFakeSora(calm(reply([])));
  const args = ["start", "--", `--sora.url=${sora.url}`, "--web.listen-address=127.0.0.1:0"];
  const child = spawn("npm", args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const url = await new Promise<string>((resolve) => {
    child.stderr.on("data", () => {
      const match = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(stderr);
      if (match) resolve(match[1]!);
    });
  });
  child.kill("SIGTERM");
  await until(() => stderr.includes("SIGTERM: stopping"));
  await until(() =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  );
});

test("the text log has a line an event, whatever Sora's answer says", async () => {
  sora = await startFakeSora(reply({ error_type: "X\nERROR: forged\u001b[31m" }, 400));
  const { child, exited, stderr } = await start([`--sora.url=${sora.url}`]);
  await until(() => stderr().includes("poll failed"));
  child.kill("SIGINT");
  expect(await exited).toBe(0);
  const lines = stderr().trim().split("\n");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] (INFO|ERROR): /);
  expect(lines[1]).toContain("poll failed: HTTP status 400, error_type X ERROR: forged [31m");
});

test("a port in use is one line and exit 1", async () => {
  sora = await startFakeSora(calm(reply([])));
  const { status, stderr } = run([`--web.listen-address=127.0.0.1:${new URL(sora.url).port}`]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^\[\S+\] FATAL: cannot start: listen EADDRINUSE[^\n]* --web\.listen-address=[^\n]*\n$/,
  );
});

test("a unit file of the official exporter needs another program's name, and nothing else", async () => {
  const report = JSON.parse(fixture("sora/stats-report.json")) as unknown;
  sora = await startFakeSora(
    (response, operation) =>
      (operation === "GetStatsReport" ? reply(report) : calm(reply([])))(response, operation),
    { key: fixture("tls/self-signed.key"), cert: fixture("tls/self-signed.crt") },
  );
  const { child, url, exited, stderr } = await start([
    `--sora.api-url=${sora.url}`,
    "--sora.skip-ssl-verify",
    "--sora.timeout=5s",
    "--sora.client-metrics",
    "--sora.connection-error-metrics",
    "--sora.erlang-vm-metrics",
    "--sora.cluster-metrics",
    "--web.max-requests=40",
    "--web.disable-exporter-metrics",
    "--web.telemetry-path=/metrics",
    "--log.level=info",
    "--log.format=logfmt",
  ]);
  const scrape = async () => (await fetch(`${url}/metrics`)).text();
  await until(async () => (await scrape()).includes("sora_cluster_up{"));
  await until(async () => (await scrape()).includes("sora_version_info{"));
  const text = await scrape();
  const host = new URL(sora.url).host;
  for (const line of fixture("golden/official-names.txt").trim().split("\n")) {
    const [, name, labels, value] = /^\w+ (\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
    if (/^sora_(license|cluster_node)/.test(name!)) continue;
    expect(text).toContain(`\n${name}{target="${host}"${labels ? `,${labels}` : ""}} ${value}\n`);
  }
  expect(text).not.toMatch(/^(process|nodejs)_/m);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(stderr()).not.toContain("ERROR");
});

test("what a proxy in front of Sora asks for is sent: a client certificate, a token that is replaced", async () => {
  sora = await startFakeSora(calm(reply([])), {
    key: fixture("tls/server.key"),
    cert: fixture("tls/server.crt"),
    ca: fixture("tls/ca.crt"),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const tls = (name: string) => join(ROOT, "test/fixtures/tls", name);
  const token = join(directory, "token");
  const file = join(directory, "proxy.yaml");
  writeFileSync(token, "planted-one\n");
  writeFileSync(
    file,
    `sora: { interval: 100ms }
targets:
  - name: proxied
    url: ${sora.url}
    bearer_token: { file: token }
    tls:
      ca_file: ${tls("ca.crt")}
      cert_file: ${tls("client.crt")}
      key_file: ${tls("client.key")}
      server_name: sora.example
`,
  );
  const { child, url, exited, stderr } = await start([`--config.file=${file}`, "--log.level=debug"]);
  const sent = () => sora!.requests.at(-1)?.headers.authorization;
  await until(() => sent() === "Bearer planted-one");
  writeFileSync(token, "planted-two\n");
  await until(() => sent() === "Bearer planted-two");
  rmSync(token);
  const failures = 'sora_exporter_poll_failures_total{target="proxied",reason="credentials"} ';
  await until(async () => !(await (await fetch(`${url}/metrics`)).text()).includes(`${failures}0`));
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(stderr()).toContain("poll failed: cannot read");
  expect(stderr()).not.toContain("planted");
});

test("a secret in a header is sent to Sora and shown nowhere", async () => {
  sora = await startFakeSora(calm(reply([])));
  const file = join(directory, "secret.yaml");
  writeFileSync(file, `targets:\n  - url: ${sora.url}\n    headers: { authorization: planted-secret }\n`);
  const { child, url, exited, stderr } = await start([`--config.file=${file}`, "--log.level=debug"]);
  await until(() => sora!.requests.length > 0);
  expect(sora.requests[0]?.headers.authorization).toBe("planted-secret");
  const shown = await Promise.all(
    ["/metrics", "/", "/-/ready"].map(async (path) => (await fetch(url + path)).text()),
  );
  child.kill("SIGTERM");
  await exited;
  expect([...shown, stderr()].join()).not.toContain("planted-secret");
});

describe("the package, built and packed", () => {
  const npm = (...args: string[]) =>
    execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  let files: string[];
  let bin: string;

  beforeAll(() => {
    const [packed] = JSON.parse(npm("pack", "--json", `--pack-destination=${directory}`)) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map(({ path }) => path);
    const empty = join(directory, "empty");
    mkdirSync(empty);
    // As README.md has it.
    npm(
      "install",
      "--ignore-scripts",
      `--prefix=${empty}`,
      "--prefer-offline",
      join(directory, packed.filename),
    );
    bin = join(empty, "node_modules/.bin/sora-stats-exporter");
  }, 120_000);

  test("holds what it needs to run, what belongs to it and is read, and nothing else", () => {
    const others = files.filter((path) => !path.startsWith("dist/"));
    expect([...new Set(others.map((path) => dirname(path)))].toSorted()).toEqual([
      ".",
      "dashboards",
      "dashboards/rules",
      "deploy/carriers",
      "deploy/kubernetes",
      ...["example", "keep-pods", "podmonitor", "sidecar", "sidecar-classic"].map(
        (name) => `deploy/kustomize/${name}`,
      ),
      "deploy/systemd",
      "docs",
    ]);
    const own = others.filter((path) => !path.includes("/"));
    expect(own.toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "METRICS.md",
      "README.ja.md",
      "README.md",
      "SECURITY.md",
      "config.schema.json",
      "config.yaml",
      "package.json",
    ]);
    expect(files).toContain("dist/main.js");
    expect(files.filter((path) => /(^|\/)(simulator|test)\/|\.(ts|map|tgz)$/.test(path))).toEqual([]);
  });

  test("runs by its bin, installed in an empty folder, against the simulator", async () => {
    const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
    const call = (...args: string[]) => {
      const { status, stdout } = spawnSync(bin, args, {
        encoding: "utf8",
        env: { ...process.env, PATH: path },
      });
      return [status, stdout];
    };
    expect(call("--version")).toEqual([0, expect.stringMatching(VERSION)]);
    expect(call("--sora.interval=x")[0]).toBe(2);

    const port = await freePort();
    const simulator = await startProgram(
      process.execPath,
      [join(ROOT, "src/simulator/main.ts"), `--listen=127.0.0.1:${port}`, "--channels=1", "--connections=3"],
      `http://127.0.0.1:${port}/-/scenario`,
      sentBy("integration/command"),
    );
    try {
      const own = await freePort();
      const exporter = await startProgram(
        bin,
        [`--sora.url=http://127.0.0.1:${port}/`, `--web.listen-address=127.0.0.1:${own}`],
        `http://127.0.0.1:${own}/-/ready`,
      );
      try {
        const url = `http://127.0.0.1:${own}`;
        const metrics = await (await fetch(`${url}/metrics`)).text();
        expect(metrics.match(/^sora_connection_unstable_level\{/gm)).toHaveLength(3);
        // What is not JavaScript has come along: the page, its style, the WebAssembly.
        expect(await (await fetch(url)).text()).toContain("<table");
      } finally {
        await exporter.stop();
      }
    } finally {
      await simulator.stop();
    }
  });
});
