/** The part of the page about channels and connections: tables that become cards where there is no room. */

import type { ChannelStatus, ConnectionStatus, Listed } from "../../engine/status.ts";
import type { RatesOfOne } from "../survey.ts";
import { exactName } from "../filter.ts";
import type { Rate } from "../rates.ts";
import { POINTS } from "../trouble.ts";
import { formatAge, formatCount, formatKilobits, formatTrouble, formatWhole } from "./format.ts";
import { type Content, html, type Html } from "./html.ts";
import { chosen, levelBadge, levelBar, levelWords, time, type View } from "./parts.ts";
import type { Texts } from "./texts.ts";

/** A column of rates. */
interface RateColumn {
  readonly rate: Rate;
  readonly group: (texts: Texts) => string;
  /** Undefined where it is alone in its group. */
  readonly title?: (texts: Texts) => string;
  readonly format: (rate: number | undefined) => string;
}

const RATE_COLUMNS: readonly RateColumn[] = [
  { rate: "receivedBits", group: (t) => t.kilobits, title: (t) => t.received, format: formatKilobits },
  { rate: "sentBits", group: (t) => t.kilobits, title: (t) => t.sent, format: formatKilobits },
  { rate: "receivedPackets", group: (t) => t.packets, title: (t) => t.received, format: formatWhole },
  { rate: "sentPackets", group: (t) => t.packets, title: (t) => t.sent, format: formatWhole },
  { rate: "lostChecks", group: (t) => t.lostChecks, format: formatTrouble },
  { rate: "pliReceived", group: (t) => t.pli, format: formatTrouble },
  { rate: "nackMisses", group: (t) => t.nack, title: (t) => t.missed, format: formatTrouble },
  { rate: "nackHits", group: (t) => t.nack, title: (t) => t.answered, format: formatTrouble },
];

/** A rate of so many points a connection stands out; some PLI and NACK every call has, and those answered are mended. */
const BAD_POINTS = 1;

/** So many targets without data are named. */
const MAX_NAMES = 10;

/** How a table is called, and the parameter that says how many rows it may have. */
interface Table<T> {
  readonly id: "channels" | "connections";
  readonly title: string;
  /** Titles of the columns before the rates. */
  readonly heads: readonly string[];
  /** Their cells; the first names the row. */
  readonly cells: (one: T) => readonly Html[];
  readonly most: number;
}

/** @param most how many rows there may be at most, if more are asked for */
export function channelsSection(
  channels: Listed<ChannelStatus>,
  several: boolean,
  most: number,
  view: View,
): Html {
  const { texts } = view;
  return section(
    channels,
    {
      id: "channels",
      title: texts.worstChannels,
      heads: [texts.channel, texts.level, texts.connections],
      most,
      cells: ({ target, channelId, connections, levels }) => [
        html`<th scope="row">
          ${channelLink(channelId, several ? target : undefined, view)}${several ? html`<small>${chosen(target)}</small>` : undefined}
        </th>`,
        cell(texts.level, levelBadge(worstOf(levels), view), "level-cell"),
        cell(
          texts.connections,
          html`<span class="mix" title="${levels && levelWords(levels, view)}"
            >${levels && levelBar(levels)}<b>${formatCount(connections)}</b></span
          >`,
          "mix-cell",
        ),
      ],
    },
    view,
  );
}

/** @param most how many rows there may be at most, if more are asked for */
export function connectionsSection(
  connections: Listed<ConnectionStatus>,
  several: boolean,
  most: number,
  view: View,
): Html {
  const { texts } = view;
  return section(
    connections,
    {
      id: "connections",
      title: texts.worstConnections,
      heads: [texts.connection, texts.level, texts.who],
      most,
      cells: (one) => [
        html`<th scope="row">
          <span class="id">${chosen(one.connectionId)}</span
          ><small
            >${channelLink(one.channelId, several ? one.target : undefined, view)}${several ? html` · ${chosen(one.target)}` : undefined}</small
          >
        </th>`,
        cell(texts.level, levelBadge(one.level, view), "level-cell"),
        cell(texts.who, who(one, view), "who"),
      ],
    },
    view,
  );
}

function worstOf(levels: ChannelStatus["levels"]): number | undefined {
  return levels?.findLast(({ connections }) => connections > 0)?.level;
}

/** Shows the connections of the channel alone, of one target where there are several. */
function channelLink(channelId: string, target: string | undefined, { link }: View): Html {
  const only = { channel: exactName(channelId), target: target && exactName(target) };
  return html`<a href="${link({ q: undefined, ...only })}">${chosen(channelId)}</a>`;
}

function who({ info, createdMs }: ConnectionStatus, { texts, timeMs }: View): Html {
  const { client_id, role, video_codec, audio_codec, node_name } = info;
  const codecs = [video_codec, audio_codec].filter((codec) => codec !== undefined);
  const simulcast = info.simulcast === "true" ? "simulcast" : undefined;
  const spotlight = info.spotlight === "true" ? "spotlight" : undefined;
  const details = [role, codecs.length > 0 ? codecs.join("/") : undefined, simulcast, spotlight, node_name]
    .filter((detail) => detail !== undefined)
    .map(chosen);
  const connected =
    createdMs === undefined
      ? undefined
      : html` <span class="connected"
          >${time(createdMs, texts.connected(formatAge(timeMs - createdMs, texts.units)))}</span
        >`;
  return html`<span class="client">${client_id === undefined ? "–" : chosen(client_id)}</span
    >${connected}<small>${details.map((detail, i) => [i === 0 ? "" : " · ", detail])}</small>`;
}

function section<T extends ChannelStatus | ConnectionStatus>(
  listed: Listed<T>,
  { id, title, heads, cells, most }: Table<T>,
  view: View,
): Html {
  const { shown } = listed;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title} <small>${howMany(listed, view)}</small></h2>
    ${unknown(listed, view)}
    ${
      listed.all === undefined
        ? undefined
        : shown.length === 0
          ? html`<p class="nothing">${listed.all === 0 ? view.texts.none : view.texts.nothingFits}</p>`
          : html`<div class="scroll" id="${id}-scroll" role="region" aria-labelledby="${id}" tabindex="0">
                <table class="${id}">
                  ${tableHead(heads, view)}
                  <tbody>
                    ${shown.map(
                      (one) =>
                        html`<tr>
                          ${cells(one)}${rateCells(one.rates, "connections" in one ? one.connections : 1, view)}
                        </tr> `,
                    )}
                  </tbody>
                </table>
              </div>
              ${more(listed, id, most, view)}`
    }
  </section>`;
}

/** Of which targets nothing is known. */
function unknown({ all }: Listed<unknown>, { texts, withoutData }: View): Html | undefined {
  if (all === undefined) return html`<p class="nothing">${texts.unknown}</p>`;
  if (withoutData.length === 0) return undefined;
  const names = withoutData.slice(0, MAX_NAMES).map((name, i) => [i === 0 ? "" : ", ", chosen(name)]);
  const more = withoutData.length > MAX_NAMES ? " …" : "";
  return html`<p class="nothing">${texts.unknownOf} ${names}${more}</p>`;
}

function howMany({ all, matching, shown }: Listed<unknown>, { texts }: View): string {
  if (all === undefined || matching === undefined) return "";
  const n = formatCount(shown.length);
  return matching === all
    ? texts.shown(n, formatCount(all))
    : texts.fitting(n, formatCount(matching), formatCount(all));
}

function more(
  { matching, shown }: Listed<unknown>,
  id: string,
  most: number,
  { texts, link }: View,
): Html | undefined {
  if (matching === undefined || shown.length >= matching || shown.length >= most) return undefined;
  return html`<p class="more">
    <a id="more-${id}" href="${link({ [id]: Math.min(most, shown.length * 4) })}">${texts.showMore}</a>
  </p>`;
}

function tableHead(heads: readonly string[], { texts }: View): Html {
  const groups: { name: string; columns: RateColumn[] }[] = [];
  for (const column of RATE_COLUMNS) {
    const name = column.group(texts);
    if (groups.at(-1)?.name === name) groups.at(-1)!.columns.push(column);
    else groups.push({ name, columns: [column] });
  }
  const upper = groups.map(({ name, columns }) =>
    columns.length === 1
      ? html`<th scope="col" rowspan="2" class="number">${name}</th>`
      : html`<th scope="colgroup" colspan="${columns.length}" class="group">${name}</th>`,
  );
  const lower = groups.flatMap(({ columns }) =>
    columns.length === 1
      ? []
      : columns.map(({ title }) => html`<th scope="col" class="number">${title!(texts)}</th>`),
  );
  return html`<thead>
    <tr>
      ${heads.map((head) => html`<th scope="col" rowspan="2">${head}</th>`)}${upper}
    </tr>
    <tr>
      ${lower}
    </tr>
  </thead>`;
}

/** @param connections how many they are of */
function rateCells(rates: RatesOfOne, connections: number, { texts }: View): Html[] {
  return RATE_COLUMNS.map(({ rate, group, title, format }) => {
    const value = rates[rate];
    const weight = POINTS[rate] ?? 0;
    const isBad = weight >= 1 && ((value ?? 0) * weight) / connections >= BAD_POINTS;
    const style = value === undefined || value === 0 ? " zero" : isBad ? " bad" : "";
    const name = title === undefined ? group(texts) : `${group(texts)} ${title(texts)}`;
    return cell(name, format(value), `number${style}`);
  });
}

/** @param name of the column, shown where the row is a card */
function cell(name: string, value: Content, style: string): Html {
  return html`<td class="${style}" data-name="${name}">${value}</td>`;
}
