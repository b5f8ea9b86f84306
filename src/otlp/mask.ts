/** Secrets that are sent in headers are taken out of what receivers answer, as they may repeat what they were sent. */

/** How many values are kept in mind: those of files change. */
const MAX_VALUES = 100;
/** What is shorter stands for itself in many a text, and is hidden only where it stands alone. */
const MIN_LENGTH = 4;
const HIDDEN = "<secret>";

/** Knows what was sent. */
export class Mask {
  readonly #values = new Set<string>();

  /** Takes the value of a header that is sent from now on. */
  learn(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    if (this.#values.size > MAX_VALUES) this.#values.delete(this.#values.values().next().value!);
  }

  /** A text without any of the values, as they are or in JSON, a URL or Base64, and without what stands behind a scheme in them. */
  hide(text: string): string {
    const forms = [...this.#values].flatMap(formsOf).filter((form) => form !== "");
    // The longest ones first: others are parts of them.
    const patterns = [...new Set(forms)].sort((a, b) => b.length - a.length).map(patternOf);
    return patterns.length === 0 ? text : text.replaceAll(new RegExp(patterns.join("|"), "gu"), HIDDEN);
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

function patternOf(form: string): string {
  const pattern = form.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return form.length < MIN_LENGTH ? `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])` : pattern;
}
