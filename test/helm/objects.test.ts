/** What is rendered, as Kubernetes and the Prometheus Operator see it. */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { lacks } from "../support/tools.ts";
import { problemsOf } from "./kubernetes.ts";
import { violationsOf } from "./restricted.ts";
import { CI_FILES, exporterOf, podOf, render, ROOT, the, type Values } from "./support.ts";

const metadata = { name: "a" };
const EVERYTHING = CI_FILES.find((file) => file.includes("everything"))!;

test("the schemas find a value of the wrong form, one that is missing, an unknown field and an unknown kind", () => {
  const bad = [
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: "http" }] } },
    { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { template: {} } },
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 1, targetport: 2 }] } },
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata,
      spec: { selector: {}, jobLable: "a" },
    },
  ];
  expect(problemsOf(bad)).toEqual([
    expect.stringMatching(/Service a: .*port/),
    expect.stringMatching(/Deployment a: .*selector/),
    expect.stringMatching(/string.*number/),
    expect.stringMatching(/selector/),
    expect.stringMatching(/targetport/),
    expect.stringMatching(/jobLable/),
  ]);
  expect(problemsOf([{ apiVersion: "v2", kind: "Pod", metadata }])[0]).toBe("v2 Pod is not known");
}, 60_000);

test("the Pod Security Standard is not met by a pod that says nothing, or too much", () => {
  expect(violationsOf({ containers: [{ name: "a" }] })).toEqual([
    "a: allowPrivilegeEscalation",
    "a: runAsNonRoot",
    "a: capabilities.drop",
    "a: seccompProfile",
  ]);
  expect(
    violationsOf({
      hostNetwork: true,
      securityContext: { runAsUser: 0, runAsNonRoot: true, seccompProfile: { type: "Unconfined" } },
      volumes: [{ name: "v", hostPath: { path: "/" } }],
      containers: [
        {
          name: "a",
          ports: [{ containerPort: 1, hostPort: 1 }],
          securityContext: {
            privileged: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE", "SYS_ADMIN"] },
          },
        },
      ],
    }),
  ).toEqual([
    "hostNetwork",
    "volume v: hostPath",
    "pod: runAsUser",
    "a: privileged",
    "a: capabilities.add",
    "a: seccompProfile",
    "a: hostPort",
  ]);
});

describe.skipIf(lacks("helm"))("of every file in ci/", () => {
  test("the objects are what the schemas know", { timeout: 120_000 }, async () => {
    const rendered = await Promise.all(CI_FILES.map((file) => render(file)));
    expect(problemsOf(rendered.flat())).toEqual([]);
  });

  test.each(CI_FILES.filter((file) => !file.includes("sidecar")))(
    "the pod of %s meets the Pod Security Standard restricted, field by field",
    async (file) => {
      const { spec } = podOf(the(await render(file), "Deployment"));
      const asked = file.includes("host-network") ? ["hostNetwork"] : [];
      expect(violationsOf(spec)).toEqual(asked);
      expect(violationsOf({ ...spec, securityContext: {} })).toEqual(asked);
      const { securityContext } = exporterOf({ spec });
      const user = file === EVERYTHING ? 1000 : 65_532;
      expect(securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: 65_532,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      });
    },
  );

  test.each(CI_FILES.filter((file) => !file.includes("sidecar")))(
    "what selects in %s finds its pod or Service, and the port by its name",
    async (file) => {
      const objects = await render(file);
      const deployment = the(objects, "Deployment");
      const service = the(objects, "Service");
      const { metadata: pod, spec } = podOf(deployment);
      const [port] = exporterOf({ spec }).ports!;
      expect(pod.labels).toMatchObject(deployment.spec.selector.matchLabels);
      expect(pod.labels).toMatchObject(service.spec.selector);
      expect(service.spec.ports[0].targetPort).toBe(port!.name);
      for (const { kind, spec: selecting } of objects) {
        if (kind === "NetworkPolicy") {
          expect(pod.labels).toMatchObject(selecting.podSelector.matchLabels);
          expect(selecting.ingress[0].ports).toEqual([{ port: port!.name, protocol: "TCP" }]);
        }
        if (kind === "PodMonitor") {
          expect(pod.labels).toMatchObject(selecting.selector.matchLabels);
          expect(selecting.namespaceSelector.matchNames).toEqual([deployment.metadata.namespace]);
          expect(selecting.podMetricsEndpoints[0].port).toBe(port!.name);
        }
        if (kind === "ServiceMonitor") {
          expect(service.metadata.labels).toMatchObject(selecting.selector.matchLabels);
          expect(selecting.namespaceSelector.matchNames).toEqual([service.metadata.namespace]);
          expect(selecting.endpoints[0].port).toBe(service.spec.ports[0].name);
        }
        if (kind === "PodDisruptionBudget") expect(pod.labels).toMatchObject(selecting.selector.matchLabels);
      }
    },
  );

  test("two releases select only their own pods", async () => {
    const [a, b] = await Promise.all(["a", "b"].map((release) => render({}, { release })));
    const { labels } = podOf(the(b!, "Deployment")).metadata;
    expect(labels).not.toMatchObject(the(a!, "Service").spec.selector);
    expect(labels).not.toMatchObject(the(a!, "Deployment").spec.selector.matchLabels);
  });

  test("dashboards are those of the repository, one a ConfigMap, each below the limit of 1 MiB", async () => {
    const maps = (await render({ dashboards: { enabled: true } })).filter(({ metadata: { name } }) =>
      /-dashboard-/.test(name),
    );
    expect(maps).toHaveLength(5);
    for (const { data, metadata } of maps) {
      expect(metadata.labels).toMatchObject({ grafana_dashboard: "1" });
      const [[name, json] = [], ...others] = Object.entries(data!);
      expect(others).toEqual([]);
      expect(json!.length).toBeLessThan(1024 * 1024);
      const file = `${ROOT}dashboards/${basename(name!).replace(/^sora-/, "")}`;
      expect(JSON.parse(json!)).toEqual(JSON.parse(readFileSync(file, "utf8")));
    }
  });

  test("a change of the configuration changes the pod, and a change of nothing does not", async () => {
    const pod = async (url: string) => podOf(the(await render({ config: { sora: { url } } }), "Deployment"));
    expect(await pod("http://a:3000/")).toEqual(await pod("http://a:3000/"));
    const { annotations } = (await pod("http://b:3000/")).metadata;
    expect(annotations).not.toEqual((await pod("http://a:3000/")).metadata.annotations);
  });

  test("the command line, names and image of everything are what was asked for", async () => {
    const pod = podOf(the(await render(EVERYTHING), "Deployment"));
    const asked = parse(readFileSync(EVERYTHING, "utf8")) as Record<string, unknown> & {
      image: { digest: string };
    };
    expect(exporterOf(pod)).toMatchObject({
      image: `registry.example.com/media/sora-stats-exporter@${asked.image.digest}`,
      imagePullPolicy: "Always",
      args: ["--config.file=/etc/sora-stats-exporter/config.yaml", "--log.level=debug"],
      env: asked["extraEnv"],
      envFrom: asked["extraEnvFrom"],
      resources: asked["resources"],
      ports: [{ name: "sora-metrics", containerPort: 9490, protocol: "TCP" }],
    });
    expect(pod.spec.imagePullSecrets).toEqual([{ name: "pull-a" }, { name: "pull-b" }]);
    expect(pod.spec.containers[1]).toEqual((asked["extraContainers"] as unknown[])[0]);
    expect(pod.spec.initContainers).toEqual(asked["extraInitContainers"]);
    expect(exporterOf(pod).startupProbe).toEqual({
      httpGet: { path: "/-/healthy", port: "sora-metrics" },
      ...(asked["startupProbe"] as object),
    });
    for (const key of [
      "dnsPolicy",
      "dnsConfig",
      "nodeSelector",
      "tolerations",
      "affinity",
      "topologySpreadConstraints",
      "priorityClassName",
    ])
      expect(pod.spec[key as "affinity"]).toEqual(asked[key]);
  });

  test("a pod in the network of its node still finds Services by their names, unless told otherwise", async () => {
    const dns = async (values: Values) => {
      const { hostNetwork, dnsPolicy } = podOf(the(await render(values), "Deployment")).spec;
      return [hostNetwork, dnsPolicy];
    };
    expect(await dns({})).toEqual([undefined, undefined]);
    expect(await dns({ hostNetwork: true })).toEqual([true, "ClusterFirstWithHostNet"]);
    expect(await dns({ hostNetwork: true, dnsPolicy: "Default" })).toEqual([true, "Default"]);
  });

  test("the port on the nodes, and what monitors add to scrapes, are what was asked for", async () => {
    const objects = await render(EVERYTHING);
    const { serviceMonitor } = parse(readFileSync(EVERYTHING, "utf8")) as {
      serviceMonitor: Record<string, unknown>;
    };
    expect(the(objects, "Service").spec.ports[0]).toMatchObject({ port: 9490, nodePort: 31_490 });
    const { spec } = the(objects, "ServiceMonitor");
    for (const key of ["scheme", "tlsConfig", "basicAuth", "honorLabels", "relabelings", "metricRelabelings"])
      expect(spec.endpoints[0]).toHaveProperty(key, serviceMonitor[key]);
    for (const key of ["targetLabels", "podTargetLabels"])
      expect(spec).toHaveProperty(key, serviceMonitor[key]);
  });
});
