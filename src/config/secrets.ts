/** Looks up secrets, and the other files that the configuration names. */
import { dirname, isAbsolute, join } from "node:path";
import type { HeaderValue } from "./config.ts";
import { quote, reason } from "./errors.ts";
import type { Source } from "./source.ts";

/** Where secrets are looked up. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  /** Path of the configuration file, to which relative paths relate. */
  readonly configPath: string;
}

/** What could not be used, and why: a sentence whose subject is the value. It never holds the value. */
export interface Refusal {
  readonly problem: string;
}

/** Says what is wrong with a secret, in a sentence whose subject it is; undefined where nothing is. */
export type Check = (secret: string) => string | undefined;

/**
 * Looks up a secret. One from a file is what reads the file anew each time, which has been tried once here; it throws
 * an error that names the file and never the secret.
 */
export function resolveSecret(
  source: Source,
  check: Check,
  sources: SecretSources,
): { readonly value: HeaderValue } | Refusal {
  if (typeof source === "object" && "file" in source) return resolveFile(source.file, check, sources);
  const found = typeof source === "string" ? { value: source } : lookUp(source.env, sources.env);
  const problem = "problem" in found ? found.problem : check(found.value);
  return problem === undefined ? found : { problem };
}

/** Makes another secret of one, each time anew where it is read anew. */
export function mapSecret(value: HeaderValue, change: (secret: string) => string): HeaderValue {
  return typeof value === "string" ? change(value) : () => change(value());
}

/** Reads a file that the configuration names, its path relative to the configuration file. */
export function readNamedFile(
  file: string,
  { readFile, configPath }: SecretSources,
): { readonly path: string; readonly text: string } | Refusal {
  const path = isAbsolute(file) ? file : join(dirname(configPath), file);
  try {
    return { path, text: readFile(path) };
  } catch (error) {
    return { problem: `cannot read ${quote(path)}: ${reason(error)}` };
  }
}

function lookUp(name: string, env: SecretSources["env"]): { readonly value: string } | Refusal {
  if (!/^[A-Za-z_]\w*$/.test(name)) return { problem: "env is not the name of a variable" };
  // Own, because process.env also has what every object has, such as toString.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === undefined ? { problem: `the environment has no variable ${name}` } : { value };
}

function resolveFile(
  file: string,
  check: Check,
  sources: SecretSources,
): { readonly value: () => string } | Refusal {
  const read = () => {
    const found = readNamedFile(file, sources);
    return "problem" in found ? found : { ...found, text: found.text.replace(/\r?\n$/, "") };
  };
  const first = read();
  const problem = "problem" in first ? first.problem : check(first.text);
  if (problem !== undefined) return { problem };
  return {
    value: () => {
      const now = read();
      if ("problem" in now) throw new Error(now.problem);
      const problem = check(now.text);
      if (problem !== undefined) throw new Error(`${quote(now.path)} ${problem}`);
      return now.text;
    },
  };
}
