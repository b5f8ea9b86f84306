/**
 * Who has the focus in a channel of spotlight: those to whom the API gave it, then those who talk, up to the number of
 * places that the channel has. The focus goes by the voice, so that whoever sends takes a place, without video too.
 *
 * It moves where a window of talk begins, and at once where the API is called. Among those who talk, whoever began last
 * is in front; so the focus in a window follows from who is there and what the API has been told, not from the windows
 * before it. The documents give the names of the counters alone. What they count here:
 *
 * - `no_room`: lost to somebody else, or as there are fewer places
 * - `out_packet`: lost by falling silent
 * - `publish`: taken away by UnfocusSpotlight
 * - `focus_failed`: not got, as there was no place
 */

import type { Plan } from "./plan.ts";
import { hash } from "./prng.ts";
import type { Channel, Connection } from "./state.ts";

/** The focus of a channel, as far as the API has set it. */
export interface Focus {
  /** How many may have the focus, 1 to 8. */
  places: number;
  /** To whom the API gave it, the first in front; never more than there are places. */
  given: { connectionId: string; fixed: boolean; untilWindow: number }[];
}

/** How a connection stands with the focus. */
export interface Standing {
  focused: boolean;
  /** Whether it talked, and was free to have the focus for that, when the focus moved last. */
  wants: boolean;
  /** The focus was taken away in this window: what it says until it is silent next does not get it back. */
  barredIn: number;
}

/** So long somebody talks or is silent, in ticks. */
export const TALK_TICKS = 6;

const DEFAULT_PLACES = 5;
/** So many windows a focus lasts that is given and not fixed, the one in which it is given among them: up to 30 s. */
const GIVEN_WINDOWS = 5;

/** The focus of a channel to which nobody has given one. */
export function createFocus(): Focus {
  return { places: DEFAULT_PLACES, given: [] };
}

/** How somebody stands who has just come. */
export function createStanding(): Standing {
  return { focused: false, wants: false, barredIn: -1 };
}

/** The window of talk that a tick is in. */
export function windowAt(tickIndex: number): number {
  return Math.floor(tickIndex / TALK_TICKS);
}

/** Whether a sender talks in a window. */
export function talksIn(plan: Plan, window: number): boolean {
  return hash(plan.lifeKey, window, 0, 51) < 0.4;
}

/** Moves the focus of all channels at the beginning of a window. */
export function turnWindow(
  channels: readonly Channel[],
  connections: readonly (Connection | undefined)[],
  window: number,
): void {
  const senders = new Map<number, Connection[]>();
  for (const connection of connections) {
    if (connection === undefined || !takesPlaces(connection)) continue;
    const { channel } = connection.plan.slot;
    const there = senders.get(channel);
    if (there === undefined) senders.set(channel, [connection]);
    else there.push(connection);
  }
  for (const [channel, there] of senders) {
    const { focus } = channels[channel]!;
    focus.given = focus.given.filter(({ untilWindow }) => window < untilWindow);
    moveFocus(focus, there, window, "out_packet");
  }
}

/**
 * Gives a sender the focus, fixed or for some windows; one that is fixed stays so. Where all places are given to others,
 * the one to whom it was given first loses it; where all of those are fixed, and for somebody who sends nothing, it
 * fails. Does nothing in a channel without spotlight.
 *
 * @param members all connections of the channel
 */
export function giveFocus(
  { focus }: Channel,
  members: readonly Connection[],
  connection: Connection,
  { fixed, window }: { fixed: boolean; window: number },
): void {
  const { plan, sections, standing } = connection;
  if (plan.slot.kind !== "spotlight") return;
  forgetDeparted(focus, members);
  const own = focus.given.find(({ connectionId }) => connectionId === plan.connectionId);
  if (own?.fixed === true) return;
  const others = focus.given.filter((one) => one !== own);
  const first = others.find((one) => !one.fixed);
  if (!plan.sends || (others.length >= focus.places && first === undefined)) {
    sections.spotlight.total_spotlight_focus_failed += 1;
    return;
  }
  focus.given = others.length < focus.places ? others : others.filter((one) => one !== first);
  const untilWindow = fixed ? Infinity : window + GIVEN_WINDOWS;
  focus.given.push({ connectionId: plan.connectionId, fixed, untilWindow });
  standing.barredIn = -1;
  moveFocus(focus, members.filter(takesPlaces), window, "no_room");
}

/** Takes the focus from a connection, fixed or not, until it begins to talk anew. */
export function takeFocus(
  { focus }: Channel,
  members: readonly Connection[],
  { plan, sections, standing }: Connection,
  window: number,
): void {
  if (plan.slot.kind !== "spotlight") return;
  focus.given = focus.given.filter(({ connectionId }) => connectionId !== plan.connectionId);
  if (standing.focused) sections.spotlight.total_spotlight_unfocus_audio_publish += 1;
  standing.focused = false;
  standing.barredIn = window;
  moveFocus(focus, members.filter(takesPlaces), window, "no_room");
}

/** Changes the number of places; who is too many loses the focus, those with a fixed one last. */
export function changePlaces(
  { focus }: Channel,
  members: readonly Connection[],
  places: number,
  window: number,
): void {
  focus.places = places;
  forgetDeparted(focus, members);
  while (focus.given.length > places) {
    const loser = focus.given.find(({ fixed }) => !fixed) ?? focus.given[0];
    focus.given = focus.given.filter((one) => one !== loser);
  }
  moveFocus(focus, members.filter(takesPlaces), window, "no_room");
}

/**
 * Gives the places out again, and counts who has lost one or did not get one.
 *
 * @param senders in the order of their slots
 * @param reason why somebody loses the focus who does not talk
 */
function moveFocus(
  focus: Focus,
  senders: readonly Connection[],
  window: number,
  reason: "no_room" | "out_packet",
): void {
  forgetDeparted(focus, senders);
  const since = new Map<Connection, number>();
  for (const sender of senders) {
    if (!talksIn(sender.plan, window)) continue;
    const start = startOfTalk(sender.plan, window);
    if (start > sender.standing.barredIn) since.set(sender, start);
  }
  const focused = new Set(focus.given.map(({ connectionId }) => connectionId));
  for (const [{ plan }] of [...since].sort(([, a], [, b]) => b - a)) {
    if (focused.size >= focus.places) break;
    focused.add(plan.connectionId);
  }
  for (const sender of senders) {
    const { plan, standing, sections } = sender;
    const had = standing.focused;
    const wanted = standing.wants;
    standing.focused = focused.has(plan.connectionId);
    standing.wants = since.has(sender);
    if (standing.focused) continue;
    if (had) {
      const why = standing.wants ? "no_room" : reason;
      sections.spotlight[`total_spotlight_unfocus_audio_${why}`] += 1;
    } else if (standing.wants && !wanted) sections.spotlight.total_spotlight_focus_failed += 1;
  }
}

/** The window in which somebody who talks began to. */
function startOfTalk(plan: Plan, window: number): number {
  const first = windowAt(plan.life.joinTick);
  let start = window;
  while (start > first && talksIn(plan, start - 1)) start -= 1;
  return start;
}

function takesPlaces({ plan }: Connection): boolean {
  return plan.sends && plan.slot.kind === "spotlight";
}

function forgetDeparted(focus: Focus, members: readonly Connection[]): void {
  if (focus.given.length === 0) return;
  const present = new Set(members.map(({ plan }) => plan.connectionId));
  focus.given = focus.given.filter(({ connectionId }) => present.has(connectionId));
}
