/** Files that name the version of this package, which is package.json's. */

import { globSync, readFileSync } from "node:fs";
import { VERSION } from "../src/version.ts";

const ROOT = new URL("../", import.meta.url);

/** Where it stands: the files, and what stands before it there. */
const PLACES: readonly (readonly [files: string, before: RegExp])[] = [
  ["Dockerfile", /(?<=image\.version=")[^"]+/g],
  ["README*.md", /(?<=sora-stats-exporter[-:])\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?/g],
  ["deploy/**/*.yaml", /(?<=image: sora-stats-exporter:)\S+/g],
  ["helm/sora-stats-exporter/README.md", /(?<=- name: sora-stats-exporter\n +version: )\S+/g],
  ["helm/sora-stats-exporter/Chart.yaml", /(?<=^(?:version|appVersion): )\S+/gm],
];

/**
 * Each of those files as it has to be.
 *
 * @returns path and content
 */
export function versionedFiles(version: string = VERSION): [path: string, content: string][] {
  return PLACES.flatMap(([files, place]) =>
    globSync(files, { cwd: ROOT }).flatMap((path): [string, string][] => {
      const content = readFileSync(new URL(path, ROOT), "utf8");
      return content.match(place) ? [[path, content.replaceAll(place, version)]] : [];
    }),
  );
}
