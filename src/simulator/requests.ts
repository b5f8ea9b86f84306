/**
 * What receivers have asked for by the API: which layer of whose simulcast they want. A request lives as long as the
 * connection that made it.
 */

import type { Channel, Connection, Offer } from "./state.ts";

/** A layer of simulcast: low, middle and high quality. */
export type Rid = "r0" | "r1" | "r2";

/** Which layers a receiver wants of senders with the focus, and of those without it. */
export interface SpotlightRids {
  focus: Rid | "none";
  unfocus: Rid | "none";
}

/** The requests of one receiver, by the connection id of the sender; under `EVERYBODY` for all without their own. */
export interface Requests {
  streams: Map<string, Rid>;
  spotlight: Map<string, SpotlightRids>;
}

/** Stands for all senders: a connection id is never empty. */
export const EVERYBODY = "";

const QUALITY = { r0: "low", r1: "mid", r2: "high" } as const;

/** The requests of a connection, none at first. */
export function requestsOf(connection: Connection): Requests {
  connection.requests ??= { streams: new Map(), spotlight: new Map() };
  return connection.requests;
}

/** What a receiver has asked to get of a sender; `undefined` if it leaves that to Sora. */
export function askedRid(receiver: Connection, sender: Connection): Rid | "none" | undefined {
  const { requests } = receiver;
  if (requests === null) return undefined;
  const id = sender.plan.connectionId;
  if (sender.plan.slot.kind === "spotlight") {
    const rids = requests.spotlight.get(id) ?? requests.spotlight.get(EVERYBODY);
    if (rids !== undefined) return sender.standing.focused ? rids.focus : rids.unfocus;
  }
  return requests.streams.get(id) ?? requests.streams.get(EVERYBODY);
}

/**
 * Bytes of video a second that the senders of a channel have for a receiver with requests.
 *
 * @param otherwise what it gets of senders that no request is about
 */
export function askedBytes(
  receiver: Connection,
  channel: Channel,
  otherwise: "low" | "mid" | "high",
): number {
  let bytes = 0;
  for (const sender of channel.videoSenders) {
    if (sender === receiver) continue;
    const rid = askedRid(receiver, sender);
    // A layer that is not sent is offered as the next lower one.
    if (rid !== "none") bytes += sender.offer[rid === undefined ? otherwise : QUALITY[rid]];
  }
  return bytes;
}

/** Who wants what of a sender's video. */
export interface Demand {
  /** Whether anybody takes what Sora chooses. */
  byDefault: boolean;
  /** What others have asked for. */
  asked: ReadonlySet<Rid>;
  /** Whether there are receivers and all of them have asked, so that what they have not asked for is of no use. */
  particular: boolean;
}

const BY_DEFAULT: Demand = { byDefault: true, asked: new Set(), particular: false };
const NOBODY: Demand = { byDefault: false, asked: new Set(), particular: false };

/** The demand for a sender's video in the current tick. */
export function demandFor(sender: Connection, channel: Channel): Demand {
  const all = channel.receivers - (sender.plan.receives ? 1 : 0);
  let listeners = all;
  if (channel.askers.length === 0) return listeners > 0 ? BY_DEFAULT : NOBODY;
  const asked = new Set<Rid>();
  for (const receiver of channel.askers) {
    if (receiver === sender) continue;
    const rid = askedRid(receiver, sender);
    if (rid === undefined) continue;
    listeners -= 1;
    if (rid !== "none") asked.add(sent(rid, sender.offer));
  }
  return { byDefault: listeners > 0, asked, particular: listeners === 0 && all > 0 };
}

/** The layer that is sent for one that is asked: the highest that there is up to it. */
function sent(rid: Rid, { low, mid, high }: Offer): Rid {
  if (rid === "r2" && high !== mid) return "r2";
  return rid !== "r0" && mid !== low ? "r1" : "r0";
}
