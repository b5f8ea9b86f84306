/** Secrets that are sent in headers are taken out of what Sora and receivers answer, as they may repeat what they were sent. */

/** How many values are kept in mind: those of files change. */
const MAX_VALUES = 100;
/** What is shorter stands for itself in many a text, and is hidden only where it stands alone. */
const MIN_LENGTH = 4;
/** So much of a value's beginning is enough to take it for the value: what is told may be cut. */
const TELLING_LENGTH = 8;

/** What is shown in place of a secret. */
export const SHOWN_SECRET = "<secret>";

/** Knows what was sent. */
export class Mask {
  readonly #values = new Set<string>();

  /** Takes the value of a header that is sent from now on. */
  learn(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    if (this.#values.size > MAX_VALUES) this.#values.delete(this.#values.values().next().value!);
  }

  /**
   * A text without any of the values, or the beginning of a long one, as they are or in JSON, a URL or Base64, and without what
   * stands behind a scheme in them.
   */
  hide(text: string): string {
    const unique = new Set([...this.#values].flatMap(formsOf).filter((form) => form !== ""));
    // The longest ones first: others are parts of them, or begin like them.
    const forms = [...unique].sort((a, b) => b.length - a.length);
    return forms.reduce(hideBeginning, forms.reduce(hideWhole, text));
  }
}

function formsOf(value: string): string[] {
  const [, scheme, rest] = /^(\S+)\s+(.+)$/s.exec(value) ?? [];
  const plain = [value];
  if (rest !== undefined) plain.push(rest);
  if (rest !== undefined && /^basic$/i.test(scheme!)) {
    const pair = Buffer.from(rest, "base64").toString();
    plain.push(pair, pair.slice(pair.indexOf(":") + 1));
  }
  return plain.flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form.toWellFormed()),
    Buffer.from(form).toString("base64"),
  ]);
}

function hideWhole(text: string, secret: string): string {
  if (secret.length >= MIN_LENGTH) return text.replaceAll(secret, SHOWN_SECRET);
  const escaped = secret.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "gu"), SHOWN_SECRET);
}

function hideBeginning(text: string, secret: string): string {
  if (secret.length <= TELLING_LENGTH) return text;
  const beginning = secret.slice(0, TELLING_LENGTH);
  for (let at = text.indexOf(beginning); at !== -1; at = text.indexOf(beginning, at + SHOWN_SECRET.length)) {
    let length = beginning.length;
    while (length < secret.length && text[at + length] === secret[length]) length++;
    text = text.slice(0, at) + SHOWN_SECRET + text.slice(at + length);
  }
  return text;
}
