/** The rules in the eyes of Prometheus: promtool loads them, and runs them on synthetic series. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { disappointments } from "../support/promtool.ts";
import { lacks } from "../support/tools.ts";
import { RULES, runbookQueries, TEST_FILES } from "./support.ts";

const run = promisify(execFile);
const cwd = fileURLToPath(RULES);

describe.skipIf(lacks("promtool"))("promtool", () => {
  test("has nothing to say about the rules", () => {
    const { status, stdout, stderr } = spawnSync(
      "promtool",
      ["check", "rules", "recording.yaml", "alerts.yaml"],
      {
        cwd,
        encoding: "utf8",
      },
    );
    expect([stderr, status]).toEqual(["", 0]);
    expect(stdout.match(/SUCCESS: \d+ rules found/g)).toHaveLength(2);
    expect(stdout).not.toMatch(/duplicate|warn/i);
  });

  test.concurrent.each(TEST_FILES)(
    "finds in %s that alerts fire, do not fire just below, and resolve",
    { timeout: 120_000 },
    async (file) => {
      const { stdout } = await run("promtool", ["test", "rules", `tests/${file}`], { cwd }).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).toMatch(/^Unit Testing:.*\n\s+SUCCESS\n\s*$/);
    },
  );

  test("understands every query of the runbooks", () => {
    const queries = runbookQueries();
    const rules = queries.map((expr, i) => ({ record: `query:${i}`, expr }));
    const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    try {
      const file = join(directory, "queries.yaml");
      writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
      const { stderr, status } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
      expect([stderr, status]).toEqual(["", 0]);
      expect(queries.length).toBeGreaterThan(20);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("runbooks tell whose connections are bad where two exporters watch one Sora", () => {
    const joins = runbookQueries().filter((query) => query.includes("sora_connection_info"));
    const series = Object.fromEntries(
      ["a", "b"].flatMap((instance) =>
        [1, 2, 3].flatMap((number) => {
          const labels = `job="sora", instance="${instance}", target="tokyo", channel_id="...", connection_id="c${number}"`;
          const who = `role="sendrecv", client_id="u${number}", node_name="n${number % 2}"`;
          return [
            [`sora_connection_unstable_level{${labels}}`, `${number - 1}x4`],
            [`sora_connection_info{${labels}, ${who}}`, "1x4"],
          ];
        }),
      ),
    );
    const bad = [1, 2, 3].map((number) => ({
      labels: `{job="sora", target="tokyo", connection_id="c${number}", role="sendrecv", client_id="u${number}", node_name="n${number % 2}"}`,
      value: number - 1,
    }));
    const nodes = ["n0", "n1"].map((name) => ({ labels: `{node_name="${name}"}`, value: 1 }));
    const twice = ["a", "b"].map((instance) => ({
      labels: `{job="sora", instance="${instance}", target="tokyo"}`,
      value: 3,
    }));
    const found = joins.map((expr, i) => ({ expr, eval_time: "1m", exp_samples: [nodes, bad, twice][i]! }));
    expect(found).toHaveLength(3);
    expect(disappointments(series, found)).toBe("");
  });
});
