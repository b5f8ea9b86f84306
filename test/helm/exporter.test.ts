/** What is rendered, in the hands of those who read it: the exporter, promtool and an operator. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { freePort } from "../../src/simulator/free-port.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { until } from "../support/exporter.ts";
import { find, samplesOf } from "../support/parse.ts";
import type { RuleFile } from "../support/rules.ts";
import { lacks } from "../support/tools.ts";
import { CHART, CI_FILES, configOf, exporterOf, podOf, render, ROOT, the, type Values } from "./support.ts";

const CONFIG = "/etc/sora-stats-exporter/config.yaml";
/** What the files in ci/ take from Secrets. */
const ENV = { OSAKA_TOKEN: "token", CLIENT_ID_KEY: "key" };
const SECRETS: Record<string, string> = {
  "/run/secrets/sora/password": "secret",
  "/run/secrets/sora/ca.pem": readFileSync(`${ROOT}test/fixtures/tls/ca.crt`, "utf8"),
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "helm-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(lacks("helm"))("the exporter", () => {
  // Once it knows the flag of a web config.
  test.each(CI_FILES)("finds nothing wrong with the configuration and the arguments of %s", async (file) => {
    const objects = await render(file);
    const sidecar = file.includes("sidecar");
    const args = sidecar ? [`--config.file=${CONFIG}`] : exporterOf(podOf(the(objects, "Deployment"))).args!;
    const files: Record<string, string> = { ...SECRETS, [CONFIG]: configOf(objects) };
    const command = loadConfig({
      argv: [...args, "--config.check"],
      env: ENV,
      readFile: (path) => files[path] ?? expect.fail(`there is no ${path}`),
    });
    if (!("config" in command)) return expect.fail(command.command);
    const { targets, web, info } = command.config;
    expect(targets.map(({ local }) => local)).not.toContain(!sidecar);
    if (!file.includes("everything")) return;
    expect(targets.map(({ limits: { seriesPerTarget } }) => seriesPerTarget)).toEqual([
      20_000_000, 1_000_000,
    ]);
    expect([web.listenAddress.port, web.telemetryPath, info.clientIdHash]).toEqual([
      9490,
      "/exporter/metrics",
      { key: "key" },
    ]);
  });

  test.each([
    ["1h", [0, ""]],
    ["10y", [2, "10y is not between 100ms and 1d"]],
  ])(
    "asked as the README says finds with an interval of %s what the chart does not",
    (interval, expected) => {
      const [, commands] = /## Check it first[^]*?```sh\n([^]*?)```/.exec(
        readFileSync(`${CHART}/README.md`, "utf8"),
      )!;
      const values = join(directory, "preflight.yaml");
      writeFileSync(values, stringify({ config: { sora: { interval } } }));
      const script = commands!
        .replaceAll("/tmp/", `${directory}/preflight-`)
        .replaceAll(" values.yaml", ` ${values}`);
      const { status, stderr } = spawnSync("bash", ["-ec", script], {
        cwd: ROOT,
        encoding: "utf8",
        timeout: 30_000,
      });
      expect([status, stderr]).toEqual([expected[0], expect.stringContaining(String(expected[1]))]);
    },
  );

  test("started as rendered, answers where probes and Prometheus ask, and stops when it is told to", async () => {
    const world = {
      nodes: 1,
      channels: 1,
      connections: 3,
      seed: 1,
      form: "2024" as const,
      startMs: Date.now(),
    };
    const simulator = await startSimulator({ host: "127.0.0.1", port: 0, world });
    const port = await freePort();
    const objects = await render({
      config: { sora: { url: simulator.url }, web: { listen_address: `:${port}`, telemetry_path: "/m" } },
      serviceMonitor: { enabled: true },
    });
    const pod = podOf(the(objects, "Deployment"));
    const { args, ports, livenessProbe, readinessProbe, volumeMounts } = exporterOf(pod);
    expect(ports?.[0]?.containerPort).toBe(port);
    const mount = volumeMounts![0]!.mountPath;
    mkdirSync(directory + mount, { recursive: true });
    // A test listens on loopback alone.
    const config = configOf(objects).replace(`:${port}`, `127.0.0.1:${port}`);
    writeFileSync(`${directory}${mount}/config.yaml`, config);
    const argv = args!.map((arg) => arg.replace(`=${mount}/`, `=${directory}${mount}/`));
    const child = spawn(process.execPath, [`${ROOT}src/main.ts`, ...argv], { stdio: "ignore" });
    const exited = once(child, "exit");
    try {
      const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      await until(
        () =>
          get(readinessProbe!.httpGet!.path!).then(
            ({ status }) => status === 200,
            () => false,
          ),
        20_000,
      );
      expect((await get(livenessProbe!.httpGet!.path!)).status).toBe(200);
      const [endpoint] = the(objects, "ServiceMonitor").spec.endpoints;
      const metrics = samplesOf(await (await get(endpoint.path)).text(), "prometheus-text");
      expect(find(metrics, "sora_up", {})?.value).toBe(1);
      child.kill("SIGTERM");
      const start = performance.now();
      expect(await exited).toEqual([0, null]);
      expect(performance.now() - start).toBeLessThan(pod.spec.terminationGracePeriodSeconds! * 500);
    } finally {
      child.kill("SIGKILL");
      await simulator.close();
    }
  });
});

describe.skipIf(lacks("helm"))("the PrometheusRule", () => {
  const groupsOf = async (prometheusRule: Values) => {
    const objects = await render({ prometheusRule: { enabled: true, ...prometheusRule } });
    return the(objects, "PrometheusRule").spec.groups;
  };
  const files = ["recording", "alerts"].map(
    (name) => parse(readFileSync(`${ROOT}dashboards/rules/${name}.yaml`, "utf8")) as RuleFile,
  );
  const ours = files.flatMap(({ groups }) => groups);

  test("holds the repository's rules, braces and all", async () => {
    expect(await groupsOf({})).toEqual(ours);
  });

  test("holds them with labels of yours besides, and without the alerts that you disable", async () => {
    const groups = await groupsOf({
      additionalRuleLabels: { team: "a", severity: "none" },
      disabledAlerts: ["SoraDown"],
    });
    const alertsOf = (all: RuleFile["groups"]) =>
      all.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
    expect(alertsOf(groups)).toEqual(
      alertsOf(ours)
        .filter(({ alert }) => alert !== "SoraDown")
        .map((rule) => ({ ...rule, labels: { team: "a", ...rule.labels } })),
    );
    expect(groups.find(({ name }) => name === "sora_recording")).toEqual(
      ours.find(({ name }) => name === "sora_recording"),
    );
  });

  test.skipIf(lacks("promtool"))("is well in the eyes of promtool", async () => {
    const file = `${directory}/rules.yaml`;
    writeFileSync(file, stringify({ groups: await groupsOf({}) }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`SUCCESS: ${ours.flatMap(({ rules }) => rules).length} rules found`);
  });
});

describe.skipIf(lacks("helm"))("the notes", () => {
  let chart: string;
  beforeAll(() => {
    // Helm shows them when it has a cluster, so they are shown in an object here.
    chart = join(directory, "noted");
    cpSync(CHART, chart, { recursive: true });
    const notes = '{{ include (print .Template.BasePath "/NOTES.txt") . | quote }}';
    writeFileSync(
      `${chart}/templates/shown.yaml`,
      `apiVersion: v1\nkind: Shown\nmetadata: { name: notes }\ndata: { notes: ${notes} }\n`,
    );
  });
  const notes = async (values: Values) => the(await render(values, { chart }), "Shown").data!["notes"]!;

  test("say what is polled, how to look, and what nobody scrapes", async () => {
    const said = await notes({});
    expect(said).toContain("It polls:\n  http://sora:3000/\n");
    expect(said).toContain("kubectl -n media port-forward service/rel-sora-stats-exporter 10490:10490");
    expect(said).toContain("Nothing tells Prometheus to scrape: set serviceMonitor.enabled");
    expect(said).toContain("Keep it one: do not scale it, and run no sidecars for the same Sora besides.");
    expect(await notes({ serviceMonitor: { enabled: true } })).not.toContain("Nothing tells");
  });

  test("say for sidecars what Sora's pod needs, which is a container as it should be", async () => {
    const said = await notes({ mode: "sidecar", podMonitor: { enabled: true } });
    const part = (from: string, to: string) =>
      parse(said.slice(said.indexOf(from) + from.length, said.indexOf(to))) as unknown;
    expect(part("needs these labels:", "under containers:")).toEqual({
      "sora-stats-exporter/sidecar": "rel-sora-stats-exporter",
    });
    expect(part("under containers:", "and under volumes:")).toMatchObject([
      { name: "sora-stats-exporter", args: [`--config.file=${CONFIG}`] },
    ]);
    expect(part("volumes:", "Pods that are made")).toEqual([
      { name: "sora-stats-exporter-config", configMap: { name: "rel-sora-stats-exporter" } },
    ]);
  });

  test("warn of a secret that is in the ConfigMap, and do not show it", async () => {
    const said = (password: unknown) =>
      notes({ config: { targets: [{ url: "http://a/", basic_auth: { username: "u", password } }] } });
    const inline = await said("hunter2");
    expect(inline).toContain("config.targets[0].basic_auth.password is in the ConfigMap for all to read");
    expect(inline).not.toContain("hunter2");
    expect(await said({ file: "/run/secrets/sora/password" })).not.toContain("is in the ConfigMap for all");
  });

  test("say over what it can be looked at, and how pods that the chart does not make learn of a change", async () => {
    const webConfig = { existingSecret: "web", tls: true };
    expect(await notes({ webConfig })).toContain("  https://127.0.0.1:10490/\n");
    expect(await notes({})).toContain("  http://127.0.0.1:10490/\n");
    const reload = `kubectl -n media exec POD -c sora-stats-exporter -- node -e "process.kill(1, 'SIGHUP')"`;
    expect(await notes({ mode: "sidecar" })).toContain(reload);
    expect(await notes({})).not.toContain(" exec POD ");
  });
});
