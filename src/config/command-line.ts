/** Reads the command line, and the environment for the flags that are not given there. */
import { parseArgs } from "node:util";
import { ConfigError, cut, quote } from "./errors.ts";
import { FLAGS } from "./flags.ts";
import type { Flag, SettingKey, SettingValue } from "./flags.ts";

/** A value that a flag or a variable gives for a key of the file. */
export interface Override {
  readonly key: SettingKey;
  readonly value: SettingValue;
  /** Where it was said, for messages, such as `--sora.url=http://sora:3000/`. */
  readonly origin: string;
}

/** A file that a flag or a variable names. */
export interface NamedFile {
  readonly path: string;
  /** As of an `Override`. */
  readonly origin: string;
}

/** What the command line and the environment ask for. */
export interface CommandLine {
  readonly command: "run" | "check" | "version" | "help";
  readonly configFile: NamedFile | undefined;
  readonly record: NamedFile | undefined;
  readonly overrides: readonly Override[];
}

const NOTHING = { configFile: undefined, record: undefined, overrides: [] };

interface Given {
  readonly value: string | boolean;
  readonly origin: string;
}

/**
 * Reads the flags, and the environment for those that are not given.
 *
 * @throws ConfigError for an unknown, repeated or malformed flag, an argument, or a value that is not allowed
 */
export function readCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const tokens = tokenize(argv);
  const asked = new Set(tokens.map((token) => (token.kind === "option" ? token.name : "")));
  if (asked.has("help")) return { ...NOTHING, command: "help" };

  const given = readTokens(tokens);
  if (asked.has("version")) return { ...NOTHING, command: "version" };
  for (const flag of FLAGS) {
    const value = flag.env === undefined ? undefined : env[flag.env];
    if (value === undefined || value === "" || given.has(flag)) continue;
    const origin = assignment(flag.env!, value);
    given.set(flag, { value: flag.boolean ? readBoolean(value, origin) : value, origin });
  }
  return commandLine(given);
}

function commandLine(given: ReadonlyMap<Flag, Given>): CommandLine {
  const overrides: Override[] = [];
  let check = false;
  let configFile: NamedFile | undefined;
  let record: NamedFile | undefined;
  for (const flag of FLAGS) {
    const { value, origin } = given.get(flag) ?? {};
    if (value === undefined || origin === undefined) continue;
    if (flag.name === "config.check") check = value === true;
    if (flag.name === "config.file") configFile = { path: String(value), origin };
    if (flag.name === "record") record = { path: String(value), origin };
    if (flag.setting === undefined) continue;
    const { key, schema, fromText } = flag.setting;
    const meant = typeof value === "string" ? fromText(value) : value;
    const problem = schema.safeParse(meant).error?.issues[0];
    if (problem !== undefined) throw new ConfigError(`${origin}: ${problem.message}`);
    overrides.push({ key, value: meant, origin });
  }
  if (record?.path === "") throw new ConfigError(`${record.origin}: is not the path of a file`);
  return { command: check ? "check" : "run", configFile, record, overrides };
}

function tokenize(argv: readonly string[]) {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const flag of FLAGS) {
    options[flag.name] = { type: flag.boolean ? "boolean" : "string" };
    if (flag.alias !== undefined) options[flag.alias] = options[flag.name]!;
    if (flag.negatable) options[`no-${flag.name}`] = { type: "boolean" };
  }
  options.help!.short = "h";
  return parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function readTokens(tokens: ReturnType<typeof tokenize>): Map<Flag, Given> {
  const given = new Map<Flag, Given>();
  const names = new Map<Flag, string>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      const shown = mayBeSecret(token.value) ? "" : ` ${quote(token.value)}`;
      throw new ConfigError(`unexpected argument${shown}; flags are written --name=value`);
    }
    if (token.kind !== "option") continue;
    const negative = FLAGS.find((flag) => flag.negatable && token.name === `no-${flag.name}`);
    const flag = negative ?? FLAGS.find(({ name, alias }) => name === token.name || alias === token.name);
    if (flag === undefined) throw new ConfigError(unknownFlag(token.rawName));
    const before = names.get(flag);
    if (before !== undefined)
      throw new ConfigError(`${token.rawName}: ${givenTwice(flag, token.rawName, before)}`);
    names.set(flag, token.rawName);
    given.set(flag, readToken(flag, token, negative !== undefined));
  }
  return given;
}

function givenTwice(flag: Flag, name: string, before: string): string {
  const other = flag.alias !== undefined && name !== before;
  return other ? `given more than once; ${before} is another name of it` : "given more than once";
}

function readToken(
  flag: Flag,
  token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  negative: boolean,
): Given {
  const { rawName, value } = token;
  if (!flag.boolean) {
    // `--sora.url --log.level=debug` forgot a value rather than asks for the URL `--log.level=debug`.
    if (value === undefined || (token.inlineValue === false && value.startsWith("-"))) {
      throw new ConfigError(`${rawName}: needs a value`);
    }
    return { value, origin: assignment(rawName, value) };
  }
  if (value === undefined) return { value: !negative, origin: rawName };
  if (negative) throw new ConfigError(`${rawName}: takes no value`);
  const origin = assignment(rawName, value);
  return { value: readBoolean(value, origin), origin };
}

function readBoolean(text: string, origin: string): boolean {
  if (text !== "true" && text !== "false") {
    throw new ConfigError(`${origin}: ${quote(text)} is not true or false`);
  }
  return text === "true";
}

/** `name=value` for messages. */
function assignment(name: string, value: string): string {
  return mayBeSecret(value) ? name : `${name}=${cut(value)}`;
}

/** Whether a text may be a URL with credentials in it. */
function mayBeSecret(text: string): boolean {
  return /[@?#]/.test(text);
}

function unknownFlag(rawName: string): string {
  // A name ends where something else begins, as in the one argument `--header: Bearer abc`.
  const shown = /^-*[\w.-]*/.exec(rawName)![0];
  const names = FLAGS.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
  const near = names.find((name) => isNear(shown.replace(/^-+(no-)?/, ""), name));
  return `unknown flag ${shown}; ${near === undefined ? "--help lists the flags" : `did you mean --${near}?`}`;
}

/** Whether a misspelt name means a flag: its section is missing, or at most two letters differ. */
function isNear(given: string, name: string): boolean {
  const letters = given.toLowerCase().replaceAll("_", "-");
  return name.endsWith(`.${letters}`) || distance(letters, name) <= 2;
}

/** How many letters to insert, remove or replace to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
