/**
 * A Sora with nothing behind it: channels and connections that live by a seed and a clock. What is there at a time
 * depends on the options, that time, and the scenarios and commands before it, not on when or how often anybody looked.
 * Only what a ledger says is an estimate where the world leapt; and where a leap is longer than 100 days, a channel in
 * which somebody was at any time of the last 100 days of it keeps the session that it had before.
 */

import type { Form } from "../sora/documented.ts";
import { addOffer, createChannel, createSlots, isLossy, resetOffer, setWeather } from "./channels.ts";
import { advanceConnection, copyConnection } from "./connection.ts";
import { beginFailing, endFailed } from "./failing.ts";
import { addTraffic, createLedger, noTraffic, settle } from "./ledger.ts";
import type { Ledger, Traffic } from "./ledger.ts";
import { createLicensing, licenseIn, loadLicense } from "./license.ts";
import type { License } from "./license.ts";
import { channelNames } from "./names.ts";
import { advanceNetwork } from "./network.ts";
import { LONGEST_LIFE } from "./plan.ts";
import type { State } from "./population.ts";
import { cutLives, disconnect, joinAndLeave, leap, TICK_MS } from "./population.ts";
import type { Recording } from "./recording.ts";
import type { Relayed } from "./relay.ts";
import { createRelay, relayedTo, watchRelay } from "./relay.ts";
import { offerMedia } from "./rtp.ts";
import type { Scenario, ScenarioChange } from "./scenarios.ts";
import { beginScenario, isUnreachable, lostNode, scenarioAt } from "./scenarios.ts";
import { TALK_TICKS, turnWindow, windowAt } from "./spotlight.ts";
import type { Channel, Connection, Tick } from "./state.ts";

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
  /** Fields that newer versions of Sora may leave out, such as `network_status.unstable_level`; none by default. */
  without?: readonly string[];
  /** When the world begins, with all connections new; milliseconds since the epoch. */
  startMs: number;
}

/** A channel, for whoever wants to know what to expect of it. */
export interface ChannelSummary {
  channelId: string;
  /** Whether its connections have bursts of trouble in the scenario `normal`; in other channels there are none. */
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
   * a greater leap goes to that long before its end and runs from there, to the same result. On its way it only looks
   * for moments in which nobody was in a channel.
   *
   * @param nowMs milliseconds since the epoch
   */
  advanceTo(nowMs: number): void;
  /**
   * The connections in Sora's form, with the time of the last `advanceTo` as their `timestamp`. They are copies: the
   * world does not change them afterwards.
   *
   * @param scope `local` for those of the node that was asked, node 0 by default, alone; else those of all nodes
   */
  connections(scope: { local: boolean; node?: number }): object[];
  /** One connection as `connections` shows it. */
  show(connection: Connection): object;
  /** The connections themselves, on all nodes, for commands to change. */
  members(): Connection[];
  /** Ends a connection now; the next life of its place comes when it was planned to come. */
  disconnect(connection: Connection): void;
  /** A channel by its id, whether anybody is there or not. */
  channel(id: string): Channel | undefined;
  /** What a node has counted. */
  ledger(node: number): Ledger;
  /**
   * What all connections have had since the world's start, on all nodes, up to the last moment of those that left. What
   * was never counted, as the world leapt over it, is not in it.
   */
  produced(): Traffic;
  readonly options: WorldOptions;
  /** The time of the last `advanceTo`, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Recordings by channel, those that are over perhaps among them. */
  readonly recordings: Map<string, Recording>;
  /** The licence in use; a scenario may show another in its stead. */
  readonly license: License;
  /** Takes the licence in the file into use, also while a scenario lasts that showed another. */
  updateLicense(): void;
  /** What one node has sent to another, and for how long both have been in reach of each other. */
  relayed(from: number, to: number): Relayed & { forMs: number };
  /**
   * Brings the world up to a time and begins a scenario there.
   *
   * @param nowMs milliseconds since the epoch; a time before the last one counts as that
   * @throws ScenarioError where the scenario makes no sense here
   */
  setScenario(change: ScenarioChange, nowMs: number): void;
  /** The scenario that is on at the time of the last `advanceTo`; from the start it is `normal`. */
  scenario(): Scenario;
  /** When Sora started last, in milliseconds since the epoch: with the world, or after the last `sfu-restart`. */
  readonly startedMs: number;
  /** How often it has started again. */
  readonly restarts: number;
  /** Whether a node is in reach now: of clients, and of the other nodes. */
  reachable(node: number): boolean;
  /** The channels, whether anybody is there or not. */
  channels(): ChannelSummary[];
}

/**
 * A world at its start.
 *
 * @throws RangeError if a number in the options is not an integer in its range
 */
export function createWorld(options: WorldOptions): World {
  requireIntegers(options);
  const { without = [] } = options;
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
    scenario: { name: "normal", sinceMs: options.startMs, untilMs: Infinity },
    cut: { count: 0, tick: 0, pause: 0, spread: 0 },
    startedMs: options.startMs,
    restarts: 0,
    fromTick: 0,
    ledgers: Array.from({ length: options.nodes }, createLedger),
    departed: noTraffic(),
    relay: createRelay(options.nodes),
    recordings: new Map(),
  };
  let timestampMs = options.startMs;
  joinAndLeave(state);
  const licensing = createLicensing(options);
  const world: World = {
    advanceTo(nowMs) {
      if (nowMs <= timestampMs) return;
      timestampMs = nowMs;
      run(state, Math.floor((nowMs - options.startMs) / TICK_MS));
    },
    connections({ local, node = 0 }) {
      const lost = lostNode(world.scenario(), options.nodes);
      const timestamp = timestampAt(timestampMs);
      return state.connections
        .filter((connection) => {
          if (connection === undefined) return false;
          const at = connection.plan.slot.node;
          return local || node === lost ? at === node : at !== lost;
        })
        .map((connection) => copyConnection(connection!, options.form, timestamp, without));
    },
    show: (connection) => copyConnection(connection, options.form, timestampAt(timestampMs), without),
    members: () => state.connections.filter((connection) => connection !== undefined),
    disconnect: (connection) => disconnect(state, connection),
    channel: (id) => state.channels.find((channel) => channel.id === id),
    ledger: (node) => state.ledgers[node]!,
    produced() {
      const total = { ...state.departed };
      for (const connection of world.members()) addTraffic(total, connection);
      return total;
    },
    options,
    get nowMs() {
      return timestampMs;
    },
    recordings: state.recordings,
    get license() {
      return licenseIn(licensing, state.scenario, world.scenario(), options.connections);
    },
    updateLicense: () => loadLicense(licensing, state.scenario),
    relayed(from, to) {
      const upMs = Math.max(0, timestampMs - state.startedMs);
      return relayedTo(state.relay, [from, to], state, { upMs, nowMs: timestampMs });
    },
    setScenario(change, nowMs) {
      world.advanceTo(nowMs);
      const setting = { channels: world.channels(), nodes: options.nodes };
      state.scenario = beginScenario(change, setting, timestampMs);
      // A restart that is not over ends here.
      state.startedMs = Math.min(state.startedMs, timestampMs);
      cutLives(state);
      watchRelay(state.relay, state.scenario.name === "node-lost", state, timestampMs);
    },
    scenario: () => scenarioAt(state.scenario, timestampMs),
    get startedMs() {
      return state.startedMs;
    },
    get restarts() {
      return state.restarts;
    },
    reachable: (node) => !isUnreachable(world.scenario(), node, options.nodes),
    channels() {
      const counts = new Array<number>(state.channels.length).fill(0);
      for (const connection of state.connections) {
        if (connection !== undefined) counts[connection.plan.slot.channel]! += 1;
      }
      return state.channels.map(({ id }, channel) => ({
        channelId: id,
        lossy: isLossy(options, channel),
        connections: counts[channel]!,
      }));
    },
  };
  return world;
}

function run(state: State, target: number): void {
  state.fromTick = state.tick;
  if (target - state.tick > LONGEST_LIFE) {
    leap(state, target - LONGEST_LIFE);
    // Whoever is there now has no past, but will have left by the time that is asked for.
    joinAndLeave(state);
  }
  while (state.tick < target) step(state, target);
  state.ledgers.forEach((ledger, node) => {
    settle(ledger, node, state.connections, state.tick);
  });
}

function step(state: State, target: number): void {
  const { options, channels, connections } = state;
  const nowMs = options.startMs + state.tick * TICK_MS;
  const scenario = scenarioAt(state.scenario, nowMs);
  watchRelay(state.relay, scenario.name === "node-lost", state, Math.min(nowMs, state.scenario.untilMs));
  const tick: Tick = {
    index: state.tick + 1,
    fromMs: state.tick * TICK_MS,
    toMs: (state.tick + 1) * TICK_MS,
    turnStorm: scenario.name === "turn-storm",
    abandons: scenario.name === "data-channel-abandon",
  };
  channels.forEach((channel, index) => {
    resetOffer(channel);
    setWeather(channel, index, options, scenario, tick);
  });
  for (const connection of connections) {
    if (connection === undefined) continue;
    const channel = channels[connection.plan.slot.channel]!;
    if (scenario.name === "ice-failures") beginFailing(connection, scenario, options, tick);
    advanceNetwork(connection, channel, tick, options.seed);
    offerMedia(connection);
    addOffer(channel, connection);
  }
  if (tick.index % TALK_TICKS === 0) turnWindow(channels, connections, windowAt(tick.index));
  for (const connection of connections) {
    // What will have left before anybody looks need not be counted: others depend only on what it offers.
    if (connection !== undefined && connection.plan.life.leaveTick > target) {
      advanceConnection(connection, channels[connection.plan.slot.channel]!, tick);
    }
  }
  state.tick += 1;
  endFailed(state, target);
  joinAndLeave(state);
}

/** Sora writes microseconds; the clock here has milliseconds. */
function timestampAt(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
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
