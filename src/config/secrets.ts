/** Looks up secrets, and the other files that the configuration names. */
import { dirname, isAbsolute, join } from "node:path";
import { SHOWN_SECRET } from "../mask.ts";
import { quotePath, reason } from "./errors.ts";
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

/** A secret as it is now. */
export interface Secret {
  readonly value: string;
  /** The file that holds it; undefined where it is from elsewhere. */
  readonly path: string | undefined;
}

/** Looks up a secret. */
export function resolveSecret(source: Source, check: Check, sources: SecretSources): Secret | Refusal {
  const found = lookUp(source, sources);
  const problem = "problem" in found ? found.problem : check(found.value);
  return problem === undefined ? found : { problem };
}

/**
 * Reads a secret's file anew.
 *
 * @throws Error that names the file and never the secret
 */
export function readSecret(path: string, check: Check, readFile: SecretSources["readFile"]): string {
  const now = readPath(path, readFile);
  if ("problem" in now) throw new Error(now.problem);
  const value = withoutLineEnd(now.text);
  const problem = check(value);
  if (problem !== undefined) throw new Error(`${quotePath(path)} ${problem}`);
  return value;
}

/** Reads a file that the configuration names, its path relative to the configuration file. */
export function readNamedFile(
  file: string,
  { readFile, configPath }: SecretSources,
): { readonly path: string; readonly text: string } | Refusal {
  return readPath(besideConfig(file, configPath), readFile);
}

/** The path of a file that a configuration file names, relative to where that is. */
export function besideConfig(file: string, configPath: string): string {
  return isAbsolute(file) ? file : join(dirname(configPath), file);
}

/** Reads a file; what is wrong is a sentence whose subject is the value that it should hold. */
export function readPath(
  path: string,
  readFile: SecretSources["readFile"],
): { readonly path: string; readonly text: string } | Refusal {
  try {
    return { path, text: readFile(path) };
  } catch (error) {
    return { problem: `cannot read ${quotePath(path)}: ${reason(error)}` };
  }
}

function lookUp(source: Source, sources: SecretSources): Secret | Refusal {
  if (source === SHOWN_SECRET)
    return { problem: `is what /config shows in place of a secret; the secret itself goes there` };
  if (typeof source === "string") return { value: source, path: undefined };
  if ("file" in source) {
    const found = readNamedFile(source.file, sources);
    return "problem" in found ? found : { value: withoutLineEnd(found.text), path: found.path };
  }
  const { env: name } = source;
  if (!/^[A-Za-z_]\w*$/.test(name)) return { problem: "env is not the name of a variable" };
  // Own, because process.env also has what every object has, such as toString.
  const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
  return value === undefined
    ? { problem: `the environment has no variable ${name}` }
    : { value, path: undefined };
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
