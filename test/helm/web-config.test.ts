/** What is rendered with a web config, and that in the hands of the exporter: who is let in, and that Kubernetes' probes are. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../src/simulator/free-port.ts";
import { until } from "../support/exporter.ts";
import { lacks } from "../support/tools.ts";
import { configOf, exporterOf, podOf, render, ROOT, the, type Values } from "./support.ts";

describe.skipIf(lacks("helm"))("with a web config", () => {
  const webConfig = { existingSecret: "web", key: "web.yml" };
  const monitored = { serviceMonitor: { enabled: true } };
  const DIRECTORY = "/etc/sora-stats-exporter-web";
  const ARGS = [
    "--config.file=/etc/sora-stats-exporter/config.yaml",
    `--web.config.file=${DIRECTORY}/web.yml`,
  ];

  test.each<[string, Values, string | undefined]>([
    ["without TLS", {}, undefined],
    ["with TLS", { tls: true }, "HTTPS"],
  ])(
    "the exporter gets the Secret %s, and probes and Prometheus ask accordingly",
    async (_, more, scheme) => {
      const objects = await render({ ...monitored, webConfig: { ...webConfig, ...more } });
      const pod = podOf(the(objects, "Deployment"));
      const { args, volumeMounts, livenessProbe, readinessProbe } = exporterOf(pod);
      // The kubelet can show neither a password nor a certificate.
      expect(args).toEqual([...ARGS, "--web.health-without-auth"]);
      const mount = volumeMounts?.find(({ mountPath }) => mountPath === DIRECTORY);
      // The directory whole, as a single file of it would stay what it was when the Secret changes.
      expect(mount).toEqual({ name: "sora-stats-exporter-web-config", mountPath: DIRECTORY, readOnly: true });
      expect(pod.spec.volumes).toContainEqual({ name: mount!.name, secret: { secretName: "web" } });
      expect([livenessProbe?.httpGet, readinessProbe?.httpGet]).toEqual(
        ["/-/healthy", "/-/ready"].map((path) => ({ path, port: "sora-metrics", ...(scheme && { scheme }) })),
      );
      expect(the(objects, "ServiceMonitor").spec.endpoints[0].scheme).toBe(scheme?.toLowerCase());
    },
  );

  test("that holds for health checks too, the probes are the exporter's own", async () => {
    const asked = { webConfig: { ...webConfig, tls: true, healthWithoutAuth: false } };
    const exporter = exporterOf(podOf(the(await render(asked), "Deployment")));
    const command = (path: string) => ["node", "dist/healthcheck.js", `https://127.0.0.1:10490${path}`];
    expect(exporter.args).toEqual(ARGS);
    expect(exporter.livenessProbe).toEqual({
      exec: { command: command("/-/healthy") },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    });
    expect(exporter.readinessProbe).toMatchObject({ exec: { command: command("/-/ready") } });
    expect(exporter).not.toHaveProperty("startupProbe");
  });
});

const TLS = `${ROOT}test/fixtures/tls`;
const AUTHORIZATION = `Basic ${Buffer.from("prometheus:password").toString("base64")}`;
const PAIR = { cert: readFileSync(`${TLS}/client.crt`), key: readFileSync(`${TLS}/client.key`) };

describe.skipIf(lacks("helm")).each([true, false])("health without authentication: %s", (exempt) => {
  let directory: string;
  let port: number;
  let container: ReturnType<typeof exporterOf>;
  let child: ChildProcess | undefined;
  /** In the directory what is absolute in the container. */
  const here = (args: readonly string[]) => args.map((arg) => arg.replace("=/etc/", `=${directory}/etc/`));

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "helm-"));
    port = await freePort();
    const objects = await render({
      config: {
        sora: { url: "http://127.0.0.1:9/" },
        web: { listen_address: `:${port}` },
        log: { format: "json" },
      },
      webConfig: { existingSecret: "web", tls: true, healthWithoutAuth: exempt },
    });
    const pod = podOf(the(objects, "Deployment"));
    container = exporterOf(pod);
    for (const { mountPath } of container.volumeMounts!)
      mkdirSync(directory + mountPath, { recursive: true });
    // A test listens on loopback alone.
    const config = configOf(objects).replace(`:${port}`, `127.0.0.1:${port}`);
    writeFileSync(`${directory}/etc/sora-stats-exporter/config.yaml`, config);
    // The Secret, with the files that its web config names beside it.
    const secret = `${directory}/etc/sora-stats-exporter-web`;
    for (const name of ["server.crt", "server.key", "ca.crt"])
      copyFileSync(`${TLS}/${name}`, `${secret}/${name}`);
    const web = {
      tls_server_config: {
        cert_file: "server.crt",
        key_file: "server.key",
        client_ca_file: "ca.crt",
        client_auth_type: "RequireAndVerifyClientCert",
      },
      basic_auth_users: { prometheus: hashSync("password", 4) },
    };
    writeFileSync(`${secret}/web-config.yml`, JSON.stringify(web));
    child = spawn(process.execPath, [`${ROOT}src/main.ts`, ...here(container.args!)], { stdio: "ignore" });
    await until(
      () => get("/metrics", { ...PAIR, headers: { authorization: AUTHORIZATION } }).then(Boolean),
      30_000,
    );
  }, 60_000);

  afterAll(async () => {
    if (child?.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(directory, { recursive: true });
  });

  /** Runs the health check as the kubelet would: what it said, and its exit code. */
  function healthCheck([node, script, ...args]: readonly string[]) {
    expect([node, script]).toEqual(["node", "dist/healthcheck.js"]);
    const { status, stderr } = spawnSync(process.execPath, [`${ROOT}src/healthcheck.ts`, ...args], {
      encoding: "utf8",
      timeout: 20_000,
    });
    return [stderr, status];
  }

  /** The status that a path answers with; undefined where there is none. */
  async function get(path: string, options: object = {}): Promise<number | undefined> {
    const asked = { host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false, ...options };
    const sent = request(asked);
    sent.end();
    try {
      const [answer] = (await once(sent, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
      answer.resume();
      return answer.statusCode;
    } catch {
      return undefined;
    }
  }

  test("who scrapes shows a certificate and a password", async () => {
    expect(await get("/metrics", { ...PAIR, headers: { authorization: AUTHORIZATION } })).toBe(200);
    expect(await get("/metrics", PAIR)).toBe(401);
    expect(await get("/metrics", { headers: { authorization: AUTHORIZATION } })).not.toBe(200);
  });

  test("Kubernetes, which has neither, finds the exporter well", async () => {
    for (const { exec, httpGet } of [container.livenessProbe!, container.readinessProbe!]) {
      expect([httpGet === undefined, exec === undefined]).toEqual([!exempt, exempt]);
      if (httpGet) {
        expect(httpGet.scheme).toBe("HTTPS");
        await until(async () => (await get(httpGet.path!)) === 200, 20_000);
      } else {
        expect(healthCheck(exec!.command!)).toEqual(["", 0]);
      }
    }
  });

  test("a ConfigMap that is no configuration any more does not make a running exporter unwell", async () => {
    writeFileSync(`${directory}/etc/sora-stats-exporter/config.yaml`, "sora: { url: nonsense }\n");
    const { exec } = container.livenessProbe!;
    if (exec) expect(healthCheck(exec.command!)).toEqual(["", 0]);
    else expect(await get(container.livenessProbe!.httpGet!.path!)).toBe(200);
  });
});
