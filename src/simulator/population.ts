/**
 * Who is there: connections join and leave as their slots' lives say, on their own or by command, and what they leave
 * behind is noted.
 */

import { createConnection } from "./connection.ts";
import { addTraffic, createLedger, noteJoin, noteLeave, noteMissed } from "./ledger.ts";
import type { Ledger, Traffic } from "./ledger.ts";
import type { Cut, Life, Slot } from "./plan.ts";
import { lifeAfter, planConnection } from "./plan.ts";
import { hash } from "./prng.ts";
import type { Recording } from "./recording.ts";
import type { Relay } from "./relay.ts";
import { createRelay } from "./relay.ts";
import type { Scenario } from "./scenarios.ts";
import { endSession, leapSessions, openSession } from "./sessions.ts";
import type { Channel, Connection } from "./state.ts";
import type { WorldOptions } from "./world.ts";

/** One tick of the world. */
export const TICK_MS = 1_000;

/** After Sora has started again, or the network is back, all clients are back within so many seconds. */
const REJOIN_TICKS = 15;
/** How many are gone with `connections-dropped`. */
const DROPPED_SHARE = 0.8;

/** All of a world that changes. */
export interface State {
  readonly options: WorldOptions;
  readonly slots: readonly Slot[];
  readonly channels: readonly Channel[];
  /** By slot: the life that is there, or the next one; and the connection while it is there. */
  readonly lives: (Life | undefined)[];
  readonly connections: (Connection | undefined)[];
  /** Seconds since the start. */
  tick: number;
  /** As it was begun; by now it may be over. */
  scenario: Scenario;
  /** The last time that all connections left at once. */
  cut: Cut;
  /** When Sora started last, in milliseconds since the epoch. */
  startedMs: number;
  /** How often Sora has started again. */
  restarts: number;
  /** The tick from which the last run went on. */
  fromTick: number;
  /** By node. */
  readonly ledgers: Ledger[];
  /** Of connections that have left, since the world's start: no restart of Sora ends it, and nothing in it is estimated. */
  readonly departed: Traffic;
  relay: Relay;
  /** By channel. */
  readonly recordings: Map<string, Recording>;
}

/** Ends the lives that are over at the current tick, and begins those that are due. */
export function joinAndLeave(state: State): void {
  const { options, slots, channels, lives, connections, ledgers, cut, tick } = state;
  for (const channel of channels) channel.notices = 0;
  for (const slot of slots) {
    let life = lives[slot.index];
    const channel = channels[slot.channel]!;
    if (life === undefined || tick >= life.leaveTick) {
      if (connections[slot.index] !== undefined) channel.notices += 1;
      if (life !== undefined) remove(state, slot.index, tick - Math.max(state.fromTick, life.joinTick));
      life = lives[slot.index] = lifeAfter(cut, options.seed, slot.index, tick);
    }
    if (tick < life.joinTick || connections[slot.index] !== undefined) continue;
    const plan = planConnection(options.seed, slot, life, channel.id);
    const connection = (connections[slot.index] = createConnection(plan, tick * TICK_MS));
    noteJoin(ledgers[slot.node]!, connection);
    if (channel.session === null) openSession(state, slot, tick);
    channel.members += 1;
    channel.notices += 1;
  }
  for (const channel of channels) endSession(state, channel);
}

/**
 * Ends a connection now; the next life of its slot comes when it was planned to come.
 *
 * @param uncounted the last so many seconds of it were not counted
 */
export function disconnect(state: State, { plan: { slot, life } }: Connection, uncounted = 0): void {
  const channel = state.channels[slot.channel]!;
  remove(state, slot.index, uncounted);
  endSession(state, channel);
  channel.notices += 1;
  state.lives[slot.index] = lifeAfter(state.cut, state.options.seed, slot.index, life.leaveTick);
}

/** Whoever is there when a scenario begins that ends connections leaves in that moment, all or most of them. */
export function cutLives(state: State): void {
  const { name, sinceMs, untilMs } = state.scenario;
  if (name === "connections-dropped") dropLives(state);
  if (name !== "mass-reconnect" && name !== "sfu-restart") return;
  const seconds = Math.ceil((untilMs - sinceMs) / TICK_MS);
  const [pause, spread] = name === "sfu-restart" ? [seconds + 1, REJOIN_TICKS] : [1, seconds];
  state.cut = { count: state.cut.count + 1, tick: state.tick, pause, spread };
  for (const { index } of state.slots) remove(state, index, 0);
  state.lives.fill(undefined);
  for (const channel of state.channels) endSession(state, channel);
  if (name !== "sfu-restart") return;
  state.startedMs = untilMs;
  state.restarts += 1;
  state.relay = createRelay(state.ledgers.length);
  state.ledgers.forEach((_, node) => (state.ledgers[node] = createLedger()));
  state.recordings.clear();
}

function dropLives(state: State): void {
  const { options, scenario, slots, lives, cut } = state;
  const backTick = Math.ceil((scenario.untilMs - options.startMs) / TICK_MS);
  for (const { index } of slots) {
    if (hash(options.seed, index, state.tick, 36) >= DROPPED_SHARE) continue;
    remove(state, index, 0);
    // Whoever comes back is somebody new, though the life that is cut would still last.
    const life = lives[index] ?? lifeAfter(cut, options.seed, index, state.tick);
    const next = lifeAfter(cut, options.seed, index, Math.max(life.leaveTick, backTick));
    const joinTick = backTick + Math.floor(hash(options.seed, index, backTick, 37) * REJOIN_TICKS);
    lives[index] = { ...next, joinTick: Math.max(next.joinTick, joinTick) };
  }
  for (const channel of state.channels) endSession(state, channel);
}

/** Goes to a tick, past all lives that are over by then. */
export function leap(state: State, tick: number): void {
  const { options, slots, lives, connections, ledgers, cut } = state;
  leapSessions(state, tick);
  for (const { index, node } of slots) {
    const life = lives[index] ?? lifeAfter(cut, options.seed, index, state.tick);
    if (life.leaveTick > tick) continue;
    const next = lifeAfter(cut, options.seed, index, tick);
    const wasThere = connections[index] !== undefined;
    remove(state, index, life.leaveTick - Math.max(life.joinTick, state.fromTick), life.leaveTick);
    const missed = next.index - life.index - (wasThere ? 1 : 0);
    const sinceTick = wasThere ? life.leaveTick : Math.min(life.joinTick, life.leaveTick);
    noteMissed(ledgers[node]!, missed, Math.max(0, Math.min(tick, next.joinTick) - sinceTick - 3 * missed));
    lives[index] = undefined;
  }
  state.tick = tick;
}

/**
 * Takes a connection out of its place, if there is one.
 *
 * @param uncounted the last so many seconds of it were not counted
 */
function remove(state: State, slot: number, uncounted: number, tick: number = state.tick): void {
  const connection = state.connections[slot];
  if (connection === undefined) return;
  state.connections[slot] = undefined;
  addTraffic(state.departed, connection);
  state.channels[connection.plan.slot.channel]!.members -= 1;
  noteLeave(state.ledgers[connection.plan.slot.node]!, connection, tick, uncounted);
}
