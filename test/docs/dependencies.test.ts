/** What is depended on: few packages, each with a reason, whole, with a licence that asks for nothing, and without scripts. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

const PACKAGE = JSON.parse(read("package.json")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
> & { readonly allowScripts: Record<string, boolean> };
const LOCK = JSON.parse(read("package-lock.json")) as { packages: Record<string, Locked> };
/** By path, without the package itself. */
const LOCKED = Object.entries(LOCK.packages).filter(([path]) => path !== "");

/** Licences that ask for nothing but to be named. */
const LICENCES = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
]);

test("CONTRIBUTING.md has a line for each direct dependency, and for no other", () => {
  const section = /^## Dependencies\n(.*?)^## /ms.exec(read("CONTRIBUTING.md"))![1]!;
  const [shipped, development] = section.split("For development:");
  const named = (text: string | undefined) =>
    [...text!.matchAll(/^- (.+?): \S/gm)].flatMap(([, names]) =>
      [...names!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
    );
  expect(named(shipped).toSorted()).toEqual(Object.keys(PACKAGE.dependencies).toSorted());
  expect(named(development).toSorted()).toEqual(Object.keys(PACKAGE.devDependencies).toSorted());
});

test("the lock file says of each package what it has to be, and each is from the registry", () => {
  const wrong = LOCKED.filter(
    ([, { resolved, integrity }]) => resolved !== undefined || !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""),
  );
  expect(wrong).toEqual([]);
  expect(LOCKED.length).toBeGreaterThan(100);
});

test("what is shipped has licences that ask for nothing but to be named", () => {
  const shipped = LOCKED.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true);
  const others = shipped.filter(([, { license }]) => !LICENCES.has(license ?? "none"));
  expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  expect(shipped.length).toBeGreaterThan(20);
});

test("each install script is allowed or denied by name, and none of what is shipped is allowed", () => {
  const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const scripts = LOCKED.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  expect(Object.keys(PACKAGE.allowScripts).toSorted()).toEqual(
    [...new Set(scripts.map(([path]) => nameOf(path)))].toSorted(),
  );
  const allowed = scripts.filter(([path]) => PACKAGE.allowScripts[nameOf(path)] === true);
  expect(allowed.filter(([, { dev }]) => dev !== true)).toEqual([]);
  expect(read(".npmrc")).toMatch(/^strict-allow-scripts=true$/m);
});
