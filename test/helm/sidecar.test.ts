/** The chart as a dependency of one that runs Sora, and what is around sidecars that somebody else makes. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { lacks } from "../support/tools.ts";
import { problemsOf } from "./kubernetes.ts";
import { violationsOf } from "./restricted.ts";
import { CI_FILES, configOf, exporterOf, helm, podOf, render, ROOT, the } from "./support.ts";

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
    expect(pod.metadata.labels).toMatchObject(selector.matchLabels);
    expect(Object.keys(selector.matchLabels)).not.toEqual([]);
    expect(podMetricsEndpoints[0].port).toBe(exporter.ports?.[0]?.name);
    expect(namespaceSelector).toEqual({ matchNames: ["media"] });
  });

  test("a cluster too old for native sidecars is not given an init container that never ends", async () => {
    const old = ["template", "rel", chart, "--kube-version=1.28.9"];
    expect((await helm(old)).stderr).toContain(
      "Kubernetes v1.28.9 has no native sidecars: Sora would wait for the exporter to end",
    );
    expect((await helm([...old, "--set=native=false"])).status).toBe(0);
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
    const { matchLabels } = the(a!, "PodMonitor").spec.selector;
    expect(podOf(the(b!, "StatefulSet")).metadata.labels).not.toMatchObject(matchLabels);
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
    const own = { mode: "sidecar", config: { sora: { local: false, url: "http://127.0.0.1:3001/" } } };
    expect(parse(configOf(await render(own)))).toEqual(own.config);
  });
});
