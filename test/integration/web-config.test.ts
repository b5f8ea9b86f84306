/** A real Prometheus scrapes through TLS, with passwords and client certificates: the right ones, and wrong ones. */

import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFor, type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { lacks } from "../support/tools.ts";
import { ask, HASHES, pem, pemFile } from "../web-config/support.ts";

describe.skipIf(lacks("prometheus"))("Prometheus", () => {
  let directory: string;
  let sora: FakeSora;
  let withPassword: RunningExporter;
  let withCertificate: RunningExporter;
  let prometheus: Prometheus;

  const passwords = (hash: string) =>
    writeFileSync(
      join(directory, "web.yml"),
      `tls_server_config: {cert_file: tls.crt, key_file: tls.key}\nbasic_auth_users: {prometheus: "${hash}"}\n`,
    );
  const certificate = (name: string) => {
    for (const kind of ["crt", "key"]) writeFileSync(join(directory, `tls.${kind}`), pem(`${name}.${kind}`));
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    certificate("server");
    passwords(HASHES.secret);
    writeFileSync(
      join(directory, "mutual.yml"),
      `tls_server_config:
  cert_file: ${pemFile("server.crt")}
  key_file: ${pemFile("server.key")}
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ${pemFile("ca.crt")}
  client_allowed_sans: [prometheus.example]
`,
    );
    sora = await startFakeSora(calm(reply([])));
    const { web } = configFor([]);
    const run = (file: string) =>
      runExporter([{ name: "t", url: sora.url }], { web: { ...web, configFile: join(directory, file) } });
    [withPassword, withCertificate] = await Promise.all([run("web.yml"), run("mutual.yml")]);

    const job = (name: string, { url }: RunningExporter, tls: object, more: object = {}) => ({
      job_name: name,
      scheme: "https",
      tls_config: { ca_file: pemFile("ca.crt"), ...tls },
      static_configs: [{ targets: [new URL(url).host] }],
      ...more,
    });
    const as = (username: string, password: string) => ({ basic_auth: { username, password } });
    const showing = (name: string) => ({
      cert_file: pemFile(`${name}.crt`),
      key_file: pemFile(`${name}.key`),
    });
    prometheus = await startPrometheus(withPassword.url, {
      jobs: [
        job("password", withPassword, {}, as("prometheus", "secret")),
        job("password changed", withPassword, {}, as("prometheus", "changed")),
        job("no password", withPassword, {}),
        job("wrong password", withPassword, {}, as("prometheus", "Secret")),
        job("wrong user", withPassword, {}, as("nobody", "secret")),
        job(
          "other authority",
          withPassword,
          { ca_file: pemFile("other-ca.crt") },
          as("prometheus", "secret"),
        ),
        job("certificate", withCertificate, showing("client")),
        job("no certificate", withCertificate, {}),
        job("certificate of another authority", withCertificate, showing("other-client")),
        job("expired certificate", withCertificate, showing("expired-client")),
        job("certificate of a server", withCertificate, showing("server")),
      ],
    });
  });

  afterAll(async () => {
    await prometheus.close();
    await Promise.all([withPassword.close(), withCertificate.close()]);
    await sora.close();
    rmSync(directory, { recursive: true });
  });

  async function ups(query = "up"): Promise<Record<string, number>> {
    const found = await prometheus.query(query);
    return Object.fromEntries(found.map(({ metric, value }) => [metric["job"]!, value]));
  }

  // In the order of Prometheus' configuration; the first speaks HTTP where TLS is spoken.
  const AT_FIRST = {
    sora: 0,
    password: 1,
    "password changed": 0,
    "no password": 0,
    "wrong password": 0,
    "wrong user": 0,
    "other authority": 0,
    certificate: 1,
    "no certificate": 0,
    "certificate of another authority": 0,
    "expired certificate": 0,
    "certificate of a server": 0,
  };

  test("comes in with the right password or certificate, and no other way", async () => {
    await until(async () => Object.keys(await ups()).length === Object.keys(AT_FIRST).length, 25_000);
    await prometheus.scrapes(3);
    expect(await ups()).toEqual(AT_FIRST);
    expect(await ups("max_over_time(up[1h])")).toEqual(AT_FIRST);
    const { activeTargets } = (await prometheus.get("targets")) as {
      activeTargets: { scrapePool: string; lastError: string }[];
    };
    const lastError = (job: string) => activeTargets.find(({ scrapePool }) => scrapePool === job)!.lastError;
    for (const job of ["no password", "wrong password", "wrong user"])
      expect(lastError(job)).toBe("server returned HTTP status 401 Unauthorized");
    expect(lastError("password")).toBe("");
    expect(lastError("other authority")).toContain("certificate signed by unknown authority");
  });

  test("says why nobody else came in", async () => {
    const refused = await prometheus.query(
      'sort_desc(sora_exporter_web_refused_total{job=~"password|certificate",reason=~"handshake|password|client_certificate"} > 0)',
    );
    expect(new Set(refused.map(({ metric }) => `${metric["job"]} ${metric["reason"]}`))).toEqual(
      new Set(["password password", "password handshake", "certificate client_certificate"]),
    );
  });

  test("sees a rotated certificate and a changed password without a restart of anything", async () => {
    const shown = async () =>
      (await ask(`${withPassword.url.replace("127.0.0.1", "localhost")}/`)).fingerprint;
    const startMs = Date.now();
    certificate("rotated");
    const rotated = new X509Certificate(pem("rotated.crt")).fingerprint256;
    expect(await shown()).not.toBe(rotated);
    await until(async () => (await shown()) === rotated, 25_000);
    await prometheus.scrapes(2);
    const seconds = Math.ceil((Date.now() - startMs) / 1000);
    expect((await prometheus.query(`min_over_time(up{job='password'}[${seconds}s])`))[0]?.value).toBe(1);

    passwords(HASHES.changed);
    await until(async () => (await ups())["password changed"] === 1, 25_000);
    await prometheus.scrapes(2);
    expect(await ups()).toEqual({ ...AT_FIRST, password: 0, "password changed": 1 });
  });
});
