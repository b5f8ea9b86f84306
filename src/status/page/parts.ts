/** Small pieces of the page that occur in several places. */

import type { LevelCounts } from "../survey.ts";
import { formatAge, formatCount, formatTime } from "./format.ts";
import { type Content, html, type Html } from "./html.ts";
import type { Language, Texts } from "./texts.ts";

/** What all pieces need to know. */
export interface View {
  readonly texts: Texts;
  readonly language: Language;
  /** Now, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** Names of the targets of which nothing is known. */
  readonly withoutData: readonly string[];
  /** A link to this page, its query changed so; undefined takes a parameter away. */
  readonly link: (changes: Readonly<Record<string, string | number | undefined>>) => string;
}

/** Names longer than this are cut for the eye, in UTF-16 code units; a limit of the configuration may allow more. */
const MAX_SHOWN = 256;

/** A text that somebody chose: direction and marks of it change nothing around it. */
export function chosen(text: string): Html {
  return html`<bdi>${cut(text, MAX_SHOWN)}</bdi>`;
}

/** The beginning of a text where it is too long, without half a character at its end. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

/** A time, by what is more useful at three in the morning: how long ago it was. */
export function ago(timeMs: number, { texts, timeMs: nowMs }: View): Html {
  return time(timeMs, texts.ago(formatAge(nowMs - timeMs, texts.units)));
}

/** A time in other words, with the absolute one for machines and as a tip. */
export function time(timeMs: number, words: Content): Html {
  return html`<time datetime="${new Date(timeMs).toISOString()}" title="${formatTime(timeMs)}"
    >${words}</time
  >`;
}

/** The level of a connection, by colour, number and word. */
export function levelBadge(level: number | undefined, { texts }: View): Html {
  if (level === undefined) return html`<span class="level none" title="${texts.levelNotSent}">–</span>`;
  return html`<span class="level l${shade(level)}"
    >${level} <small>${texts.levelNames[level] ?? ""}</small></span
  >`;
}

/** Which colour a level has. */
function shade(level: number): number {
  return Math.min(3, Math.max(0, Math.ceil(level)));
}

const BAR_WIDTH = 1000;

/** Connections by level as one bar; its numbers stand beside it, so it is nothing to those who do not see it. */
export function levelBar(levels: LevelCounts): Html {
  const all = levels.reduce((sum, { connections }) => sum + connections, 0);
  let from = 0;
  const pieces = levels
    .filter(({ connections }) => connections > 0)
    .map(({ level, connections }) => {
      const width = (connections / all) * BAR_WIDTH;
      const piece = html`<rect
        class="l${shade(level)}"
        x="${from.toFixed(1)}"
        width="${width.toFixed(1)}"
        height="10"
      />`;
      from += width;
      return piece;
    });
  return html`<svg class="bar" viewBox="0 0 ${BAR_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">
    ${pieces}
  </svg>`;
}

/** The same in words, without the levels that nobody has: `Level 0 (stable): 5, Level 2: 1`. */
export function levelWords(levels: LevelCounts, { texts }: View): string {
  return levels
    .filter(({ connections }) => connections > 0)
    .map(({ level, connections }) => `${levelName(level, texts)}: ${formatCount(connections)}`)
    .join(", ");
}

function levelName(level: number, texts: Texts): string {
  return texts.levelName(level, texts.levelNames[level] ?? "");
}

/** The numbers of connections by level. */
export function levelNumbers(levels: LevelCounts, { texts }: View): Html {
  const items = levels.map(
    ({ level, connections }) =>
      html`<li class="${connections === 0 ? "zero" : ""}">
        <span class="dot l${shade(level)}" aria-hidden="true"></span>${levelName(level, texts)}
        <b>${formatCount(connections)}</b>
      </li>`,
  );
  return html`<ul class="levels">
    ${items}
  </ul>`;
}
