/** The headers of a target: which names are allowed, and where secret values come from. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { dirname, isAbsolute, join } from "node:path";
import type { Problem } from "./errors.ts";
import { quote, reason } from "./errors.ts";
import type { HeaderSource } from "./schema.ts";

/** Where secrets are looked up. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  /** Path of the configuration file, to which relative paths relate. */
  readonly configPath: string;
}

/**
 * Headers that are the exporter's own: what Sora is asked to do (only ever to read), and what the HTTP client sets
 * or refuses.
 */
const RESERVED = new Set([
  "x-sora-target",
  "content-type",
  "content-length",
  "host",
  "connection",
  "transfer-encoding",
  "expect",
  "keep-alive",
  "upgrade",
]);

/**
 * Looks up the values of a target's headers.
 *
 * @param path of the `headers` key
 * @param report is told what is wrong; never a value
 * @returns values by lower-case name
 */
export function resolveHeaders(
  headers: Readonly<Record<string, HeaderSource>>,
  path: readonly PropertyKey[],
  sources: SecretSources,
  report: (problem: Problem) => void,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [givenName, source] of Object.entries(headers)) {
    const name = givenName.toLowerCase();
    const headerPath = [...path, givenName];
    if (!holds(() => validateHeaderName(name))) {
      report({ path: headerPath, message: "holds a name that is not one of an HTTP header" });
      continue;
    }
    const value = read(source, sources);
    if (RESERVED.has(name)) report({ path: headerPath, message: "may not be set" });
    else if (Object.hasOwn(values, name))
      report({ path: headerPath, message: "is given twice; case does not matter" });
    else if ("problem" in value) report({ path: headerPath, message: value.problem });
    else if (value.text === "") report({ path: headerPath, message: "is empty" });
    else if (!holds(() => validateHeaderValue(name, value.text))) {
      report({ path: headerPath, message: "holds characters that an HTTP header may not" });
    } else values[name] = value.text;
  }
  return values;
}

function read(
  source: HeaderSource,
  { env, readFile, configPath }: SecretSources,
): { text: string } | { problem: string } {
  if (typeof source === "string") return { text: source };
  if ("env" in source) {
    if (!/^[A-Za-z_]\w*$/.test(source.env)) return { problem: "env is not the name of a variable" };
    // Own, because process.env also has what every object has, such as toString.
    const text = Object.hasOwn(env, source.env) ? env[source.env] : undefined;
    return text === undefined ? { problem: `the environment has no variable ${source.env}` } : { text };
  }
  const path = isAbsolute(source.file) ? source.file : join(dirname(configPath), source.file);
  try {
    return { text: readFile(path).replace(/\r?\n$/, "") };
  } catch (error) {
    return { problem: `cannot read ${quote(path)}: ${reason(error)}` };
  }
}

/** Whether a check of node:http passes. Its exceptions are dropped: they may quote what they refuse. */
function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
