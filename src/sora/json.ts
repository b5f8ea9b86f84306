/**
 * JSON.parse, around a mistake of V8 14.6 (Node.js 26): where an object is expected to have a key that holds a backslash,
 * another key whose escapes are spelled like it is taken for it, so that after `"#a\\"` the key `"#a\""` is lost. Keys are
 * chosen by Sora's users too, as labels of data channels. So backslashes are kept out of keys while V8 sees them, where
 * they are spelled `\\`, as JSON writers do; `\u005c` is left as it is.
 */

/** Stands for a backslash in a key; a noncharacter of Unicode, which text should not hold: where it does, U+FFFD shows it. */
const STAND_IN = "\u{fdd0}";

/**
 * Parses JSON. Keys that hold a backslash have a stand-in for it, which `originalKey` takes back.
 *
 * @throws SyntaxError where the text is no JSON
 */
export function parseJson(text: string): unknown {
  return JSON.parse(
    hideBackslashesOfKeys(text.includes(STAND_IN) ? text.replaceAll(STAND_IN, "\u{fffd}") : text),
  );
}

/** A key of what `parseJson` returned, as it was written. */
export function originalKey(key: string): string {
  return key.includes(STAND_IN) ? key.replaceAll(STAND_IN, "\\") : key;
}

/** Looks at strings that hold a backslash alone, as almost none does; the rest of the text is not touched. */
function hideBackslashesOfKeys(text: string): string {
  let hidden = "";
  let done = 0;
  for (let at = text.indexOf(BACKSLASH); at !== -1;) {
    const close = closingQuote(text, at);
    if (close === -1) break; // Cut off, so no JSON in any case.
    COLON.lastIndex = close + 1;
    if (COLON.test(text)) {
      hidden += text.slice(done, at) + text.slice(at, close).replaceAll(BACKSLASH, STAND_IN);
      done = close;
    }
    at = text.indexOf(BACKSLASH, close + 1);
  }
  return hidden + text.slice(done);
}

/** A backslash as JSON spells it. */
const BACKSLASH = "\\\\";

/** Behind a string that is a key. */
const COLON = /\s*:/y;

/** Where the string closes that `from` is in, or -1; in time that grows with the string alone, even if it never ends. */
function closingQuote(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote;
  }
  return -1;
}

/** Whether a value of JSON is an object: no array, and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
