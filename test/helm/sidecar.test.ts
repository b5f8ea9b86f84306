/** The chart as a dependency of one that runs Sora, and what is around sidecars that somebody else makes. */

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { lacks } from "../support/tools.ts";
import { problemsOf } from "./kubernetes.ts";
import { violationsOf } from "./restricted.ts";
import {
  CI_FILES,
  configOf,
  exporterOf,
  helm,
  type KubernetesObject,
  podOf,
  render,
  ROOT,
  the,
} from "./support.ts";

describe.skipIf(lacks("helm"))("beside Sora", () => {
  let directory: string;
  let chart: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "helm-"));
    cpSync(`${ROOT}helm`, directory, { recursive: true });
    chart = join(directory, "examples/sora");
    const { status, stderr } = await helm(["dependency", "update", chart]);
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([true, false])("the example chart is sound, native: %s", { timeout: 60_000 }, async (native) => {
    expect((await helm(["lint", "--strict", chart, `--set=native=${native}`])).status).toBe(0);
    const objects = await render({ native }, { chart });
    expect(problemsOf(objects)).toEqual([]);
    expect(objects.map(({ kind }) => kind).sort()).toEqual(["ConfigMap", "PodMonitor", "StatefulSet"]);
    const pod = podOf(the(objects, "StatefulSet"));
    const exporter = exporterOf(pod);

    // Sora is ready whether the exporter is or not, and starts without waiting for it.
    expect(exporter).not.toHaveProperty("readinessProbe");
    expect(exporter).not.toHaveProperty("startupProbe");
    expect(exporter.livenessProbe?.httpGet?.path).toBe("/-/healthy");
    expect(pod.spec.containers.map(({ name }) => name)).toEqual([
      "sora",
      ...(native ? [] : ["sora-stats-exporter"]),
    ]);
    expect(exporter.restartPolicy).toBe(native ? "Always" : undefined);
    expect(pod.spec.initContainers?.length).toBe(native ? 1 : undefined);

    // Of itself, as the pod's security context is Sora's.
    expect(violationsOf({ containers: [exporter] })).toEqual([]);
    expect(violationsOf(pod.spec)).toEqual([]);

    const volume = pod.spec.volumes?.find(({ name }) => name === exporter.volumeMounts?.[0]?.name);
    const map = the(objects, "ConfigMap");
    expect(volume?.configMap?.name).toBe(map.metadata.name);
    expect(parse(configOf(objects))).toEqual({
      sora: { local: true },
      targets: [{ name: "sora", url: "http://127.0.0.1:3000/" }],
    });

    const { selector, podMetricsEndpoints, namespaceSelector } = the(objects, "PodMonitor").spec;
    expect(selects(selector, pod.metadata.labels)).toBe(true);
    expect(podMetricsEndpoints[0].port).toBe(exporter.ports?.[0]?.name);
    expect(namespaceSelector).toEqual({ matchNames: ["media"] });
  });

  test("a cluster too old for native sidecars is not given an init container that never ends", async () => {
    const old = ["template", "rel", chart, "--kube-version=1.28.9"];
    expect((await helm(old)).stderr).toContain(
      "Kubernetes v1.28.9 has no native sidecars: Sora would wait for the exporter to end",
    );
    expect((await helm([...old, "--set=native=false"])).status).toBe(0);
    const older = await helm(["template", "rel", chart, "--kube-version=1.27.16", "--set=native=false"]);
    expect(older.stderr).toContain("chart requires kubeVersion: >=1.28.0-0");
  });

  test("a change of the exporter's configuration restarts the pods", async () => {
    const annotations = async (interval: string) => {
      const values = { "sora-stats-exporter": { config: { sora: { interval } } } };
      return podOf(the(await render(values, { chart }), "StatefulSet")).metadata.annotations;
    };
    expect(await annotations("5s")).not.toEqual(await annotations("10s"));
  });

  test("two such releases do not find each other's pods", async () => {
    const [a, b] = await Promise.all(["a", "b"].map((release) => render({}, { release, chart })));
    const { selector } = the(a!, "PodMonitor").spec;
    expect(selects(selector, podOf(the(b!, "StatefulSet")).metadata.labels)).toBe(false);
  });

  test("volumes and mounts are added as beside nothing", async () => {
    const exporter = {
      extraSecretMounts: [{ name: "credentials", mountPath: "/run/secrets/sora", secretName: "sora-api" }],
      extraVolumes: [{ name: "records", emptyDir: {} }],
      extraVolumeMounts: [{ name: "records", mountPath: "/records" }],
    };
    const objects = await render({ "sora-stats-exporter": exporter }, { chart });
    expect(problemsOf(objects)).toEqual([]);
    const pod = podOf(the(objects, "StatefulSet"));
    const mounted = exporterOf(pod).volumeMounts?.map(({ name }) => name);
    expect(mounted).toEqual(["sora-stats-exporter-config", "credentials", "records"]);
    expect(pod.spec.volumes?.map(({ name }) => name)).toEqual(mounted);
  });

  test("what is around sidecars that others make is no Deployment and no Service", async () => {
    const objects = await render(CI_FILES.find((file) => file.endsWith("/sidecar-values.yaml")));
    expect([...new Set(objects.map(({ kind }) => kind))]).toEqual([
      "ConfigMap",
      "PodMonitor",
      "PrometheusRule",
    ]);
    expect(the(objects, "PodMonitor").spec.selector).toEqual({ matchLabels: { app: "sora" } });
    expect(parse(configOf(await render({ mode: "sidecar" })))).toEqual({
      sora: { local: true },
      targets: [{ name: "sora", url: "http://127.0.0.1:3000/" }],
    });
  });

  test("the PodMonitor also finds the pods that the kustomize components make", async () => {
    const { selector } = the(
      await render({ mode: "sidecar", podMonitor: { enabled: true } }),
      "PodMonitor",
    ).spec;
    const { spec } = parse(readFileSync(`${ROOT}deploy/kustomize/sidecar/patch.yaml`, "utf8")) as {
      spec: { template: { metadata: { labels: Record<string, string> } } };
    };
    expect(selects(selector, spec.template.metadata.labels)).toBe(true);
    expect(selects(selector, { "app.kubernetes.io/name": "sora" })).toBe(false);
  });

  test("Sora has one name, whatever the mode and the URL, and as in the kustomize components", async () => {
    const targetsOf = (config: string) =>
      (parse(config) as { targets: { name: string; url: string }[] }).targets;
    const url = "http://sora.example.com:3000/";
    const rendered = await Promise.all(
      ["deployment", "sidecar"].flatMap((mode) => [
        render({ mode }),
        render({ mode, config: { sora: { url, interval: "5s" } } }),
      ]),
    );
    const targets = rendered.map((objects) => targetsOf(configOf(objects)));
    expect(targets.map(([target]) => target!.url)).toEqual([
      "http://sora:3000/",
      url,
      "http://127.0.0.1:3000/",
      url,
    ]);
    for (const variant of ["sidecar", "sidecar-classic"])
      targets.push(targetsOf(readFileSync(`${ROOT}deploy/kustomize/${variant}/config.yaml`, "utf8")));
    expect(targets.map((each) => each.map(({ name }) => name))).toEqual(targets.map(() => ["sora"]));
    expect(parse(configOf(rendered[1]!))).toEqual({
      sora: { interval: "5s", local: false },
      targets: [{ name: "sora", url }],
    });
  });
});

/** Whether a label selector finds an object of these labels. */
function selects(
  { matchLabels = {}, matchExpressions = [] }: Partial<KubernetesObject["spec"]["selector"]>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(matchLabels);
  expect(wanted.length + matchExpressions.length).toBeGreaterThan(0);
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
}
