/** How the configuration says what is wrong with it. */

/** What is longer only repeats what it was given, such as a path. */
const MESSAGE_LENGTH = 2000;

/** A mistake in the configuration or on the command line; its message is one line: where, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(message: string) {
    // A terminal would obey some control characters.
    super(message.slice(0, MESSAGE_LENGTH).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " "));
  }
}

/** Something wrong with one key: the key's path, and a sentence whose subject is the value. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const QUOTED_LENGTH = 80;

/** More than is shown, and few enough for what takes the square of it. */
const LOOKED_AT = 1000;

/** Hashes of passwords, keys in PEM, and what is left of either: no URL has capitals and digits in so long a run. */
const SECRET_LIKE = /\$2[abxy]?\$|-----BEGIN|(?=\S*[A-Z])(?=\S*\d)[A-Za-z0-9+/=.]{44}/;

/**
 * A value as messages show it: scalars as JSON, long strings cut, of lists and maps only what they are, and nothing of what
 * looks like a hash or a key.
 */
export function quote(value: unknown): string {
  if (typeof value === "string")
    return SECRET_LIKE.test(value.slice(0, LOOKED_AT)) ? "what stands there" : quotePath(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return value === null || value === undefined ? "an empty value" : "a map";
}

/** The path of a file as messages show it, which may look like a key. */
export function quotePath(path: string): string {
  return JSON.stringify(cut(path));
}

/** The beginning of a text that is long for a message. */
export function cut(text: string): string {
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

/** What an exception says, for the end of a message. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The path of a key as messages name it, such as `targets[1].url`. Of a name that is no plain word it has what stands before a
 * colon, and otherwise it ends there: in `headers: {Bearer abc}` the name is a secret in the wrong place, and in
 * `{bearer_token:abc}`, which lacks a space, half of it.
 */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const [i, part] of path.entries()) {
    const word = String(part);
    const plain = /^[\w.-]+$/.test(word);
    const [beginning] = path[i - 1] === "headers" ? [] : (/^[\w.-]+:/.exec(word) ?? []);
    if (!plain && beginning === undefined) break;
    if (typeof part === "number") text += `[${word}]`;
    else text += (text === "" ? "" : ".") + (plain ? word : `"${beginning}…"`);
  }
  return text;
}
