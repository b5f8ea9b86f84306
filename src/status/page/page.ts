/** The status page, whole. It needs no script; with one it stays as it is now. */

import type { Status, StatusQuery } from "../../engine/status.ts";
import { BOUNDS, queryString } from "../query.ts";
import { formatDuration, formatTime } from "./format.ts";
import { html, type Html } from "./html.ts";
import { chosen, time, type View } from "./parts.ts";
import { channelsSection, connectionsSection } from "./tables.ts";
import { isDown, targetsSection } from "./targets.ts";
import { type Language, LANGUAGES, TEXTS } from "./texts.ts";

/** So often the script has the page renewed, and so often the browser does without it, in seconds. */
const RENEW_S = 4;
const RENEW_WITHOUT_SCRIPT_S = 20;

export interface PageOptions {
  /** Undefined while the engine is being started anew. */
  readonly status: Status | undefined;
  readonly query: StatusQuery;
  readonly language: Language;
  /** Whether the language was asked for in the query, and so is to stay. */
  readonly languageChosen: boolean;
  /** Now, in milliseconds since the epoch, where there is no status. */
  readonly timeMs: number;
  /** Of this package. */
  readonly version: string;
  readonly telemetryPath: string;
  /** URLs of what belongs to the page, relative to it. */
  readonly assets: { readonly css: string; readonly script: string; readonly icon: string };
}

/** The page as it is sent. */
export function statusPage(options: PageOptions): string {
  const { status, query, language, languageChosen, version, telemetryPath, assets } = options;
  const texts = TEXTS[language];
  const timeMs = status?.timeMs ?? options.timeMs;
  const lang = languageChosen ? language : undefined;
  const link: View["link"] = (changes) => `./${queryString(query, { lang, ...changes })}`;
  const withoutData =
    status?.targets.filter(({ last }) => last === undefined).map(({ target }) => target) ?? [];
  const view: View = { texts, language, timeMs, withoutData, link };
  const unstable = status?.targets.reduce((sum, { last }) => sum + (last?.unstable ?? 0), 0) ?? 0;
  const bad = status?.targets.filter(isDown).length ?? 0;
  const marks = [
    bad > 0 ? `${texts.state.failing}: ${bad}` : "",
    unstable > 0 ? `${texts.byLevelAbove}: ${unstable}` : "",
  ];
  const other = LANGUAGES.find((one) => one !== language)!;
  return `<!doctype html>
${
  html`<html lang="${language}" data-page="${version} ${assets.css} ${assets.script}" data-renew="${RENEW_S}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${[...marks, texts.title].filter((mark) => mark !== "").join(" · ")}</title>
      <link rel="icon" href="${assets.icon}" />
      <link rel="stylesheet" href="${assets.css}" />
      <script src="${assets.script}" defer></script>
      <noscript><meta http-equiv="refresh" content="${RENEW_WITHOUT_SCRIPT_S}" /></noscript>
    </head>
    <body>
      <header>
        <h1>${texts.title} <small>sora-stats-exporter ${version}</small></h1>
        <nav aria-label="${texts.links}">
          <a href=".${telemetryPath}">${texts.metrics}</a>
          <a href="./api/status${queryString(query, {})}">${texts.json}</a>
          <a href="./-/healthy">${texts.healthy}</a>
          <a href="./-/ready">${texts.ready}</a>
          <a href="./config">${texts.config}</a>
          <a href="${link({ lang: other })}" lang="${other}" hreflang="${other}">${texts.language}</a>
        </nav>
      </header>
      <form role="search" method="get" action="./">
        <label for="q">${texts.filter}</label>
        <input
          id="q"
          name="q"
          type="search"
          value="${query.text}"
          maxlength="${BOUNDS.text}"
          placeholder="${texts.filterHint}"
          autocomplete="off"
          spellcheck="false"
        />
        ${Object.entries({ lang, channel: query.channel, target: query.target, ...changed(query) }).map(([name, value]) => (value === undefined ? undefined : html`<input type="hidden" name="${name}" value="${value}" />`))}
        <button type="submit">${texts.apply}</button>
        ${isFiltered(query) && html`<a class="reset" href="${link({ q: undefined, channel: undefined, target: undefined })}">${texts.reset}</a>`}
        <button type="button" id="pause" hidden data-resume="${texts.resume}">${texts.pause}</button>
      </form>
      ${chips(query, view)}
      <p id="lost" role="alert" hidden>${texts.lost}</p>
      <main id="live">
        <p class="updated">${texts.updated} ${time(timeMs, formatTime(timeMs))}</p>
        ${status === undefined ? html`<p class="problem">${texts.noEngine}</p>` : content(status, view)}
      </main>
    </body>
  </html> `.text
}`;
}

function isFiltered({ text, channel, target }: StatusQuery): true | undefined {
  return text !== "" || channel !== undefined || target !== undefined || undefined;
}

/** The exact filters, each with a link that takes it away. */
function chips({ channel, target }: StatusQuery, { texts, link }: View): Html | undefined {
  const all = [
    { key: "target", name: texts.target, value: target },
    { key: "channel", name: texts.channel, value: channel },
  ].flatMap(({ key, name, value }) =>
    value === undefined
      ? []
      : html`<li>
          ${name} <b>${chosen(value)}</b>
          <a
            href="${link({ [key]: undefined })}"
            aria-label="${texts.remove(name)}"
            title="${texts.remove(name)}"
            >×</a
          >
        </li>`,
  );
  if (all.length === 0) return undefined;
  return html`<ul class="chips">
    ${all}
  </ul>`;
}

/** How many rows there are to be, where that is not the usual. */
function changed(query: StatusQuery): Record<string, number | undefined> {
  const { channels, connections } = query;
  return {
    channels: channels === BOUNDS.channels.usual ? undefined : channels,
    connections: connections === BOUNDS.connections.usual ? undefined : connections,
  };
}

function content({ targets, channels, connections }: Status, view: View): Html {
  const { texts } = view;
  const several = targets.length > 1;
  const spans = targets.flatMap(({ last }) => (last?.rateSeconds === undefined ? [] : [last.rateSeconds]));
  const [shortest, longest] = [Math.min(...spans), Math.max(...spans)].map(formatDuration);
  const span = shortest === longest ? shortest! : `${shortest!} – ${longest!}`;
  return html`${targetsSection(targets, view)}
    ${channelsSection(channels, several, BOUNDS.channels.most, view)}
    ${connectionsSection(connections, several, BOUNDS.connections.most, view)}
    <footer>
      <p>
        ${spans.length > 0 ? texts.ratesOver(span) : view.withoutData.length < targets.length ? texts.ratesSoon : texts.ratesUnknown}
      </p>
      <p>${texts.directions}</p>
      <p>${texts.order}</p>
    </footer>`;
}
