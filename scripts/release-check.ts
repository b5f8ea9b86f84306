/** `npm run release:check`: says what is missing before this commit can be released, and exits with 1 if anything is. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { releaseProblems } from "./release.ts";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const git = (...args: string[]) => execFileSync("git", args, { cwd, encoding: "utf8" }).trim();
const versionIn = (path: string) => (JSON.parse(read(path)) as { version: string }).version;

const version = versionIn("package.json");
const tags = new Map(
  git("tag", "--list", "v[0-9]*")
    .split("\n")
    .filter((tag) => tag !== "")
    .map((tag) => [tag, git("rev-list", "-n", "1", tag)]),
);
const last = spawnSync(
  "git",
  ["describe", "--tags", "--abbrev=0", "--match=v[0-9]*", `--exclude=v${version}`],
  {
    cwd,
    encoding: "utf8",
  },
);
const problems = releaseProblems({
  version,
  lockVersion: versionIn("package-lock.json"),
  changelog: read("CHANGELOG.md"),
  metrics: read("METRICS.md"),
  lastMetrics: last.status === 0 ? git("show", `${last.stdout.trim()}:METRICS.md`) : undefined,
  tags,
  head: git("rev-parse", "HEAD"),
});
if (git("status", "--porcelain") !== "") problems.push("there are changes that are not committed");
const docs = spawnSync(process.execPath, ["scripts/docs.ts", "--check"], { cwd, encoding: "utf8" });
problems.push(...docs.stderr.split("\n").filter((line) => line !== ""));

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${version} can be released: git tag v${version}`);
