/** Takes out of what is told what was sent in headers: a server may repeat that in its errors, on purpose or in debugging. */

import { SoraFailure } from "./failure.ts";

/** What is shorter stands in too many texts that have nothing to do with it. */
const MIN_LENGTH = 4;
/** So much of a value's beginning is enough to take it for the value: what is told may be cut. */
const TELLING_LENGTH = 8;
const HIDDEN = "<secret>";

/** A failure whose message holds none of the values, nor the beginning of one. */
export function conceal(failure: SoraFailure, values: readonly string[]): SoraFailure {
  const message = hide(failure.message, values);
  if (message === failure.message) return failure;
  const { reason, refusal, cause } = failure;
  return new SoraFailure(reason, message, { refusal, cause });
}

function hide(text: string, values: readonly string[]): string {
  // The longest first: others are parts of them.
  const parts = [...new Set(values.flatMap(partsOf))].sort((a, b) => b.length - a.length);
  return parts.reduce(hideOne, text);
}

function hideOne(text: string, secret: string): string {
  const beginning = secret.slice(0, TELLING_LENGTH);
  for (let at = text.indexOf(beginning); at !== -1; at = text.indexOf(beginning, at + HIDDEN.length)) {
    let length = beginning.length;
    while (length < secret.length && text[at + length] === secret[length]) length++;
    text = text.slice(0, at) + HIDDEN + text.slice(at + length);
  }
  return text;
}

/** A value, what stands behind its scheme, and the password in it; each also as URLs and Base64 have it. */
function partsOf(value: string): string[] {
  const [, scheme = "", rest] = /^(\S+) +(.+)$/.exec(value) ?? [];
  const plain = rest === undefined ? [value] : [value, rest];
  if (rest !== undefined && scheme.toLowerCase() === "basic") {
    const pair = Buffer.from(rest, "base64").toString();
    plain.push(pair, pair.slice(pair.indexOf(":") + 1));
  }
  return plain
    .flatMap((part) => [part, encodeURIComponent(part.toWellFormed()), Buffer.from(part).toString("base64")])
    .filter((part) => part.length >= MIN_LENGTH);
}
