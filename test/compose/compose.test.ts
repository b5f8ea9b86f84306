/**
 * compose.yaml and the files under compose/, as far as they can be checked without Docker: each program's own checker
 * reads its file, and what the files say of each other and of the repository holds.
 */

import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { lacks } from "../support/tools.ts";

interface Service {
  image: string;
  command?: string[];
  build?: string;
  pull_policy?: string;
  entrypoint?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: string[];
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
const yaml = (path: string): unknown => parse(text(path), { merge: true });

const compose = yaml("compose.yaml") as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const prometheus = yaml("compose/prometheus.yml") as {
  rule_files: string[];
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
  scrape_configs: { static_configs: { targets: string[] }[] }[];
};

/** What is mounted in a service: by the path there, the path in the repository; named volumes are left out. */
function mounts(service: string): Map<string, string> {
  return new Map(
    (compose.services[service]!.volumes ?? []).flatMap((volume) => {
      const [from, to] = volume.split(":");
      return from!.startsWith("./") ? [[to!, from!] as const] : [];
    }),
  );
}

/** The path in the repository of a path in a service. */
function inRepository(service: string, path: string): string {
  for (const [to, from] of mounts(service)) {
    const below = posix.relative(to, path);
    if (!below.startsWith("..")) return posix.join(from, below);
  }
  throw new Error(`${path} is not mounted in ${service}`);
}

test("has the services that there should be, and all that they name exists", () => {
  expect(services.map(([name]) => name)).toEqual([
    "simulator",
    "exporter",
    "prometheus",
    "alertmanager",
    "grafana",
  ]);
  for (const [name, { volumes = [], depends_on: needed = [] }] of services) {
    for (const from of mounts(name).values())
      expect([from, existsSync(join(ROOT, from))]).toEqual([from, true]);
    for (const volume of volumes) {
      if (volume.startsWith("./")) expect(volume).toMatch(/:ro$/);
      else expect(Object.keys(compose.volumes)).toContain(volume.split(":")[0]);
    }
    for (const other of needed) expect(Object.keys(compose.services)).toContain(other);
  }
});

test("Grafana brings all but the simulator, for those who watch another Sora", () => {
  const needed = (name: string): string[] => [
    name,
    ...(compose.services[name]!.depends_on ?? []).flatMap(needed),
  ];
  expect([...new Set(needed("grafana"))].sort()).toEqual([
    "alertmanager",
    "exporter",
    "grafana",
    "prometheus",
  ]);
});

test("every image that is not built here has a version, and every port is on loopback, each once", () => {
  for (const [, { image }] of services) {
    if (image !== compose.services["exporter"]!.image)
      expect(image).toMatch(/^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/);
  }
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(4);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  expect(new Set(ports.map((port) => port.split(":")[1])).size).toBe(ports.length);
});

test("holds no secret, and lets nobody log in", () => {
  const { environment } = compose.services["grafana"]!;
  expect(Object.keys(environment!).filter((name) => /PASSWORD|SECRET_KEY|TOKEN/.test(name))).toEqual([]);
  expect(environment).toMatchObject({
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
    GF_AUTH_DISABLE_LOGIN_FORM: "true",
    GF_AUTH_ANONYMOUS_ORG_ROLE: "${GRAFANA_ROLE:-Viewer}",
  });
});

test("builds our image with our Dockerfile", () => {
  const { exporter, simulator } = compose.services;
  expect(exporter!.build).toBe(".");
  // Once: two builds of one image at a time are in each other's way.
  expect(services.filter(([, { build }]) => build !== undefined)).toHaveLength(1);
  expect([simulator!.image, simulator!.pull_policy]).toEqual([exporter!.image, "never"]);
  expect(existsSync(join(ROOT, "Dockerfile"))).toBe(true);
});

test("the exporter and the simulator understand what they are told", () => {
  const main = { exporter: "src/main.ts", simulator: "src/simulator/main.ts" };
  const built = /^ENTRYPOINT (.+)$/m.exec(text("Dockerfile"))![1]!;
  for (const [name, script] of Object.entries(main)) {
    const { entrypoint = JSON.parse(built) as string[], command: flags } = compose.services[name]!;
    expect(entrypoint).toEqual(["node", script.replace("src/", "dist/").replace(".ts", ".js")]);
    const args = flags!.map((flag) =>
      flag.replace("${SORA_URL:-http://simulator:3000/}", "http://simulator:3000/"),
    );
    const check = name === "exporter" ? "--config.check" : "--help";
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, script), ...args, check]);
    expect([status, String(stderr)]).toEqual([0, ""]);
  }
});

test("Prometheus reads our rules, scrapes the exporter's port and tells Alertmanager's", () => {
  for (const pattern of prometheus.rule_files) {
    expect(globSync(inRepository("prometheus", pattern), { cwd: ROOT })).not.toEqual([]);
  }
  const targets = [...prometheus.alerting.alertmanagers, ...prometheus.scrape_configs].flatMap((each) =>
    each.static_configs.flatMap((config) => config.targets),
  );
  expect(targets).toEqual(["alertmanager:9093", "exporter:10490"]);
  for (const target of targets) {
    const [service, port] = target.split(":");
    expect(compose.services[service!]!.ports).toContain(`127.0.0.1:${port}:${port}`);
  }
});

test.skipIf(lacks("promtool"))("promtool accepts prometheus.yml with the rules", () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  try {
    const file = join(directory, "prometheus.yml");
    writeFileSync(
      file,
      text("compose/prometheus.yml").replaceAll("/etc/prometheus/rules", join(ROOT, "dashboards/rules")),
    );
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.match(/SUCCESS: \d+ rules found/g)).toHaveLength(
      globSync("dashboards/rules/*.yaml", { cwd: ROOT }).length,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.skipIf(lacks("amtool"))("amtool accepts alertmanager.yml", () => {
  const { status, stderr } = spawnSync("amtool", ["check-config", join(ROOT, "compose/alertmanager.yml")], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
});

test("what Alertmanager is told of alerts is about alerts that there are", () => {
  const alerts = globSync("dashboards/rules/*.yaml", { cwd: ROOT }).flatMap((path) =>
    (yaml(path) as { groups: { rules: { alert?: string }[] }[] }).groups.flatMap(({ rules }) =>
      rules.flatMap(({ alert }) => alert ?? []),
    ),
  );
  const { inhibit_rules: rules } = yaml("compose/alertmanager.yml") as { inhibit_rules: InhibitRule[] };
  const muted = rules.flatMap(({ source_matchers: [source, ...more], target_matchers: targets }) => {
    expect([more, targets.length]).toEqual([[], 1]);
    return namesIn(targets[0]!).map((target) => [namesIn(source!).join("|"), target]);
  });
  expect(muted).toEqual([
    ["UnstableShareCritical", "UnstableShareHigh"],
    ["UnstableShareCritical", "ChannelUnstable"],
    ["UnstableShareCritical", "StabilityBudgetBurnFast"],
    ["UnstableShareCritical", "StabilityBudgetBurnSlow"],
    ["StabilityBudgetBurnFast", "StabilityBudgetBurnSlow"],
    ["IceChecksLostCritical", "IceChecksLost"],
    ["LicenseUsedUp", "LicenseNearlyUsedUp"],
    ["LicenseExpiringCritical", "LicenseExpiring"],
  ]);
  expect(muted.flat().filter((name) => !alerts.includes(name))).toEqual([]);
  // Another Sora, or the same name in another job, is never muted.
  for (const { equal } of rules) expect(equal).toEqual(["job", "target"]);
  const [, documented = ""] = /^```yaml\n(inhibit_rules:\n.*?)^```/ms.exec(text("docs/runbooks.md")) ?? [];
  expect(parse(documented)).toEqual({ inhibit_rules: rules });
});

interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal: string[];
}

/** The alerts that a matcher of Alertmanager's names. */
function namesIn(matcher: string): string[] {
  const [, one, some] = /^alertname (?:= (\w+)|=~ "([\w|]+)")$/.exec(matcher) ?? [];
  return one === undefined ? some!.split("|") : [one];
}

test("Grafana is provisioned with the dashboards and where the numbers are", () => {
  expect(mounts("grafana").get("/etc/grafana/provisioning")).toBe("./compose/grafana/provisioning");
  const { providers } = yaml("compose/grafana/provisioning/dashboards/sora.yaml") as {
    providers: { allowUiUpdates?: boolean; options: { path: string } }[];
  };
  expect(providers.map(({ allowUiUpdates }) => allowUiUpdates)).toEqual([undefined]);
  const directory = inRepository("grafana", providers[0]!.options.path);
  const dashboards = globSync(`${directory}/*.json`, { cwd: ROOT });
  expect(dashboards).toHaveLength(5);
  const home = compose.services["grafana"]!.environment!["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]!;
  expect(statSync(join(ROOT, inRepository("grafana", home))).isFile()).toBe(true);
  // The provider takes every JSON file below its directory for a dashboard.
  expect(globSync(`${directory}/*/**/*.json`, { cwd: ROOT })).toEqual([]);

  const { datasources } = yaml("compose/grafana/provisioning/datasources/sora.yaml") as {
    datasources: { type: string; url: string }[];
  };
  expect(datasources.map(({ type }) => type)).toEqual(["prometheus", "alertmanager"]);
  for (const { type, url } of datasources) {
    const { hostname, port } = new URL(url);
    expect(hostname).toBe(type);
    expect(compose.services[hostname]!.ports).toContain(`127.0.0.1:${port}:${port}`);
  }
});
