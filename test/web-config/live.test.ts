/** What is taken up without a restart. */

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openWebConfig } from "../../src/web-config/live.ts";
import { until } from "../support/exporter.ts";
import { serve } from "./serve.ts";
import { type Asking, ask, directoryOf, HASHES, pem, pemFile } from "./support.ts";

const fingerprint = (name: string) => new X509Certificate(pem(name)).fingerprint256;
const users = (hash: string) => `basic_auth_users: {prometheus: "${hash}"}\n`;
const BESIDE = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n";

test("what is good is in force only after what comes first, and not where that fails", async () => {
  const { path, write } = directoryOf({ "web.yml": users(HASHES.secret) });
  const log = pino({ level: "silent" });
  const events = { webConfigLoaded: () => {}, webConfigRefused: () => {} };
  const web = await openWebConfig(path("web.yml"), { log, events, lookMs: 1_000_000 });
  onTestFinished(() => web.close());
  const hash = () => web.current.users.get("prometheus");
  write("web.yml", users(HASHES.changed));
  await expect(web.reload(() => Promise.reject(new Error("not now")))).rejects.toThrow("not now");
  expect(hash()).toBe(HASHES.secret);
  let before: string | undefined;
  const first = () => {
    before = hash();
    return Promise.resolve();
  };
  // Two at once, each with what comes first.
  expect(await Promise.all([web.reload(), web.reload(first)])).toEqual([undefined, undefined]);
  expect([before, hash()]).toEqual([HASHES.changed, HASHES.changed]);
});

const statusOf = async (url: string, asking?: Asking) => {
  try {
    return (await ask(url, asking)).status;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

test("a changed password is asked for, and the old one is no longer good, remembered or not", async () => {
  const { url, write, reads, metric } = await serve({ files: { "web.yml": users(HASHES.secret) } });
  expect(await statusOf(url, { auth: "prometheus:secret" })).toBe(200);
  write("web.yml", users(HASHES.changed));
  await reads(1);
  expect(await statusOf(url, { auth: "prometheus:secret" })).toBe(401);
  expect(await statusOf(url, { auth: "prometheus:changed" })).toBe(200);
  expect(await metric("sora_exporter_web_config_last_reload_successful")).toBe(1);
  expect(await metric("sora_exporter_web_certificate_not_after_timestamp_seconds")).toBeUndefined();
});

test("a bad file changes nothing, says why once, and is used once it is good", async () => {
  const { url, write, reads, metric, log, path } = await serve({
    files: { "web.yml": users(HASHES.secret) },
  });
  for (const [i, [bad, problem]] of [
    ["basic_auth_users: {prometheus: plain text}\n", "basic_auth_users.prometheus: is not a bcrypt hash"],
    ["", "is empty"],
    [BESIDE, 'tls_server_config.cert_file: cannot read "'],
  ].entries() as unknown as [number, [string, string]][]) {
    write("web.yml", bad);
    await reads(i + 1);
    expect(log.at(-1)).toMatchObject({ level: 50, problem: expect.stringContaining(problem) as string });
    expect(await metric("sora_exporter_web_config_last_reload_successful")).toBe(0);
    expect(await statusOf(url, { auth: "prometheus:secret" })).toBe(200);
    expect(await statusOf(url)).toBe(401);
  }
  expect(JSON.stringify(log)).not.toContain("plain text");
  // What was missing is looked after too; TLS would take a restart, though.
  write("tls.key", pem("server.key"));
  write("tls.crt", pem("server.crt"));
  await reads(4);
  expect(log.at(-1)!["problem"]).toBe(
    `${path("web.yml")}: tls_server_config is new, which takes a restart of the exporter`,
  );
  write("web.yml", users(HASHES.changed));
  await reads(5);
  expect(await metric("sora_exporter_web_config_last_reload_successful")).toBe(1);
  expect(await statusOf(url, { auth: "prometheus:changed" })).toBe(200);
});

test("a rotated certificate is shown, also where Kubernetes replaces a Secret by a link", async () => {
  const { url, path, reads, metric, log } = await serve({
    files: { "web.yml": "tls_server_config: {cert_file: secret/tls.crt, key_file: secret/tls.key}\n" },
    prepare: (path) => {
      mkdirSync(path("secret"));
      put(path, "server", "one");
      for (const name of ["tls.crt", "tls.key"]) symlinkSync(`..data/${name}`, path(`secret/${name}`));
    },
  });
  function put(path: (name: string) => string, name: string, version: string) {
    mkdirSync(path(`secret/..${version}`));
    for (const kind of ["crt", "key"])
      writeFileSync(path(`secret/..${version}/tls.${kind}`), pem(`${name}.${kind}`));
    symlinkSync(`..${version}`, path("secret/..data_tmp"));
    renameSync(path("secret/..data_tmp"), path("secret/..data"));
  }
  expect((await ask(url)).fingerprint).toBe(fingerprint("server.crt"));
  put(path, "rotated", "two");
  rmSync(path("secret/..one"), { recursive: true });
  await reads(1);
  expect((await ask(url)).fingerprint).toBe(fingerprint("rotated.crt"));
  expect(await metric("sora_exporter_web_certificate_not_after_timestamp_seconds")).toBe(
    Date.parse(new X509Certificate(pem("rotated.crt")).validTo) / 1000,
  );
  expect(log.filter(({ level }) => level > 30)).toEqual([]);
});

test("files that are replaced one after the other are taken up when they belong together", async () => {
  const files = { "web.yml": BESIDE, "tls.crt": pem("server.crt"), "tls.key": pem("server.key") };
  const { url, write, log } = await serve({ files });
  write("tls.crt", pem("rotated.crt"));
  await until(() => log.some(({ level }) => level === 50));
  expect(log.at(-1)!["problem"]).toContain("is not the key of the certificate");
  expect((await ask(url)).fingerprint).toBe(fingerprint("server.crt"));
  write("tls.key", pem("rotated.key"));
  await until(async () => (await ask(url)).fingerprint === fingerprint("rotated.crt"));
});

test("client certificates are asked for from now on, of connections that are there, too", async () => {
  const tls = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
  const { url, write, reads } = await serve({ files: { "web.yml": tls } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: pem("ca.crt") });
  const again = () =>
    new Promise<string>((resolve) => {
      const sent = request(`${url}/-/healthy`, { agent }, (response) => {
        response.resume().on("end", () => resolve(`${response.statusCode} ${sent.reusedSocket}`));
      });
      sent.on("error", ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
      sent.end();
    });
  expect([await again(), await again()]).toEqual(["200 false", "200 true"]);

  write(
    "web.yml",
    `${tls}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ${pemFile("ca.crt")}\n`,
  );
  await reads(1);
  expect(await again()).toBe("ECONNRESET");
  agent.destroy();
  expect(await statusOf(url)).toBe("ECONNRESET");
  expect(await statusOf(url, { client: "client" })).toBe(200);
  expect(await statusOf(url, { client: "other-client" })).toBe("ECONNRESET");

  write(
    "web.yml",
    `${tls}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ${pemFile("other-ca.crt")}\n`,
  );
  await reads(2);
  expect(await statusOf(url, { client: "client" })).toBe("ECONNRESET");
  expect(await statusOf(url, { client: "other-client" })).toBe(200);

  write("web.yml", tls);
  await reads(3);
  expect(await statusOf(url)).toBe(200);
});

test("a file that says the same is no change: connections go on, and rate_limit counts on", async () => {
  const tls = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
  const limit = "rate_limit: {interval: 1h, burst: 3}\n";
  const { url, write, reads } = await serve({ files: { "web.yml": tls + limit } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: pem("ca.crt") });
  const again = () =>
    new Promise<string>((resolve, reject) => {
      const sent = request(`${url}/-/healthy`, { agent }, (response) => {
        response.resume().on("end", () => resolve(`${response.statusCode} ${sent.reusedSocket}`));
      });
      sent.on("error", reject);
      sent.end();
    });
  expect(await again()).toBe("200 false");
  write("web.yml", `${tls}${limit}# The same.\n`);
  await reads(1);
  expect(await again()).toBe("200 true");
  // Headers are others, TLS and the limit are not.
  write("web.yml", `${tls}${limit}http_server_config: {headers: {X-Frame-Options: sameorigin}}\n`);
  await reads(2);
  expect([await again(), await again()]).toEqual(["200 true", "429 true"]);
  agent.destroy();
});

test("while wrong passwords come from many addresses, a change keeps nobody out who has come in, nor anybody new", async () => {
  const dear = HASHES.secret.replace("$04$", "$10$");
  const config = (more = "") =>
    `basic_auth_users: {prometheus: "${HASHES.secret}", other: "${dear}", new: "${HASHES.changed}"}\n${more}`;
  const { url, write, reads } = await serve({ files: { "web.yml": config() } });
  const scrape = () => statusOf(`${url}/metrics`, { auth: "prometheus:secret" });
  expect(await scrape()).toBe(200);
  let over = false;
  const flood = Array.from({ length: 48 }, async (_, i) => {
    for (let n = 0; !over; n++)
      await statusOf(url, { auth: `other:${i}.${n}`, localAddress: `127.0.1.${1 + (i % 8)}` });
  });
  write("web.yml", config("rate_limit: {interval: 1us, burst: 1000000}\n"));
  await reads(1);
  for (let i = 0; i < 10; i++) expect(await scrape()).toBe(200);
  expect(await statusOf(`${url}/metrics`, { auth: "new:changed" })).toBe(200);
  over = true;
  await Promise.all(flood);
});

test("a connection of before, busy while tls_server_config changes, is asked to come again", async () => {
  const tls = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
  const { port, write, reads } = await serve({ files: { "web.yml": tls } });
  const socket = connect({ port, host: "127.0.0.1", ca: pem("ca.crt"), servername: "localhost" });
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  socket.on("error", () => {
    // Closed, as below.
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  // One request is answered, the next is begun: that is no idle connection.
  socket.write("GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\nGET /-/healthy HTTP/1.1\r\nhost: a\r\n");
  await until(() => heard.includes("Healthy."));
  write("web.yml", `${tls}  client_auth_type: RequireAnyClientCert\n`);
  await reads(1);
  expect(socket.destroyed).toBe(false);
  socket.write("\r\n");
  await closed;
  expect(heard.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test("a file that cannot be used at the start is an error of one line", async () => {
  const events = { webConfigLoaded: () => {}, webConfigRefused: () => {} };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  await expect(openWebConfig("/nowhere/web.yml", { log, events })).rejects.toThrow(
    /^--web\.config\.file: cannot read "\/nowhere\/web\.yml": ENOENT[^\n]*$/,
  );
});
