/** Values that make no sense, and what an operator reads. */

import { describe, expect, test } from "vitest";
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
