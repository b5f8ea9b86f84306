/** What `npm run release:check` finds, and that the version is the same everywhere. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Release, releaseProblems } from "../../scripts/release.ts";
import { versionedFiles } from "../../scripts/versioned.ts";
import { VERSION } from "../../src/version.ts";

const METRICS = "| Metric | Type |\n| `sora_a_total` | counter | x |\n| `sora_b` | gauge | x |\n";
const GOOD: Release = {
  version: "1.2.0",
  lockVersion: "1.2.0",
  changelog:
    "# Changelog\n\n## Unreleased\n\n## 1.2.0 (2026-11-22)\n\n- More.\n\n## 1.1.0 (2026-10-01)\n\n- Less.\n",
  metrics: METRICS,
  lastMetrics: METRICS,
  tags: new Map([["v1.1.0", "aaa"]]),
  head: "bbb",
};
const found = (changes: Partial<Release>) => releaseProblems({ ...GOOD, ...changes });
const logged = (entry: string) => GOOD.changelog.replace("- More.", entry);

test("nothing where all is well, before the tag and with it, and for the first release", () => {
  expect(found({})).toEqual([]);
  expect(found({ tags: new Map([["v1.2.0", "bbb"]]) })).toEqual([]);
  expect(found({ tags: new Map(), lastMetrics: undefined })).toEqual([]);
});

test.each<[string, Partial<Release>, RegExp]>([
  [
    "a version that is none",
    { version: "1.2", lockVersion: "1.2", changelog: logged("").replaceAll("1.2.0", "1.2") },
    /1\.2 is no version/,
  ],
  ["another one in the lock file", { lockVersion: "1.1.0" }, /package-lock\.json has 1\.1\.0/],
  [
    "a tag on another commit",
    { tags: new Map([["v1.2.0", "aaa"]]) },
    /the tag v1\.2\.0 is on another commit/,
  ],
  ["a tag of another form", { tags: new Map([["v1.1", "aaa"]]) }, /the tag v1\.1 is not/],
  ["no section", { changelog: "# Changelog\n\n## 1.1.0 (2026-10-01)\n" }, /has no section "## 1\.2\.0/],
  ["a section without a date", { changelog: "## 1.2.0 soon\n\n- More.\n" }, /has no section "## 1\.2\.0/],
  [
    "what is still unreleased",
    { changelog: GOOD.changelog.replace("Unreleased\n", "Unreleased\n\n- New.\n") },
    /under "Unreleased"/,
  ],
  ["a metric that is gone", { metrics: METRICS.replace("sora_b", "sora_c") }, /`sora_b` is gone/],
  [
    "a metric of another type",
    { metrics: METRICS.replace("gauge", "counter") },
    /`sora_b` is no gauge any more but a counter/,
  ],
  [
    "a metric that is gone, and named, but not as breaking",
    {
      metrics: METRICS.replace("sora_b", "sora_c"),
      changelog: logged("- `sora_b` went.\n- **breaking** else."),
    },
    /`sora_b` is gone/,
  ],
])("%s", (_, changes, problem) => {
  expect(found(changes)).toEqual([expect.stringMatching(problem)]);
});

test("a metric may go where the changelog says so", () => {
  expect(
    found({
      metrics: METRICS.replace("sora_b", "sora_c"),
      changelog: logged("- **breaking** `sora_b` is `sora_c`."),
    }),
  ).toEqual([]);
});

test("METRICS.md is of the form that is read", () => {
  const metrics = readFileSync(new URL("../../METRICS.md", import.meta.url), "utf8");
  const problems = found({ metrics: "", lastMetrics: metrics });
  expect(problems.length).toBeGreaterThan(150);
  for (const name of ["sora_up", "sora_connection_unstable_level", "sora_target_connections"])
    expect(problems.filter((problem) => problem.startsWith(`\`${name}\` is gone`))).toHaveLength(1);
});

test("the version stands where it must, and is written there", () => {
  const files = new Map(versionedFiles("7.8.9-rc.1"));
  expect(files.get("Dockerfile")).toContain('org.opencontainers.image.version="7.8.9-rc.1"');
  for (const page of ["README.md", "README.ja.md"]) {
    expect(files.get(page)).toContain("./sora-stats-exporter-7.8.9-rc.1.tgz\n");
    expect(files.get(page)).toContain("docker build -t sora-stats-exporter:7.8.9-rc.1 .\n");
  }
  for (const path of [
    "kustomize/sidecar/patch.yaml",
    "kustomize/sidecar-classic/container.yaml",
    "kubernetes/sidecar.yaml",
  ])
    expect(files.get(`deploy/${path}`)).toContain("image: sora-stats-exporter:7.8.9-rc.1\n");
  expect(files.get("helm/sora-stats-exporter/README.md")).toContain("    version: 7.8.9-rc.1\n");
  for (const [path, content] of files) expect([path, content.includes(VERSION)]).toEqual([path, false]);
});
