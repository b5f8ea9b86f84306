/**
 * Who connects when, and as what. A slot is a place for one connection at a time; its lives follow each other for
 * ever, and any of them can be told from the seed without the lives before it. So the simulator can leap over days.
 */

import type { UserChannel } from "./messages.ts";
import { planUserChannels } from "./messages.ts";
import { createId, userName } from "./names.ts";
import type { Random } from "./prng.ts";
import { below, chance, createRandom, hash, pick } from "./prng.ts";

/** When a life of a slot is there. One tick is one second. */
export interface Life {
  /** Which life of the slot it is; may be negative. */
  index: number;
  joinTick: number;
  /** The first tick at which it is gone. */
  leaveTick: number;
}

/** A tick at which all connections left, and how they come back. All but `count` are in ticks. */
export interface Cut {
  /** Which cut of the world it is, from 1; 0 if there was none. */
  count: number;
  tick: number;
  /** Nobody comes back before so many. */
  pause: number;
  /** And from then on, all within so many. */
  spread: number;
}

/** What a channel is for, which decides who speaks in it. */
export type ChannelKind = "meeting" | "broadcast" | "spotlight";

/** Where a slot is, for good. */
export interface Slot {
  index: number;
  channel: number;
  node: number;
  /** Place in the channel: only the first few may send, whatever the size of the audience. */
  seat: number;
  kind: ChannelKind;
  lossy: boolean;
}

/** All that is decided about a connection when it joins. */
export interface Plan {
  slot: Slot;
  life: Life;
  /** What tells this life from those of all slots, for `hash`. */
  lifeKey: number;
  channelId: string;
  clientId: string;
  bundleId: string;
  connectionId: string;
  role: "sendrecv" | "sendonly" | "recvonly";
  sends: boolean;
  receives: boolean;
  videoCodec: "VP8" | "VP9" | "AV1" | "H264" | "H265" | null;
  /** Of all layers together, kbit/s. */
  videoKbps: number;
  simulcast: boolean;
  /** Audio with redundancy (RED), and video with forward error correction. */
  red: boolean;
  ulpfec: boolean;
  /** Bandwidth is estimated from transport-wide feedback; else by the receiver (REMB). */
  transportWide: boolean;
  /** Packets go through Sora's TURN. */
  relays: boolean;
  /** Signaling has moved from the WebSocket to the data channel. */
  signalsOverDataChannel: boolean;
  zeroChecksum: boolean;
  rttMs: number;
  /** How many levels of trouble this connection takes without harm. */
  resilience: 0 | 1;
  /** From here on the network is gone and ICE will fail, which ends the connection; Infinity where it just leaves. */
  failsFromMs: number;
  userChannels: readonly UserChannel[];
}

/** No life is longer, in ticks. */
export const LONGEST_LIFE = 1_200;

const SHORTEST_TURN = 80;
const TURN_RANGE = 640;
const JITTER = 0.3;
/** ICE fails at most 17.5 s after the network is gone: 2.5 s to the next check, 5 s of checking, 10 s disconnected. */
const FAILURE_MS = 18_500;
const SENDING_SEATS = 12;
/** More lives than a slot has in decades, so that their numbers do not meet. */
const CUT_STRIDE = 16_777_216;
const PAIR_EVERY = 6;

/** The life of a slot that is there at a tick, or the next one to come, where all lives were cut at an earlier tick. */
export function lifeAfter(cut: Cut, seed: number, slot: number, tick: number): Life {
  const life = lifeAt(seed, slot, tick);
  if (cut.count === 0) return life;
  const back = cut.tick + cut.pause + Math.floor(hash(seed, slot, cut.count, 35) * cut.spread);
  // A number that no life had before the cut, so that whoever comes back is somebody new.
  return { ...life, index: life.index + cut.count * CUT_STRIDE, joinTick: Math.max(life.joinTick, back) };
}

/** How long a life of a slot takes about, in ticks. */
export function turnOf(seed: number, slot: number): number {
  return SHORTEST_TURN + Math.floor(TURN_RANGE * hash(seed, slot, 0, 31) ** 1.5);
}

/** The life of a slot that is there at a tick, or the next one to come. */
export function lifeAt(seed: number, slot: number, tick: number): Life {
  const turn = turnOf(seed, slot);
  const phase = hash(seed, slot, 0, 32);
  const start = (index: number): number =>
    Math.floor((index - phase + (hash(seed, slot, index, 33) * 2 - 1) * JITTER) * turn);
  let index = Math.floor(tick / turn + phase) - 1;
  while (start(index + 1) <= tick) index++;
  const pause = 1 + Math.floor(hash(seed, slot, index, 34) * 5);
  return { index, joinTick: Math.max(0, start(index) + pause), leaveTick: start(index + 1) };
}

/** What connects in a life of a slot. */
export function planConnection(seed: number, slot: Slot, life: Life, channelId: string): Plan {
  // The generator's stream is the slot alone, so that no two lives of all slots share an id.
  const random = createRandom(seed, slot.index, life.index);
  const connectionId = createId(random);
  const role = chooseRole(random, slot);
  const sends = role !== "recvonly";
  const videoCodec = sends && chance(random, 0.92) ? chooseCodec(random) : null;
  const simulcast = videoCodec !== null && videoCodec !== "H265" && chance(random, 0.45);
  const seconds = life.leaveTick - life.joinTick;
  const fails = slot.lossy && seconds > 45 && chance(random, 0.2);
  return {
    slot,
    life,
    lifeKey: Math.floor(hash(seed, slot.index, life.index, 41) * 4_294_967_296),
    channelId,
    ...chooseClient(seed, random, slot, connectionId),
    connectionId,
    role,
    sends,
    receives: role !== "sendonly",
    videoCodec,
    videoKbps:
      videoCodec === null ? 0 : simulcast ? 1_200 + below(random, 1_300) : 300 + below(random, 1_700),
    simulcast,
    red: sends && chance(random, 0.25),
    ulpfec: videoCodec === "VP8" && chance(random, 0.4),
    transportWide: chance(random, 0.7),
    relays: chance(random, 0.75),
    signalsOverDataChannel: chance(random, 0.4),
    zeroChecksum: chance(random, 0.3),
    rttMs: 8 + below(random, 60),
    resilience: chance(random, 0.35) ? 1 : 0,
    failsFromMs: fails ? life.leaveTick * 1_000 - FAILURE_MS : Infinity,
    userChannels: planUserChannels(random, seconds),
  };
}

function chooseRole(random: Random, slot: Slot): Plan["role"] {
  if (slot.seat >= SENDING_SEATS) return "recvonly";
  if (slot.kind === "broadcast")
    return slot.seat === 0 ? "sendonly" : slot.seat === 1 ? "sendrecv" : "recvonly";
  return pick(random, ["sendrecv", "sendrecv", "sendrecv", "sendrecv", "sendonly", "recvonly"]);
}

function chooseCodec(random: Random): NonNullable<Plan["videoCodec"]> {
  return pick(random, ["VP8", "VP8", "VP8", "VP9", "VP9", "AV1", "AV1", "H264", "H264", "H265"]);
}

/** A client's id is its connection's id unless a user chose it; a camera and a screen of one user share theirs. */
function chooseClient(
  seed: number,
  random: Random,
  slot: Slot,
  connectionId: string,
): Pick<Plan, "clientId" | "bundleId"> {
  const inPair = slot.seat % PAIR_EVERY === 2 || slot.seat % PAIR_EVERY === 3;
  if (inPair) {
    const pair = slot.seat - (slot.seat % PAIR_EVERY);
    const shared = createRandom(seed, ~slot.channel, pair);
    return {
      clientId: `${userName(seed, ~slot.channel * 4_096 + pair)}-${pair}`,
      bundleId: createId(shared),
    };
  }
  const clientId = chance(random, 0.35) ? userName(seed, slot.index) : connectionId;
  return { clientId, bundleId: connectionId };
}
