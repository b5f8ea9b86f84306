/**
 * Texts in which `*` stands for any characters, or for none. What is held against them may be chosen by anybody, so it is
 * read once from its beginning to its end: no regular expression that could go back.
 */

/** Whether a text is what a pattern says. */
export function matches(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head)) return false;
  let from = head.length;
  // The first place will do: whatever fits behind a later one fits behind it too.
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - from >= tail.length && text.endsWith(tail);
}

/** What tells whether a text is chosen: what one of `include` says, or all where that is empty, without what `exclude` says. */
export function createChoice(
  include: readonly string[],
  exclude: readonly string[],
): (text: string) => boolean {
  return (text) =>
    (include.length === 0 || include.some((pattern) => matches(pattern, text))) &&
    !exclude.some((pattern) => matches(pattern, text));
}
