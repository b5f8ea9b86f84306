/** The generated files of the Helm chart, and the generated parts of others. */

import { readFileSync } from "node:fs";
import { code, table } from "../markdown.ts";
import { flagsYaml } from "./flags.ts";
import { type Schema, valuesSchema } from "./schema.ts";
import { readValues, type Value } from "./values.ts";

const CHART = "helm/sora-stats-exporter";

/**
 * The chart's files by their paths. A chart can hold no file from outside its directory, so rules and dashboards are copied.
 *
 * @param config schema of the exporter's configuration file
 * @param documents the repository's other generated files, by path
 */
export function chartDocuments(config: Schema, documents: ReadonlyMap<string, string>): Map<string, string> {
  const readme = `${CHART}/README.md`;
  const values = readValues(read("values.yaml"));
  const copies = [...documents].flatMap(([path, content]): [string, string][] => {
    const [, rules, dashboard] = /^dashboards\/(?:rules\/(\w+\.yaml)|(\w+\.json))$/.exec(path) ?? [];
    if (rules !== undefined) return [[`${CHART}/files/rules/${rules}`, content]];
    return dashboard === undefined ? [] : [[`${CHART}/files/dashboards/${dashboard}`, content]];
  });
  return new Map([
    ...copies,
    [`${CHART}/files/flags.yaml`, flagsYaml()],
    [`${CHART}/values.schema.json`, `${JSON.stringify(valuesSchema(values, config), null, 2)}\n`],
    [readme, withTable(documents.get(readme) ?? read("README.md"), values)],
  ]);
}

function read(name: string): string {
  return readFileSync(new URL(`../../${CHART}/${name}`, import.meta.url), "utf8");
}

/** Replaces what stands between the marks. */
function withTable(readme: string, values: readonly Value[]): string {
  const rows = values.map(({ path, description, shownDefault, fallback }) => [
    code(path.join(".")),
    shownDefault ?? code(JSON.stringify(fallback)),
    description,
  ]);
  const marks = /(?<=<!-- values -->\n)[^]*(?=<!-- end of values -->)/;
  if (!marks.test(readme)) throw new Error("README.md of the chart has no marks for its values");
  return readme.replace(marks, () => `\n${table(["Key", "Default", ""], rows)}\n\n`);
}
