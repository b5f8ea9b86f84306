/** The chart as a whole: what Helm says of it, and what every value does. */

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readValues } from "../../scripts/helm/values.ts";
import { lacks } from "../support/tools.ts";
import { CHART, CI_FILES, helm, render, template, the, VERSION } from "./support.ts";

/** Of release `rel`, as a template's name is of no interest. */
const names = (objects: Awaited<ReturnType<typeof render>>) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "media"}/${metadata.name}`);

describe.skipIf(lacks("helm"))("Helm", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "helm-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(CI_FILES)("has nothing to say about %s", async (file) => {
    const { status, stdout } = await helm(["lint", "--strict", CHART, "-f", file]);
    expect(stdout.match(/\[(WARNING|ERROR)\].*/g)).toBeNull();
    expect(status).toBe(0);
  });

  test("packages it, small enough for the Secret that keeps a release, under the version of package.json", async () => {
    expect(parse(readFileSync(`${CHART}/Chart.yaml`, "utf8"))).toMatchObject({
      version: VERSION,
      appVersion: VERSION,
    });
    expect((await helm(["package", CHART, "-d", directory])).status).toBe(0);
    const archive = `${directory}/sora-stats-exporter-${VERSION}.tgz`;
    expect(statSync(archive).size).toBeLessThan(300_000);
    const packaged = await render({ dashboards: { enabled: true } }, { chart: archive });
    expect(packaged).toEqual(await render({ dashboards: { enabled: true } }));
  });

  test("renders by default one exporter, and nothing that a plain cluster does not know", async () => {
    const objects = await render();
    expect(names(objects)).toEqual([
      "ServiceAccount media/rel-sora-stats-exporter",
      "ConfigMap media/rel-sora-stats-exporter",
      "Service media/rel-sora-stats-exporter",
      "Deployment media/rel-sora-stats-exporter",
    ]);
    expect(the(objects, "Deployment").spec).toMatchObject({
      replicas: 1,
      strategy: { type: "Recreate" },
      template: {
        spec: {
          automountServiceAccountToken: false,
          containers: [
            {
              image: `sora-stats-exporter:${VERSION}`,
              args: ["--config.file=/etc/sora-stats-exporter/config.yaml"],
              livenessProbe: { httpGet: { path: "/-/healthy", port: "sora-metrics" } },
              readinessProbe: { httpGet: { path: "/-/ready", port: "sora-metrics" } },
            },
          ],
        },
      },
    });
    expect(the(objects, "ServiceAccount")).toMatchObject({ automountServiceAccountToken: false });
  });

  test("renders what asks for more where it is asked for, and every object named where it belongs", async () => {
    expect(names(await render(CI_FILES.find((file) => file.includes("everything"))))).toEqual([
      "NetworkPolicy observability/sora-metrics",
      "PodDisruptionBudget media/rel-pdb",
      "ServiceAccount observability/sora-exporter",
      "ConfigMap observability/sora-metrics",
      ...["channel", "connection", "exporter", "overview", "transport"].map(
        (name) => `ConfigMap grafana/sora-metrics-dashboard-${name}`,
      ),
      "ConfigMap media/sora-metrics-more",
      "Service observability/sora-metrics",
      "Deployment observability/sora-metrics",
      "PrometheusRule monitoring/sora-metrics",
      "ServiceMonitor monitoring/sora-metrics",
    ]);
  });

  test("keeps names at 63 characters, and releases apart", async () => {
    const all = {
      dashboards: { enabled: true },
      podMonitor: { enabled: true },
      prometheusRule: { enabled: true },
    };
    const long = "r".repeat(52);
    const [one, two] = await Promise.all(
      ["a", "b"].map(async (end) => names(await render(all, { release: long + end }))),
    );
    expect(new Set([...one!, ...two!]).size).toBe(one!.length + two!.length);
    for (const name of one!) expect(name.split("/")[1]!.length).toBeLessThanOrEqual(63);
  });

  test("gives every object the same labels", async () => {
    const objects = await render({
      dashboards: { enabled: true },
      commonLabels: { "helm.sh/chart": "mine", team: "a" },
    });
    for (const { metadata } of objects)
      expect(metadata.labels).toMatchObject({
        "app.kubernetes.io/name": "sora-stats-exporter",
        "app.kubernetes.io/instance": "rel",
        "app.kubernetes.io/version": VERSION,
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": `sora-stats-exporter-${VERSION}`,
        team: "a",
      });
  });
});

describe.skipIf(lacks("helm"))(
  "every value of values.yaml, taken out of a file in ci/ that sets it, changes what is rendered:",
  () => {
    const files = CI_FILES.map(
      (file) => (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>,
    );
    const paths = readValues(readFileSync(`${CHART}/values.yaml`, "utf8"))
      .map(({ path }) => path)
      // Nothing here uses what charts share.
      .filter(([key]) => key !== "global");

    test.concurrent.each(paths.map((path) => [path.join("."), path] as const))("%s", async (_, path) => {
      for (const file of files.filter((candidate) => valueAt(candidate, path) !== undefined)) {
        const without = structuredClone(file);
        Reflect.deleteProperty(valueAt(without, path.slice(0, -1)) as object, path.at(-1)!);
        // What depends on the value may refuse to go without it, which is a change, too.
        const [before, after] = await Promise.all([
          template(file),
          template(without).catch((error: unknown) => String(error)),
        ]);
        if (before !== after) return;
      }
      expect.fail("nothing");
    });
  },
);

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
}
