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

/** A value as messages show it: scalars as JSON, long strings cut, of lists and maps only what they are. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(cut(value));
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return value === null || value === undefined ? "an empty value" : "a map";
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
 * The path of a key as messages name it, such as `targets[1].url`. It ends at `headers` where a name that is no
 * plain word follows: in `headers: {Bearer abc}` the name is a secret in the wrong place.
 */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const [i, part] of path.entries()) {
    const word = String(part);
    const plain = /^[\w.-]+$/.test(word);
    if (!plain && path[i - 1] === "headers") break;
    if (typeof part === "number") text += `[${word}]`;
    else text += (text === "" ? "" : ".") + (plain ? word : quote(word));
  }
  return text;
}
