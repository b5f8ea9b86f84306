/**
 * Who has the focus in a channel of spotlight: those to whom the API gave it, then those who talk, up to the number of
 * places that the channel has.
 */

import type { Plan } from "./plan.ts";
import { hash } from "./prng.ts";
import type { Channel, Connection } from "./state.ts";

/** The focus of a channel, as far as the API has set it. */
export interface Focus {
  /** How many may have the focus, 1 to 8. */
  places: number;
  /** Ids of connections, the one that got its focus first in front. */
  given: { connectionId: string; fixed: boolean }[];
}

/** So long somebody talks or is silent, in ticks. */
export const TALK_TICKS = 6;

const DEFAULT_PLACES = 5;

/** The focus of a channel to which nobody has given one. */
export function createFocus(): Focus {
  return { places: DEFAULT_PLACES, given: [] };
}

/** Whether a sender talks in a tick. */
export function talksIn(plan: Plan, tickIndex: number): boolean {
  return hash(plan.lifeKey, Math.floor(tickIndex / TALK_TICKS), 0, 51) < 0.4;
}

/**
 * Whoever has the focus in a tick, by connection id.
 *
 * @param senders those of the channel who send video; nobody else takes a place
 */
export function focusedIn(focus: Focus, senders: readonly Connection[], tickIndex: number): Set<string> {
  const present = new Set(senders.map(({ plan }) => plan.connectionId));
  const focused = new Set(
    focus.given.map(({ connectionId }) => connectionId).filter((id) => present.has(id)),
  );
  for (const { plan } of senders) {
    if (focused.size >= focus.places) break;
    if (talksIn(plan, tickIndex)) focused.add(plan.connectionId);
  }
  return focused;
}

/**
 * Gives a sender the focus. Where all places are taken by others, the one that has had its focus longest loses it; where
 * all of those are fixed, and for somebody who sends nothing, it fails. Does nothing in a channel without spotlight.
 *
 * @param members all connections of the channel
 */
export function giveFocus(
  channel: Channel,
  members: readonly Connection[],
  connection: Connection,
  fixed: boolean,
): void {
  const { plan, sections } = connection;
  if (plan.slot.kind !== "spotlight") return;
  const { focus } = channel;
  forgetDeparted(focus, members);
  const others = focus.given.filter(({ connectionId }) => connectionId !== plan.connectionId);
  const first = others.find((one) => !one.fixed);
  if (!plan.sends || (others.length >= focus.places && first === undefined)) {
    sections.spotlight.total_spotlight_focus_failed += 1;
    return;
  }
  focus.given = others;
  if (others.length >= focus.places && first !== undefined) loseForRoom(focus, members, first.connectionId);
  focus.given.push({ connectionId: plan.connectionId, fixed });
}

/** Takes the focus from a connection, fixed or not; one that the API did not give is taken all the same. */
export function takeFocus({ focus }: Channel, { plan, sections }: Connection): void {
  if (plan.slot.kind !== "spotlight" || !plan.sends) return;
  focus.given = focus.given.filter(({ connectionId }) => connectionId !== plan.connectionId);
  sections.spotlight.total_spotlight_unfocus_audio_publish += 1;
}

/** Changes the number of places; who is too many loses the focus, those with a fixed one last. */
export function changePlaces({ focus }: Channel, members: readonly Connection[], places: number): void {
  focus.places = places;
  forgetDeparted(focus, members);
  while (focus.given.length > places) {
    loseForRoom(focus, members, (focus.given.find(({ fixed }) => !fixed) ?? focus.given[0]!).connectionId);
  }
}

function loseForRoom(focus: Focus, members: readonly Connection[], loser: string): void {
  focus.given = focus.given.filter(({ connectionId }) => connectionId !== loser);
  const connection = members.find(({ plan }) => plan.connectionId === loser);
  if (connection !== undefined) connection.sections.spotlight.total_spotlight_unfocus_audio_no_room += 1;
}

function forgetDeparted(focus: Focus, members: readonly Connection[]): void {
  const present = new Set(members.map(({ plan }) => plan.connectionId));
  focus.given = focus.given.filter(({ connectionId }) => present.has(connectionId));
}
