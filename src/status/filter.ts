/** Finding connections by text. */

/** Words of a text beyond this many count no more. */
const MAX_WORDS = 16;

/**
 * Makes a filter: whether each word of a text occurs in one of some values, whatever the case of its letters.
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
  return text.toLowerCase();
}
