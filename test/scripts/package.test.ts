/** The package's documents, for whoever has only the package. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  repository: { url: string };
};
const REPOSITORY = PACKAGE.repository.url.replace(/^git\+|\.git$/g, "");

test("what its documents link to is in it, or in the repository under its whole address", () => {
  const npm = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const [packed] = JSON.parse(
    execFileSync("npm", npm, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
  ) as [{ files: { path: string }[] }];
  const files = packed.files.map(({ path }) => path);
  const isThere = (path: string) =>
    files.some((file) => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`));
  const pages = files.filter((path) => path.endsWith(".md"));
  expect(pages).toEqual(
    expect.arrayContaining(["README.md", "README.ja.md", "docs/scaling.md", "METRICS.md"]),
  );

  const dangling: string[] = [];
  let links = 0;
  for (const page of pages) {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[^]*?^```/gm, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      links += 1;
      const url = new URL(link!, `file:///${page}`);
      const inRepository = /\/(?:blob|tree)\/main\/([^#]+)/.exec(link!)?.[1];
      const good =
        url.protocol === "file:"
          ? isThere(decodeURI(url.pathname.slice(1)))
          : inRepository === undefined || existsSync(join(ROOT, inRepository));
      if (!good) dangling.push(`${page}: ${link!}`);
      if (inRepository !== undefined) expect(link).toContain(`${REPOSITORY}/`);
    }
  }
  expect(links).toBeGreaterThan(50);
  expect(dangling).toEqual([]);
});

test.each(["README.md", "README.ja.md"])(
  "who follows %s installs it without running what others wrote",
  (page) => {
    const commands = readFileSync(join(ROOT, page), "utf8").match(/^.*npm install .*\.tgz$/gm) ?? [];
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(command).toContain(" --ignore-scripts ");
  },
);
