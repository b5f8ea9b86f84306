/** What has to hold before a version is released. */

/** What is looked at. */
export interface Release {
  /** Of package.json. */
  readonly version: string;
  /** Of package-lock.json. */
  readonly lockVersion: string;
  /** CHANGELOG.md. */
  readonly changelog: string;
  /** METRICS.md, and as it was in the last release; undefined before the first. */
  readonly metrics: string;
  readonly lastMetrics: string | undefined;
  /** Git's tags that begin with `v` and a digit, with the commit of each, and the commit that is checked out. */
  readonly tags: ReadonlyMap<string, string>;
  readonly head: string;
}

/** Versions as we give them: numbers, and perhaps a `-rc.1`. */
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/** What is wrong, a line each; nothing where it can be released. */
export function releaseProblems(release: Release): string[] {
  const { version, lockVersion, changelog, tags, head } = release;
  const problems: string[] = [];
  const check = (good: boolean, problem: string) => {
    if (!good) problems.push(problem);
  };
  check(VERSION.test(version), `package.json: ${version} is no version as 1.2.3 or 1.2.3-rc.1`);
  check(
    lockVersion === version,
    `package-lock.json has ${lockVersion}, package.json ${version}: run npm install`,
  );

  const tag = `v${version}`;
  for (const other of tags.keys())
    check(other.startsWith("v") && VERSION.test(other.slice(1)), `the tag ${other} is not v and a version`);
  const tagged = tags.get(tag);
  check(tagged === undefined || tagged === head, `the tag ${tag} is on another commit: raise the version`);

  const sections = sectionsOf(changelog);
  const unreleased = sections.find(({ title }) => title === "Unreleased");
  check(
    (unreleased?.text ?? "").trim() === "",
    `CHANGELOG.md: what is under "Unreleased" belongs under "${version} (YYYY-MM-DD)"`,
  );
  const section = sections.find(({ title }) => title.startsWith(`${version} `));
  check(
    section !== undefined && /^\S+ \(\d{4}-\d\d-\d\d\)$/.test(section.title),
    `CHANGELOG.md has no section "## ${version} (YYYY-MM-DD)"`,
  );
  return [...problems, ...metricProblems(release, section?.text ?? "")];
}

/** Metrics that are gone, or of another type, and of which the changelog does not say that it is breaking. */
function metricProblems({ metrics, lastMetrics, version }: Release, section: string): string[] {
  if (lastMetrics === undefined) return [];
  const now = metricsOf(metrics);
  const breaking = section.split(/^- /m).filter((entry) => entry.includes("**breaking**"));
  return [...metricsOf(lastMetrics)]
    .filter(([name, type]) => now.get(name) !== type)
    .filter(([name]) => !breaking.some((entry) => entry.includes(`\`${name}\``)))
    .map(([name, type]) => {
      const change = now.has(name) ? `is no ${type} any more but a ${now.get(name)!}` : "is gone";
      return `\`${name}\` ${change}, and no entry of ${version} in CHANGELOG.md names it and says **breaking**`;
    });
}

/** The metrics that METRICS.md lists, with their types. */
function metricsOf(page: string): Map<string, string> {
  return new Map([...page.matchAll(/^\| `(sora_\w+)` +\| (\w+) /gm)].map(([, name, type]) => [name!, type!]));
}

function sectionsOf(changelog: string): { title: string; text: string }[] {
  return changelog
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return { title: section.slice(0, end), text: section.slice(end) };
    });
}
