/** The kustomize components, as kubectl puts them together with a workload. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { lacks } from "../support/tools.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEPLOY = join(ROOT, "deploy");
const NAME = "sora-stats-exporter";
const read = (path: string) => readFileSync(join(DEPLOY, path), "utf8");

interface Container {
  name: string;
  image: string;
  args?: string[];
  restartPolicy?: string;
  ports?: { name: string; containerPort: number }[];
  volumeMounts?: { name: string; mountPath: string }[];
  securityContext?: Record<string, unknown>;
  livenessProbe?: { httpGet: { path: string; port: string } };
}
interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: { name: string; configMap?: { name: string } }[];
}
interface Resource {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } };
}

const parsed = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Resource);
const build = (directory: string) =>
  parsed(execFileSync("kubectl", ["kustomize", directory], { encoding: "utf8", stdio: "pipe" }));
const find = (resources: Resource[], kind: string, name?: string) =>
  resources.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name))[0]!;

const VARIANTS = { sidecar: "initContainers", "sidecar-classic": "containers" } as const;

test("both variants add the same container with the same configuration, in another place", () => {
  const templateOf = (variant: string) =>
    (parse(read(`kustomize/${variant}/patch.yaml`)) as Resource).spec.template;
  const { initContainers, ...native } = templateOf("sidecar").spec;
  expect(templateOf("sidecar-classic")).toEqual({ ...templateOf("sidecar"), spec: native });
  const { restartPolicy, ...container } = initContainers![0]!;
  expect(restartPolicy).toBe("Always");
  expect(parse(read("kustomize/sidecar-classic/container.yaml"))).toEqual([
    { op: "add", path: "/spec/template/spec/containers/-", value: container },
  ]);
  expect(read("kustomize/sidecar/config.yaml")).toBe(read("kustomize/sidecar-classic/config.yaml"));
});

test("the configuration is of one node, and has a name", () => {
  const command = loadConfig({
    argv: ["--config.file=kustomize/sidecar/config.yaml"],
    env: {},
    readFile: (path) => read(path),
  });
  expect(command).toMatchObject({
    command: "run",
    config: { targets: [{ name: "sora", urls: ["http://127.0.0.1:3000/"], local: true }] },
  });
});

test("what the PodMonitor looks for is what the pods have", () => {
  const monitor = parse(read("kustomize/podmonitor/podmonitor.yaml")) as {
    spec: { selector: { matchLabels: object }; podMetricsEndpoints: { port: string }[] };
  };
  const { metadata, spec } = (parse(read("kustomize/sidecar/patch.yaml")) as Resource).spec.template;
  expect(metadata.labels).toEqual(monitor.spec.selector.matchLabels);
  expect(spec.initContainers![0]!.ports!.map(({ name }) => name)).toEqual(
    monitor.spec.podMetricsEndpoints.map(({ port }) => port),
  );
  expect(read("kubernetes/podmonitor.yaml")).toBe(read("kustomize/podmonitor/podmonitor.yaml"));
});

describe.skipIf(lacks("kubectl"))("kubectl kustomize", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Builds a kustomization of a user's, with these files beside it; `components` by their names in our tree. */
  function kustomize(name: string, kustomization: object, files: Record<string, string>) {
    const own = join(directory, name);
    mkdirSync(own);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(own, file), text);
    const { components = [], ...rest } = kustomization as { components?: string[] };
    const paths = components.map((component) => relative(own, join(DEPLOY, "kustomize", component)));
    writeFileSync(join(own, "kustomization.yaml"), JSON.stringify({ ...rest, components: paths }));
    return build(own);
  }

  test("of the example gives the pod: Sora as it was, and the exporter as a native sidecar of restricted rights", () => {
    const resources = build(join(DEPLOY, "kustomize/example"));
    const before = find(parsed(read("kustomize/example/statefulset.yaml")), "StatefulSet");
    const after = find(resources, "StatefulSet");
    const { initContainers, volumes, ...spec } = after.spec.template.spec;
    expect(spec).toEqual(before.spec.template.spec);
    expect(after.spec.template.metadata.labels).toEqual({
      ...before.spec.template.metadata.labels,
      [`${NAME}/sidecar`]: "true",
    });
    expect(initContainers).toHaveLength(1);
    const sidecar = initContainers![0]!;
    expect(sidecar).toMatchObject({ name: NAME, restartPolicy: "Always" });
    expect(sidecar).not.toHaveProperty("readinessProbe");
    expect(sidecar).not.toHaveProperty("startupProbe");
    expect(sidecar.livenessProbe!.httpGet).toEqual({ path: "/-/healthy", port: "sora-metrics" });
    expect(sidecar.ports).toEqual([{ name: "sora-metrics", containerPort: 10490 }]);
    // The restricted Pod Security Standard.
    expect(sidecar.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    });
    const config = find(resources, "ConfigMap");
    expect(volumes).toEqual([{ name: NAME, configMap: { name: config.metadata.name } }]);
    const [mount] = sidecar.volumeMounts!;
    const file = `${mount!.mountPath}/config.yaml`;
    expect(sidecar.args).toEqual([`--config.file=${file}`]);
    const command = loadConfig({
      argv: sidecar.args!,
      env: {},
      readFile: (path) => (path === file ? config.data!["config.yaml"]! : ""),
    });
    expect(command).toMatchObject({ command: "run", config: { targets: [{ name: "sora", local: true }] } });
  });

  test("of the example is the plain YAML that can be copied", () => {
    const nameless = (text: string) => text.replaceAll(new RegExp(`${NAME}-[a-z0-9]{10}\\b`, "g"), NAME);
    const [plain, made] = [
      parsed(read("kubernetes/sidecar.yaml")),
      JSON.parse(nameless(JSON.stringify(build(join(DEPLOY, "kustomize/example"))))) as Resource[],
    ];
    expect(plain).toEqual(made);
  });

  const workload = (kind: string, name: string, annotated: boolean): object => ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name, ...(annotated && { annotations: { [`${NAME}/sidecar`]: "true" } }) },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          initContainers: [{ name: "prepare", image: "prepare:1" }],
          containers: [
            { name: "sora", image: "sora:1", ports: [{ name: "api", containerPort: 3000 }] },
            { name: "proxy", image: "proxy:1" },
          ],
          volumes: [{ name: "license", secret: { secretName: "license" } }],
        },
      },
    },
  });

  test.each(Object.entries(VARIANTS))(
    "%s goes into every workload that asks for it, beside what is there, and into no other",
    (variant, place) => {
      const workloads = [
        workload("Deployment", "one", true),
        workload("StatefulSet", "two", true),
        workload("DaemonSet", "three", true),
        workload("Deployment", "other", false),
      ];
      const resources = kustomize(
        variant,
        {
          resources: ["workloads.yaml"],
          components: [variant],
          images: [{ name: NAME, newName: "registry.example.com/exporter", newTag: "9.9.9" }],
        },
        { "workloads.yaml": workloads.map((each) => JSON.stringify(each)).join("\n---\n") },
      );
      for (const [kind, name] of [
        ["Deployment", "one"],
        ["StatefulSet", "two"],
        ["DaemonSet", "three"],
      ] as const) {
        const { spec } = find(resources, kind, name).spec.template;
        const original = (workload(kind, name, true) as Resource).spec.template.spec;
        const added = spec[place]!.filter((container) => container.name === NAME);
        expect(added.map(({ image }) => image)).toEqual(["registry.example.com/exporter:9.9.9"]);
        for (const key of ["containers", "initContainers", "volumes"] as const) {
          const others = spec[key]!.filter((each) => each.name !== NAME);
          expect(others).toEqual(original[key]);
        }
        expect(spec.volumes!.map((volume) => volume.name).toSorted()).toEqual(["license", NAME]);
        // Of containers, the first one is whom `kubectl logs` and `exec` mean.
        expect(spec.containers[0]!.name).toBe("sora");
      }
      expect(find(resources, "Deployment", "other")).toEqual(workload("Deployment", "other", false));
    },
  );

  test.each([
    ["sidecar", [], 2],
    ["sidecar", ["keep-pods"], 1],
    ["sidecar-classic", ["keep-pods"], 1],
  ])(
    "another configuration takes the place of ours, and pods are replaced for it: %s %j",
    (variant, more, count) => {
      const make = (name: string, config: string) =>
        kustomize(
          [variant, ...more, name].join("-"),
          {
            resources: ["workload.yaml"],
            components: [variant, ...more, "podmonitor"],
            patches: [{ path: "config.yaml" }],
          },
          {
            "workload.yaml": JSON.stringify(workload("StatefulSet", "sora", true)),
            "config.yaml": JSON.stringify({
              apiVersion: "v1",
              kind: "ConfigMap",
              metadata: { name: NAME },
              data: { "config.yaml": config },
            }),
          },
        );
      const names = ["tokyo", "osaka"].map((target) => {
        const resources = make(target, `targets: [{ name: ${target}, local: true }]\n`);
        const config = find(resources, "ConfigMap");
        expect(config.data!["config.yaml"]).toContain(target);
        expect(find(resources, "PodMonitor")).toBeDefined();
        const { volumes } = find(resources, "StatefulSet").spec.template.spec;
        expect(volumes!.find(({ name }) => name === NAME)!.configMap!.name).toBe(config.metadata.name);
        return config.metadata.name;
      });
      expect(new Set(names).size).toBe(count);
    },
  );
});
