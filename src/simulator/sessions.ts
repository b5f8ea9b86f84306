/** Sessions of channels: one lasts from the first who comes to the last who leaves. */

import { createId } from "./names.ts";
import type { Life, Slot } from "./plan.ts";
import { lifeAfter, turnOf } from "./plan.ts";
import { createRandom } from "./prng.ts";
import type { State } from "./population.ts";
import { createFocus } from "./spotlight.ts";
import type { Channel } from "./state.ts";

/** So far back a leap looks for a moment in which nobody was in a channel: 100 days, in ticks. */
const LOOK_BACK = 8_640_000;

/** Begins the session of a channel that somebody has come into. */
export function openSession({ options, channels, ledgers }: State, slot: Slot, tick: number): void {
  const id = createId(createRandom(options.seed, ~slot.channel, tick));
  channels[slot.channel]!.session = { id, node: slot.node };
  ledgers[slot.node]!.sessionsCreated += 1;
}

/** Ends the session of a channel in which nobody is left. */
export function endSession(state: State, channel: Channel): void {
  if (channel.members === 0) closeSession(state, channel);
}

function closeSession({ ledgers }: State, channel: Channel): void {
  if (channel.session === null) return;
  ledgers[channel.session.node]!.sessionsDestroyed += 1;
  channel.session = null;
  channel.focus = createFocus();
}

/**
 * Brings the sessions to those of a later tick, at which the lives that are there now may be over. To be called before
 * they are.
 */
export function leapSessions(state: State, tick: number): void {
  const slots = state.channels.map((): Slot[] => []);
  for (const slot of state.slots) slots[slot.channel]!.push(slot);
  state.channels.forEach((channel, index) => {
    const there = slots[index]!;
    const empty = lastEmptyTick(state, there, tick) ?? (channel.session === null ? state.tick : undefined);
    if (empty === undefined) return;
    closeSession(state, channel);
    const first = firstAfter(state, there, empty);
    if (first !== undefined && first.tick <= tick) openSession(state, first.slot, first.tick);
  });
}

/** The last tick after the current one, up to a later one, at which nobody is in the slots of a channel. */
function lastEmptyTick(state: State, slots: readonly Slot[], tick: number): number | undefined {
  // Who stays longest is asked first, as with that one the search goes furthest.
  const patience = new Map(slots.map(({ index }) => [index, turnOf(state.options.seed, index)]));
  const order = slots.map(({ index }) => index).sort((a, b) => patience.get(b)! - patience.get(a)!);
  const from = Math.max(state.tick, tick - LOOK_BACK);
  let at = tick;
  while (at > from) {
    let joinTick: number | undefined;
    for (const slot of order) {
      const life = lifeOf(state, slot, at);
      if (life.joinTick > at) continue;
      joinTick = life.joinTick;
      break;
    }
    if (joinTick === undefined) return at;
    at = joinTick - 1;
  }
  return undefined;
}

/** Who comes first after a tick at which nobody is there. */
function firstAfter(
  state: State,
  slots: readonly Slot[],
  tick: number,
): { slot: Slot; tick: number } | undefined {
  let first: { slot: Slot; tick: number } | undefined;
  for (const slot of slots) {
    let life = lifeOf(state, slot.index, tick);
    // After a cut, some lives are over before anybody may come back.
    while (life.joinTick >= life.leaveTick) life = lifeOf(state, slot.index, life.leaveTick);
    if (first === undefined || life.joinTick < first.tick) first = { slot, tick: life.joinTick };
  }
  return first;
}

/** The life of a slot that is there at the current tick or a later one, or the next one to come. */
function lifeOf({ lives, options, cut }: State, slot: number, tick: number): Life {
  const life = lives[slot];
  return life !== undefined && tick < life.leaveTick ? life : lifeAfter(cut, options.seed, slot, tick);
}
