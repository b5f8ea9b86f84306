/**
 * A Sora with nothing behind it: channels and connections that live by a seed and a clock. What is there at a time
 * depends on the options and that time alone, not on when or how often anybody looked.
 */

import type { Form } from "../sora/documented.ts";
import { advanceConnection, copyConnection, createConnection } from "./connection.ts";
import { channelNames } from "./names.ts";
import { advanceNetwork } from "./network.ts";
import type { ChannelKind, Life, Slot } from "./plan.ts";
import { LONGEST_LIFE, lifeAt, planConnection } from "./plan.ts";
import { hash } from "./prng.ts";
import { offerMedia } from "./rtp.ts";
import type { Channel, Connection, Tick } from "./state.ts";
import { burstAt } from "./weather.ts";

/** What a world is made from. All numbers are integers. */
export interface WorldOptions {
  /** 0 to 2^32 - 1. */
  seed: number;
  /** At least 1. */
  channels: number;
  /** About how many connections are there at any time; a few fewer, as those who left are not replaced at once. */
  connections: number;
  /** At least 1. */
  nodes: number;
  form: Form;
  /** When the world begins, with all connections new; milliseconds since the epoch. */
  startMs: number;
}

/** A channel, for whoever wants to know what to expect of it. */
export interface ChannelSummary {
  channelId: string;
  /** Whether its connections have bursts of trouble; in other channels `unstable_level` stays 0. */
  lossy: boolean;
  /** How many there are now, on all nodes. */
  connections: number;
}

/** A running world. */
export interface World {
  /**
   * Runs the world up to a time, second by second; a time before the last one changes nothing.
   *
   * The work is that of the seconds that have passed, but of no more than 1,200 of them: no connection lives longer, so
   * a greater leap goes to that long before its end and runs from there, to the same result.
   *
   * @param nowMs milliseconds since the epoch
   */
  advanceTo(nowMs: number): void;
  /**
   * The connections in Sora's form, with the time of the last `advanceTo` as their `timestamp`. They are copies: the
   * world does not change them afterwards.
   *
   * @param scope `local` for those of the node that was asked, node 0, alone; else those of all nodes
   */
  connections(scope: { local: boolean }): object[];
  /** The channels, whether anybody is there or not. */
  channels(): ChannelSummary[];
}

const TICK_MS = 1_000;
const KINDS: readonly ChannelKind[] = ["meeting", "meeting", "broadcast", "spotlight"];

interface State {
  readonly options: WorldOptions;
  readonly slots: readonly Slot[];
  readonly channels: readonly Channel[];
  /** By slot: the life that is there, or the next one; and the connection while it is there. */
  readonly lives: (Life | undefined)[];
  readonly connections: (Connection | undefined)[];
  /** Seconds since the start. */
  tick: number;
}

/**
 * A world at its start.
 *
 * @throws RangeError if a number in the options is not an integer in its range
 */
export function createWorld(options: WorldOptions): World {
  requireIntegers(options);
  const slots = createSlots(options);
  const state: State = {
    options,
    slots,
    channels: channelNames(options.channels).map((id, channel) =>
      createChannel(id, isLossy(options, channel)),
    ),
    lives: slots.map(() => undefined),
    connections: slots.map(() => undefined),
    tick: 0,
  };
  let timestampMs = options.startMs;
  joinAndLeave(state);
  return {
    advanceTo(nowMs) {
      if (nowMs <= timestampMs) return;
      timestampMs = nowMs;
      run(state, Math.floor((nowMs - options.startMs) / TICK_MS));
    },
    connections({ local }) {
      // Sora writes microseconds; the clock here has milliseconds.
      const timestamp = new Date(timestampMs).toISOString().replace("Z", "000Z");
      return state.connections
        .filter((connection) => connection !== undefined && (!local || connection.plan.slot.node === 0))
        .map((connection) => copyConnection(connection!, options.form, timestamp));
    },
    channels() {
      const counts = new Array<number>(state.channels.length).fill(0);
      for (const connection of state.connections) {
        if (connection !== undefined) counts[connection.plan.slot.channel]! += 1;
      }
      return state.channels.map(({ id, lossy }, channel) => ({
        channelId: id,
        lossy,
        connections: counts[channel]!,
      }));
    },
  };
}

function run(state: State, target: number): void {
  if (target - state.tick > LONGEST_LIFE) {
    state.tick = target - LONGEST_LIFE;
    state.lives.fill(undefined);
    state.connections.fill(undefined);
    // Whoever is there now has no past, but will have left by the time that is asked for.
    joinAndLeave(state);
  }
  while (state.tick < target) step(state, target);
}

function step(state: State, target: number): void {
  const { options, channels, connections } = state;
  const tick: Tick = {
    index: state.tick + 1,
    fromMs: state.tick * TICK_MS,
    toMs: (state.tick + 1) * TICK_MS,
  };
  channels.forEach((channel, index) => {
    resetOffer(channel);
    if (channel.lossy) channel.burst = burstAt(options.seed, index, tick.fromMs);
  });
  for (const connection of connections) {
    if (connection === undefined) continue;
    const channel = channels[connection.plan.slot.channel]!;
    advanceNetwork(connection, channel, tick, options.seed);
    offerMedia(connection);
    addOffer(channel, connection);
  }
  for (const connection of connections) {
    // What will have left before anybody looks need not be counted: others depend only on what it offers.
    if (connection !== undefined && connection.plan.life.leaveTick > target) {
      advanceConnection(connection, channels[connection.plan.slot.channel]!, tick);
    }
  }
  state.tick += 1;
  joinAndLeave(state);
}

/** Ends the lives that are over at the current tick, and begins those that are due. */
function joinAndLeave({ options, slots, channels, lives, connections, tick }: State): void {
  for (const channel of channels) channel.notices = 0;
  for (const slot of slots) {
    let life = lives[slot.index];
    const channel = channels[slot.channel]!;
    if (life === undefined || tick >= life.leaveTick) {
      if (connections[slot.index] !== undefined) channel.notices += 1;
      connections[slot.index] = undefined;
      life = lives[slot.index] = lifeAt(options.seed, slot.index, tick);
    }
    if (tick < life.joinTick || connections[slot.index] !== undefined) continue;
    const plan = planConnection(options.seed, slot, life, channel.id);
    connections[slot.index] = createConnection(plan, tick * TICK_MS);
    channel.notices += 1;
  }
}

/** Every channel has somebody where there are enough, and the first ones have many more than the last. */
function createSlots(options: WorldOptions): Slot[] {
  const { seed, channels, connections, nodes } = options;
  const seats = new Array<number>(channels).fill(0);
  return Array.from({ length: connections }, (_, index) => {
    const draw = hash(seed, index, 0, 71);
    const channel = index < channels ? index : Math.floor(channels * draw ** 2);
    const seat = seats[channel]!++;
    const kind = KINDS[channel % KINDS.length] ?? "meeting";
    return { index, channel, node: index % nodes, seat, kind, lossy: isLossy(options, channel) };
  });
}

function isLossy({ channels }: WorldOptions, channel: number): boolean {
  return channels === 1 || channel % 3 === 1;
}

function createChannel(id: string, lossy: boolean): Channel {
  const burst = { window: 0, worst: 0, fromMs: 0, toMs: 0 } as const;
  const offer = { audio: 0, low: 0, mid: 0, high: 0 };
  return { id, lossy, burst, notices: 0, receivers: 0, senders: 0, videos: 0, offer };
}

function resetOffer(channel: Channel): void {
  channel.receivers = 0;
  channel.senders = 0;
  channel.videos = 0;
  channel.offer.audio = 0;
  channel.offer.low = 0;
  channel.offer.mid = 0;
  channel.offer.high = 0;
}

function addOffer(channel: Channel, { plan, offer }: Connection): void {
  if (plan.receives) channel.receivers += 1;
  if (!plan.sends) return;
  channel.senders += 1;
  if (plan.videoCodec !== null) channel.videos += 1;
  channel.offer.audio += offer.audio;
  channel.offer.low += offer.low;
  channel.offer.mid += offer.mid;
  channel.offer.high += offer.high;
}

function requireIntegers(options: WorldOptions): void {
  const atLeast = { seed: 0, channels: 1, connections: 0, nodes: 1, startMs: 0 };
  for (const [name, least] of Object.entries(atLeast)) {
    const value = options[name as keyof typeof atLeast];
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`${name} must be an integer of at least ${least}, not ${value}`);
    }
  }
}
