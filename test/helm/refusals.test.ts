/** Values that make no sense, and what an operator reads. */

import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { lacks } from "../support/tools.ts";
import { template, type Values } from "./support.ts";

const SIDECAR = { mode: "sidecar" };
const ON = { enabled: true };

describe.skipIf(lacks("helm"))("refused is", () => {
  test.concurrent.each<[Values, string]>([
    [{ replicas: 2 }, "at '': additional properties 'replicas' not allowed"],
    [{ image: { name: "a" } }, "at '/image': additional properties 'name' not allowed"],
    [{ image: { tag: 1.1 } }, "at '/image/tag': got number, want string"],
    [
      { image: { repository: "Sora Exporter" } },
      "at '/image/repository': 'Sora Exporter' does not match pattern",
    ],
    [{ image: { digest: "abc" } }, "at '/image/digest': 'abc' does not match pattern"],
    [
      { image: { pullPolicy: "Sometimes" } },
      "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
    ],
    [{ mode: "daemonset" }, "at '/mode': value must be one of 'deployment', 'sidecar'"],
    [{ fullnameOverride: "Sora_Exporter" }, "at '/fullnameOverride': 'Sora_Exporter' does not match pattern"],
    [{ commonLabels: { team: 1 } }, "at '/commonLabels/team': got number, want string"],
    [{ service: { port: 0 } }, "at '/service/port': minimum: got 0, want 1"],
    [{ service: { port: "http" } }, "at '/service/port': got string, want integer"],
    [{ serviceMonitor: { enabled: "yes" } }, "at '/serviceMonitor/enabled': got string, want boolean"],
    [{ serviceMonitor: { interval: 10 } }, "at '/serviceMonitor/interval': got number, want string"],
    [
      { podMonitor: { scrapeTimeout: "soon" } },
      "at '/podMonitor/scrapeTimeout': 'soon' does not match pattern",
    ],
    [{ extraArgs: ["log.level=debug"] }, "at '/extraArgs/0': 'log.level=debug' does not match pattern '^--'"],
    [{ extraEnv: [{ value: "a" }] }, "at '/extraEnv/0': missing property 'name'"],
    [
      { extraSecretMounts: [{ name: "a" }] },
      "at '/extraSecretMounts/0': missing properties 'mountPath', 'secretName'",
    ],
    [{ livenessProbe: { httpGet: {} } }, "at '/livenessProbe': additional properties 'httpGet' not allowed"],
    [
      { config: { sora: { ulr: "http://a/" } } },
      "at '/config/sora': additional properties 'ulr' not allowed",
    ],
    [{ config: { sora: { interval: "fast" } } }, "at '/config/sora/interval': 'fast' does not match pattern"],
    [{ config: { sora: { interval: "" } } }, "at '/config/sora/interval': minLength: got 0, want 1"],
    [
      { config: { log: { level: "trace" } } },
      "at '/config/log/level': value must be one of 'debug', 'info', 'warn', 'error'",
    ],
    [
      { replicaCount: 2 },
      "replicaCount: 2 exporters of the same Sora would count everything 2 times; several Soras are config.targets",
    ],
    [
      { serviceMonitor: ON, podMonitor: ON },
      "serviceMonitor.enabled, podMonitor.enabled: both would scrape the exporter, as two jobs; take one of them",
    ],
    [
      { ...SIDECAR, serviceMonitor: ON },
      "serviceMonitor.enabled: mode sidecar has no Service; take podMonitor.enabled",
    ],
    [
      { ...SIDECAR, networkPolicy: ON },
      "networkPolicy.enabled: in mode sidecar it would select Sora's own pods",
    ],
    [
      { config: { web: { listen_address: "127.0.0.1:9490" } } },
      "config.web.listen_address: neither Kubernetes' probes nor Prometheus reach 127.0.0.1:9490; :9490 is all interfaces",
    ],
    [{ config: { web: { listen_address: "[::1]:9490" } } }, "nor Prometheus reach [::1]:9490; :9490 is all"],
    [
      { extraArgs: ["--web.listen-address=:9490"] },
      "extraArgs: --web.listen-address belongs into config, which the chart's ports, probes, monitors and notes follow",
    ],
    [{ extraArgs: ["--nonsense"] }, "extraArgs: the exporter has no flag --nonsense"],
    [{ extraArgs: ["--log.level"] }, "extraArgs: --log.level needs a value, as in --log.level=VALUE"],
    [{ extraArgs: ["--no-otlp.enabled=true"] }, "extraArgs: --no-otlp.enabled takes no value"],
    [{ extraArgs: ["--otlp.enabled", "--no-otlp.enabled"] }, "extraArgs: --no-otlp.enabled is given twice"],
    [{ extraArgs: ["--config.check"] }, "extraArgs: with --config.check the exporter would end at once"],
    [{ extraArgs: ["--web.config.file=/a"] }, "extraArgs: --web.config.file belongs into webConfig"],
    [{ ...SIDECAR, extraArgs: ["--no-sora.local"] }, "extraArgs: --no-sora.local belongs into config"],
    [
      { ...SIDECAR, config: { targets: [{ url: "http://a/" }, { url: "http://b/", local: false }] } },
      "config.targets[1].local: false, but in mode sidecar each exporter asks for its own node alone",
    ],
    [{ ...SIDECAR, config: { sora: { local: false } } }, "config.sora.local: false, but in mode sidecar"],
    [
      { config: { sora: { local: true } } },
      "config.sora.local: true, but in mode deployment the one exporter asks for the whole cluster",
    ],
    [
      { config: { targets: [{ url: "http://a/", local: true }] } },
      "config.targets[0].local: true, but in mode",
    ],
    [
      {
        config: {
          targets: [
            { name: "a", url: "http://a/" },
            { name: "a", url: "http://b/" },
          ],
        },
      },
      "config.targets[1].name: a is the name of another target",
    ],
    ...[
      "http://",
      "ftp://a/",
      "http:a",
      "http://a b/",
      "http://a:99999/",
      "http://u:secret@a/",
      "http://a/?b",
      "http://[::1/",
    ].flatMap((url): [Values, string][] => [
      [
        { config: { sora: { url } } },
        /^https?:\/\//.test(url) ? "config.sora.url: is no URL such as" : "at '/config/sora/url'",
      ],
    ]),
    [
      { config: { targets: [{ urls: ["http://a/", "http://b:70000/"] }] } },
      "config.targets[0].urls[1]: is no URL such as http://sora:3000/",
    ],
    [
      { config: { targets: [{ url: "http://a:1/" }, { url: "http://a:1/b" }] } },
      "config.targets[1].name: a:1 is the name of another target",
    ],
    ...["", " ", "a\nb"].map((name): [Values, string] => [
      { config: { targets: [{ name, url: "http://a/" }] } },
      `config.targets[0].name: ${JSON.stringify(name)} is no name of visible characters`,
    ]),
    [
      {
        config: { targets: [{ url: "http://a/", basic_auth: { username: "a:b", password: { env: "P" } } }] },
      },
      "config.targets[0].basic_auth.username: no user can have a colon in the name",
    ],
    [
      { config: { targets: [{ url: "http://a/", headers: { "X-Sora-Target": "a" } }] } },
      "config.targets[0].headers: X-Sora-Target is the exporter's own",
    ],
    [
      { config: { targets: [{ url: "http://a/", headers: { "bad header": "a" } }] } },
      'config.targets[0].headers: "bad header" is no name of a header',
    ],
    [
      { config: { metrics: { client_id_key: { env: "K" } } } },
      "config.metrics.client_id_key: may only be set with config.metrics.client_id: hash",
    ],
    [
      { extraArgs: ["--log.level=shout"] },
      "extraArgs: --log.level is one of debug, info, warn, error, not shout",
    ],
    [
      { extraArgs: ["--sora.cluster-metrics=maybe"] },
      "extraArgs: --sora.cluster-metrics is true or false, not maybe",
    ],
    [{ config: { web: { listen_address: "" } } }, 'config.web.listen_address: "" is no address'],
    [{ config: { web: { telemetry_path: "" } } }, 'config.web.telemetry_path: "" is no path'],
    ...["nonsense", ":99999", ":0", ":", "10490", "256.0.0.1:10490", "::1:10490", "a:1:2", ":10490\n"].map(
      (address): [Values, string] => [
        { config: { web: { listen_address: address } } },
        `config.web.listen_address: ${address} is no address such as :10490 or [::]:10490, with a port from 1 to 65535`,
      ],
    ),
    ...["metrics", "/", "/a//b", "/a b", "/../a", "/metrics?a"].map((path): [Values, string] => [
      { config: { web: { telemetry_path: path } } },
      `config.web.telemetry_path: ${path} is no path such as /metrics`,
    ]),
    ...["/-/healthy", "/-", "/api/status", "/probe", "/config", "/config/"].map((path): [Values, string] => [
      { config: { web: { telemetry_path: path } } },
      `config.web.telemetry_path: ${path} is the exporter's own`,
    ]),
    [
      { resources: { limit: { memory: "1Gi" } } },
      "at '/resources': additional properties 'limit' not allowed",
    ],
    [{ resources: { limits: { memory: "1 GB" } } }, "at '/resources/limits/memory'"],
    ...[
      "/etc/sora-stats-exporter",
      "/etc/sora-stats-exporter/",
      "/etc/sora-stats-exporter/tls",
      "/app",
      "/",
    ].map((mountPath): [Values, string] => [
      { extraSecretMounts: [{ name: "a", secretName: "a", mountPath }] },
      `extraSecretMounts: ${mountPath} is where the exporter itself or its configuration is`,
    ]),
    [
      { extraVolumeMounts: [{ name: "a", mountPath: "/run/../app/dist" }] },
      "extraVolumeMounts: /run/../app/dist is where the exporter itself",
    ],
    [{ webConfig: { tls: true } }, "webConfig.tls: says what the web config has"],
    [{ webConfig: { key: "a/b" } }, "at '/webConfig/key': 'a/b' does not match pattern"],
    [
      { hostNetwork: true, networkPolicy: ON },
      "networkPolicy.enabled: a NetworkPolicy does not hold for a pod with hostNetwork",
    ],
    [{ service: { nodePort: 31490 } }, "service.nodePort: a Service of type ClusterIP has none"],
    [
      { serviceMonitor: { scheme: "tls" } },
      "at '/serviceMonitor/scheme': value must be one of '', 'http', 'https'",
    ],
    [
      { podMonitor: { basicAuth: { user: "a" } } },
      "at '/podMonitor/basicAuth': additional properties 'user'",
    ],
    [{ startupProbe: { exec: {} } }, "at '/startupProbe': additional properties 'exec' not allowed"],
    [{ dnsPolicy: "Host" }, "at '/dnsPolicy': value must be one of"],
    [{ extraContainers: [{ image: "a" }] }, "at '/extraContainers/0': missing property 'name'"],
    [{ extraArgs: ["--sora.url=http://a:3000/"] }, "extraArgs: --sora.url belongs into config"],
    [
      { extraEnv: [{ name: "SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS", value: ":1" }] },
      "extraEnv: SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS belongs into config",
    ],
    [
      { prometheusRule: { ...ON, disabledAlerts: ["SoraGone"] } },
      "prometheusRule.disabledAlerts: there is no alert SoraGone",
    ],
  ])("%j", async (values, message) => {
    await expect(template(values)).rejects.toThrow(message);
  });
});

describe.skipIf(lacks("helm"))("what the exporter takes is not refused:", () => {
  test.concurrent.each([
    ...[":10490", ":1", "0.0.0.0:65535", "[::]:9490", "sora-exporter.local:9490"].map((address) => ({
      listen_address: address,
    })),
    ...["/m", "/a/b/", "/a-b_c.d~e", "/apiary", "/probes", "/-a", "/configs", "/config/a"].map((path) => ({
      telemetry_path: path,
    })),
  ])("%j", async (web) => {
    const command = loadConfig({
      argv: ["--config.file=a"],
      env: {},
      readFile: () => JSON.stringify({ web }),
    });
    expect(command.command).toBe("run");
    await expect(template({ config: { web } })).resolves.toContain(Object.values(web)[0]);
  });

  test.concurrent.each([
    ...[
      "http://a",
      "https://a:443/b/c",
      "http://[::1]:3000/",
      "http://10.0.0.1:03000/",
      "http://日本.example/",
    ].map((url) => ({
      url,
    })),
    { urls: ["http://a:1/", "http://b:65535/%20"] },
    { name: "東京 1", url: "http://a/", headers: { "x-a_b": "c" } },
  ])("%j", async (target) => {
    const file = JSON.stringify({ targets: [target, { name: "other", url: "http://a/" }] });
    expect(loadConfig({ argv: ["--config.file=a"], env: {}, readFile: () => file }).command).toBe("run");
    await expect(template({ config: JSON.parse(file) as Values })).resolves.toContain("other");
  });

  test.concurrent.each([
    ["--log.level=debug", "--sora.client-metrics", "--no-otlp.enabled", "--otlp.omit-own-metrics=true"],
    ["--record=/a=b"],
  ])("%j", async (...extraArgs) => {
    expect(loadConfig({ argv: extraArgs, env: {}, readFile: () => "" }).command).toBe("run");
    await expect(template({ extraArgs })).resolves.toContain(extraArgs[0]);
  });
});
