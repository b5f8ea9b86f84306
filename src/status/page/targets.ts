/** The part of the page about the targets: how the polls go. */

import type { TargetStatus } from "../../engine/status.ts";
import { formatAge, formatBytes, formatCount, formatDuration, formatTime } from "./format.ts";
import { type Content, html, type Html } from "./html.ts";
import { ago, chosen, cut, levelBar, levelNumbers, time, type View } from "./parts.ts";
import type { Texts } from "./texts.ts";

/** Messages quote what others answer, one for each address. */
const MAX_MESSAGE = 600;

/** So many nodes that are not connected are named. */
const MAX_NODES = 20;

/** All targets: first those that are in trouble, then as in the configuration. */
export function targetsSection(targets: readonly TargetStatus[], view: View): Html {
  const ordered = targets.toSorted((a, b) => Number(isDown(b)) - Number(isDown(a)));
  return html`<section aria-labelledby="targets">
    <h2 id="targets">${view.texts.targets}</h2>
    <div class="targets">${ordered.map((target) => targetCard(target, view))}</div>
  </section>`;
}

/** Whether its last poll failed, or its data are gone. */
export function isDown({ state }: TargetStatus): boolean {
  return state === "failing" || state === "stale";
}

function targetCard(target: TargetStatus, view: View): Html {
  const { texts } = view;
  const { state, good, last } = target;
  return html`<article class="target ${state}">
    <h3>
      <span class="state ${state}">${stateText(target, texts)}</span> ${chosen(target.target)}
      <span class="url"
        >${chosen(target.url)} · ${texts.every(formatDuration(target.intervalMs / 1000))}</span
      >
    </h3>
    ${problem(target, view)}
    <dl>
      ${
        last && [
          fact(texts.connections, formatCount(last.connections), "big"),
          fact(texts.channels, formatCount(last.channels), "big"),
        ]
      }
      ${fact(texts.lastGoodPoll, good === undefined ? texts.never : [ago(good.timeMs, view), html` <small>${formatTime(good.timeMs).slice(11)}</small>`])}
      ${
        good && [
          fact(isDown(target) ? texts.lastPollDuration : texts.pollDuration, formatDuration(good.seconds)),
          fact(isDown(target) ? texts.lastAnswerSize : texts.answerSize, formatBytes(good.bytes)),
        ]
      }
      ${
        last && [
          fact(texts.series, formatCount(last.series)),
          fact(texts.dropped, formatCount(last.droppedSeries), last.droppedSeries > 0 ? "bad" : ""),
        ]
      }
    </dl>
    ${last && levels(last, view)} ${clusterNodes(target, view)}
    ${state === "up" ? failingCalls(target, view) : undefined}
    ${state === "up" && target.error !== undefined ? errorLine(target.error, view) : undefined}
  </article>`;
}

/** Whether its data have become too old or there never were any is the same to who looks at it. */
function stateText({ state, failing, last }: TargetStatus, texts: Texts): string {
  return failing !== undefined && last === undefined ? texts.failingWithoutData : texts.state[state];
}

function fact(name: string, value: Content, style = ""): Html {
  return html`<div class="${style}">
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** What is wrong, first of all. */
function problem(target: TargetStatus, view: View): Html | undefined {
  const { failing, error, good, last } = target;
  const { texts, timeMs } = view;
  if (!isDown(target)) return undefined;
  const data =
    last !== undefined
      ? texts.oldData(formatAge(timeMs - last.timeMs, texts.units))
      : good === undefined
        ? texts.noData
        : texts.gone;
  return html`<div class="problem">
    ${failing && html`<p><b>${time(failing.sinceMs, texts.failingFor(formatAge(timeMs - failing.sinceMs, texts.units)))}</b> (${formatTime(failing.sinceMs)}), ${texts.polls(failing.polls)}</p>`}
    ${failing && error && html`<p>${message(error)}</p>`}
    <p>${data}</p>
  </div>`;
}

type PollError = NonNullable<TargetStatus["error"]>;

function message({
  reason,
  message: text,
  seconds,
}: Pick<PollError, "reason" | "message"> & Partial<PollError>): Html {
  // Some messages begin with the reason.
  const code = text.startsWith(`${reason} `) ? undefined : html`<code>${reason}</code>`;
  return html`${code}
    <bdi>${cut(text, MAX_MESSAGE)}</bdi>
    ${seconds === undefined ? undefined : html`<small>(${formatDuration(seconds)})</small>`}`;
}

function errorLine(error: PollError, view: View): Html {
  return html`<p class="past">${view.texts.lastError}: ${ago(error.timeMs, view)} ${message(error)}</p>`;
}

/** How many nodes are connected, and which are not. */
function clusterNodes({ clusterNodes: nodes }: TargetStatus, { texts }: View): Html | undefined {
  if (nodes === undefined) return undefined;
  const gone = nodes.filter(({ connected }) => !connected);
  const [connected, all] = [nodes.length - gone.length, nodes.length].map(formatCount);
  const names = gone.slice(0, MAX_NODES).map(({ name }, i) => [i === 0 ? "" : ", ", chosen(name)]);
  return html`<p class="${gone.length > 0 ? "notice" : "past"}">
    ${texts.nodes(connected!, all!)}${gone.length === 0 ? undefined : [" · ", texts.notConnected, " ", names, gone.length > MAX_NODES ? " …" : ""]}
  </p>`;
}

function failingCalls({ failingCalls: calls }: TargetStatus, { texts }: View): Html[] {
  return calls.map((call) => html`<p class="notice">${texts.callFails(call.operation)} ${message(call)}</p>`);
}

function levels({ levels: counts, connections }: NonNullable<TargetStatus["last"]>, view: View): Html {
  const { texts } = view;
  if (counts === undefined)
    return html`<p class="by-level">
      <span>${texts.byLevel}</span> ${connections === 0 ? "–" : texts.levelNotSent}
    </p>`;
  const known = counts.reduce((sum, one) => sum + one.connections, 0);
  const others =
    known < connections &&
    html` <p class="by-level">${texts.withoutLevel}: ${formatCount(connections - known)}</p>`;
  return html`<div class="by-level">
    <span>${texts.byLevel}</span>${levelBar(counts)}${levelNumbers(counts, view)}${others || undefined}
  </div>`;
}
