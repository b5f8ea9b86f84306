/** HTML as a template, in which everything is escaped that is not HTML already. */

/** A piece of HTML, made by `html`. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text, which is escaped, HTML, lists of them, or nothing. */
export type Content = string | number | Html | undefined | readonly Content[];

/** Characters that mean something in HTML's text or in a quoted attribute, and what they become. */
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Makes a text fit to stand in HTML, also in an attribute within quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/**
 * A template: html`<td title="${text}">${content}</td>`; attributes are to be within double quotes. Indentation of
 * the template itself is not sent.
 */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = "";
  for (const [i, part] of parts.entries()) {
    if (i > 0) text += write(contents[i - 1]);
    text += part.includes("\n") ? part.replaceAll(/\n\s+/g, "\n") : part;
  }
  return new Html(text);
}

function write(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number") return String(content);
  return content.map(write).join("");
}
