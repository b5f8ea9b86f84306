/** Finding connections by text, or by the name of their channel or target. */

/** Words of a text beyond this many count no more. */
const MAX_WORDS = 16;

/** Names longer than this, in UTF-16 code units, are told apart by their beginning alone: they stand in URLs. */
export const MAX_NAME = 300;

/** A name as it is compared, and as it stands in a URL. */
export function exactName(name: string): string {
  return name.slice(0, MAX_NAME).toWellFormed();
}

/**
 * Makes a filter: whether each word of a text occurs in one of some values, whatever the case and the
 * width of its letters.
 *
 * @returns undefined where the text has no words, and everything fits
 */
export function createFilter(text: string): ((values: readonly string[]) => boolean) | undefined {
  const words = fold(text)
    .split(/\s+/u)
    .filter((word) => word !== "")
    .slice(0, MAX_WORDS);
  if (words.length === 0) return undefined;
  return (values) => {
    const whole = fold(values.join("\n"));
    return words.every((word) => whole.includes(word));
  };
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
