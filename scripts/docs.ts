/** Writes the generated documents, or with `--check` tells which are not level with the code and exits with 1. */

import { readFileSync, writeFileSync } from "node:fs";
import { benchChart } from "../bench/chart.ts";
import { benchPage } from "../bench/page.ts";
import type { Results } from "../bench/results.ts";
import { alertsYaml, recordingYaml } from "../dashboards/src/rules/files.ts";
import { DASHBOARDS } from "../dashboards/src/dashboards.ts";
import { configJsonSchema } from "../src/config/schema.ts";
import { chartDocuments } from "./helm/documents.ts";
import type { Schema } from "./helm/schema.ts";
import { metricsPage } from "./metrics-page.ts";
import { soakChart } from "./soak/chart.ts";
import { soakPage } from "./soak/page.ts";
import type { SoakResults } from "./soak/results.ts";
import { versionedFiles } from "./versioned.ts";

// What `npm run bench -- --write` and `npm run soak -- --write` have measured is kept as it is; what is shown of it is made here.
const soak = JSON.parse(readFileSync(new URL("../docs/soak.json", import.meta.url), "utf8")) as SoakResults;
const results = JSON.parse(readFileSync(new URL("../docs/bench.json", import.meta.url), "utf8")) as Results;
const schema = configJsonSchema() as Schema;

const documents = new Map<string, string>([
  ["METRICS.md", metricsPage()],
  ["config.schema.json", `${JSON.stringify(schema, null, 2)}\n`],
  ["docs/bench.md", benchPage(results)],
  ["docs/bench.svg", benchChart(results)],
  ["docs/soak.md", soakPage(soak)],
  ["docs/soak.svg", soakChart(soak)],
  ["dashboards/rules/alerts.yaml", alertsYaml()],
  ["dashboards/rules/recording.yaml", recordingYaml()],
  ...[...DASHBOARDS].map(
    ([name, dashboard]) => [`dashboards/${name}`, `${JSON.stringify(dashboard, null, 2)}\n`] as const,
  ),
  ...versionedFiles(),
]);

for (const [name, content] of [...documents, ...chartDocuments(schema, documents)]) {
  const url = new URL(`../${name}`, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(url, content);
  else if (read(url) !== content) {
    console.error(`${name} is not level with the code: run npm run docs`);
    process.exitCode = 1;
  }
}

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
}
