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
import { newKey } from "../config/key-pair.ts";
import { connection, fixture } from "../support/build.ts";
import { until } from "../support/exporter.ts";
import { type Answer, calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { createPlanted } from "../support/planted.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const planted = createPlanted();
const secret = {
  header: planted.plant("a header in the file"),
  variable: planted.plant("a header from a variable"),
  file: planted.plant("a header from a file"),
  password: planted.plant("basic_auth"),
  token: planted.plant("bearer_token"),
  hashKey: planted.plant("client_id_key"),
  otlp: planted.plant("otlp.headers"),
  otlpVariable: planted.plant("OTEL_EXPORTER_OTLP_HEADERS"),
  url: planted.plant("a password in a URL").replaceAll(/["/=+]/g, ""),
  proxy: planted.plant("HTTPS_PROXY").replaceAll(/["/=+]/g, ""),
  other: planted.plant("a variable of somebody else's"),
  passphrase: planted.plant("a passphrase"),
};
planted.watch("a password in a URL", secret.url);
planted.watch("HTTPS_PROXY", secret.proxy);
planted.watch("the key of the client's certificate", fixture("tls/client.key").split("\n")[1]!);

let directory: string;
let soras: FakeSora[] = [];
let kill = () => {};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  writeFileSync(join(directory, "header"), `${secret.file}\n`);
  writeFileSync(join(directory, "token"), `${secret.token}\n`);
  writeFileSync(join(directory, "password"), secret.password);
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(async () => {
  kill();
  await Promise.all(soras.map((sora) => sora.close()));
  soras = [];
});

const ENV = {
  PATH: process.env["PATH"],
  NODE_OPTIONS: process.env["NODE_OPTIONS"],
  RECORD_REQUESTS_TO: process.env["RECORD_REQUESTS_TO"],
  PLANTED_HEADER: secret.variable,
  OTHER_SECRET: secret.other,
  HTTP_PROXY: `http://user:${secret.proxy}@127.0.0.1:9/`,
  HTTPS_PROXY: `http://user:${secret.proxy}@127.0.0.1:9/`,
  OTEL_EXPORTER_OTLP_HEADERS: `x-otel=${encodeURIComponent(secret.otlpVariable)}`,
};

/** The certificate of a client is read, though nobody asks for it over plain HTTP. */
function configuration(urls: readonly [string, string, string]): string {
  const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
  return `
sora: { interval: 200ms, timeout: 200ms }
calls: { list_connections: 200ms, get_stats_report: 200ms, list_cluster_nodes: 200ms, get_license: 200ms }
targets:
  - name: a
    url: ${urls[0]}
    headers:
      x-plain: '${secret.header}'
      x-variable: { env: PLANTED_HEADER }
      x-file: { file: header }
    basic_auth: { username: user, password: { file: password } }
    tls: { cert_file: ${tls("client.crt")}, key_file: ${tls("client.key")} }
  - { name: b, url: '${urls[1]}', bearer_token: { file: token } }
metrics: { client_id: hash, client_id_key: '${secret.hashKey}' }
otlp:
  enabled: true
  endpoint: ${urls[2]}
  interval: 200ms
  timeout: 200ms
  headers: { x-otlp: '${secret.otlp}' }
`;
}

/** Says all headers that it was sent: in its own, in a list of errors, and in what Sora calls the type of an error. */
function echo(sora: () => FakeSora, status: number): Answer {
  return (response) => {
    const sent = sora().requests.at(-1)!.headers;
    const { authorization, ...others } = sent;
    const said = [authorization, ...Object.values(others)].join(" | ");
    response.writeHead(status, {
      location: `/?${encodeURIComponent(said)}`,
      "x-sent": said.replaceAll("\n", ""),
    });
    response.end(JSON.stringify({ error_type: said, message: said, sent }));
  };
}

async function startEchoing(): Promise<{ sora: FakeSora; echoing: (status: number) => Answer }> {
  const sora = await startFakeSora(
    calm(reply([connection({ rtp: { total_sent: 1 } }, { client_id: "somebody" })])),
  );
  soras.push(sora);
  return { sora, echoing: (status) => echo(() => sora, status) };
}

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

test.each(["text", "json"])(
  "nothing that is said holds a secret, with a log of %s",
  async (format) => {
    const [a, b, receiver] = [await startEchoing(), await startEchoing(), await startEchoing()];
    const file = join(directory, `config-${format}.yaml`);
    const good = configuration([a.sora.url, b.sora.url, receiver.sora.url]);
    writeFileSync(file, good);
    const args = [
      `--config.file=${file}`,
      "--log.level=debug",
      `--log.format=${format}`,
      "--web.listen-address=127.0.0.1:0",
    ];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"], env: ENV });
    kill = () => child.kill("SIGKILL");
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const exited = new Promise((resolve) => child.once("exit", resolve));
    await until(() => /listening on http\S+\/metrics/.test(said), 30_000);
    const url = /(http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(said)![1]!;

    const shown: string[] = [];
    async function look(): Promise<void> {
      for (const path of PATHS) {
        for (const method of ["GET", "POST"]) {
          const response = await fetch(url + path, { method, redirect: "manual" });
          shown.push(`${method} ${path}`, JSON.stringify([...response.headers]), await response.text());
        }
      }
    }
    /** Until each of them has been asked again, and once more, so that what was answered has been digested. */
    async function ask(): Promise<void> {
      const before = [a, b, receiver].map(({ sora }) => sora.requests.length);
      await until(
        () => [a, b, receiver].every(({ sora }, i) => sora.requests.length >= before[i]! + 8),
        30_000,
      );
      await look();
    }

    await ask();
    // Otherwise nothing would have been at stake.
    const sent = (sora: FakeSora) => sora.requests.map(({ headers }) => JSON.stringify(headers)).join("");
    for (const place of ["a header in the file", "a header from a variable", "a header from a file"])
      expect(planted.find(sent(a.sora))).toContain(`${place} (JSON)`);
    expect(planted.find(sent(a.sora))).toContain("basic_auth (base64)");
    expect(planted.find(sent(b.sora))).toContain("bearer_token (JSON)");
    expect(planted.find(sent(receiver.sora))).toEqual(
      expect.arrayContaining(["otlp.headers (JSON)", "OTEL_EXPORTER_OTLP_HEADERS (JSON)"]),
    );

    for (const status of [401, 400, 302, 407, 500, 200]) {
      for (const { sora, echoing } of [a, b, receiver]) sora.answer = echoing(status);
      await ask();
      for (const { sora } of [a, b, receiver]) sora.answer = calm(reply([]));
      await ask();
    }
    rmSync(join(directory, "token"));
    writeFileSync(join(directory, "header"), `${secret.file}\n${secret.file}`);
    writeFileSync(
      file,
      good.replace("interval: 200ms", `interval: ${secret.url}@`).replace("x-plain:", "x plain:"),
    );
    child.kill("SIGHUP");
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 1500))]);
    if (child.exitCode === null && child.signalCode === null) {
      await look();
      child.kill("SIGTERM");
    }
    await exited;
    writeFileSync(join(directory, "token"), `${secret.token}\n`);
    writeFileSync(join(directory, "header"), `${secret.file}\n`);

    expect(said).toContain("poll failed");
    expect(planted.find(said)).toEqual([]);
    expect(planted.find(shown.join("\n"))).toEqual([]);
  },
  120_000,
);

test("neither does what is said of a configuration that is wrong, or checked, nor a recording", async () => {
  const encrypted = join(directory, "encrypted.key");
  writeFileSync(encrypted, newKey(secret.passphrase));
  const good = configuration(["http://127.0.0.1:9/", "http://127.0.0.1:9/", "http://127.0.0.1:9/"]);
  const wrong: readonly string[] = [
    good,
    good.replace("x-plain:", "x plain:"),
    good
      .replace("x-plain: '", "x-plain: '\\n")
      .replaceAll("x-plain: '\\n", 'x-plain: "\\n')
      .replace(`${secret.header}'`, 'x"'),
    good.replace("bearer_token: { file: token }", `bearer_token: { fil: '${secret.token}' }`),
    good.replace("bearer_token: { file: token }", `bearer_token: ['${secret.token}']`),
    good.replace("password: { file: password }", `passwort: '${secret.password}'`),
    good.replace("username: user", `username: 'user:${secret.password}'`),
    good.replace("{ name: b, url: '", `{ name: b, url: 'http://user:${secret.url}@`),
    good.replace("endpoint: http://", `endpoint: http://user:${secret.url}@`),
    good.replace("endpoint: http://127.0.0.1:9/", `endpoint: http://127.0.0.1:9/?token=${secret.url}`),
    good.replace("client_id: hash", "client_id: plain"),
    good.replace(`client_id_key: '${secret.hashKey}'`, `client_id_key: { x: '${secret.hashKey}' }`),
    good.replace(/key_file: \S+/, `key_file: ${encrypted}`),
    good.replace(
      /key_file: \S+/,
      `key_file: |\n      ${fixture("tls/client.key").replaceAll("\n", "\n      ")}`,
    ),
    good.replace("{ file: header }", "{ file: header, env: X }"),
    `${good}\n  x-more: '${secret.otlp}`,
    good.replaceAll(": '", ": '''"),
  ];
  const outputs = wrong.map((yaml, i) => {
    const file = join(directory, `wrong-${i}.yaml`);
    writeFileSync(file, yaml);
    const args = [MAIN, `--config.file=${file}`, "--config.check", "--log.level=debug"];
    return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000, env: ENV });
  });
  outputs.push(
    spawnSync(process.execPath, [MAIN, `--sora.url=http://user:${secret.url}@127.0.0.1/`], {
      encoding: "utf8",
      env: ENV,
    }),
    spawnSync(process.execPath, [MAIN, "--sora.interval=1s", `--token=${secret.token}`, secret.token], {
      encoding: "utf8",
      env: ENV,
    }),
    spawnSync(process.execPath, [MAIN], {
      encoding: "utf8",
      env: { ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${secret.url}@h/` },
    }),
  );
  expect(outputs.map(({ status }) => status)).toEqual([0, ...outputs.slice(1).map(() => 2)]);
  const said = outputs.map(({ stdout, stderr }) => stdout + stderr);
  expect(said.map((text) => planted.find(text)).flat()).toEqual([]);

  const { sora } = await startEchoing();
  const record = join(directory, "record.jsonl");
  const file = join(directory, "record.yaml");
  writeFileSync(file, `targets:\n  - { name: a, url: '${sora.url}', bearer_token: { file: token } }\n`);
  const args = [MAIN, `--config.file=${file}`, `--record=${record}`, "--web.listen-address=127.0.0.1:0"];
  const child = spawn(process.execPath, args, {
    stdio: "ignore",
    env: { ...ENV, OTEL_EXPORTER_OTLP_HEADERS: "" },
  });
  kill = () => child.kill("SIGKILL");
  await until(() => {
    try {
      return readFileSync(record, "utf8").includes("\n");
    } catch {
      return false;
    }
  }, 30_000);
  expect(planted.find(JSON.stringify(sora.requests[0]!.headers))).not.toEqual([]);
  expect(planted.find(readFileSync(record, "utf8"))).toEqual([]);
}, 300_000);
