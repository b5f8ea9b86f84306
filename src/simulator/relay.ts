/**
 * What the nodes of a cluster relay to each other. It follows from what their connections send, less what they sent
 * while a node was out of reach: nothing went to it then, and nothing came from it.
 */

import type { Ledger } from "./ledger.ts";
import { totalTraffic } from "./ledger.ts";
import type { Connection } from "./state.ts";

/** What one node has sent to another. */
export interface Relayed {
  packets: number;
  bytes: number;
  /** Sessions that began or ended. */
  sessions: number;
}

/** What was held back between the last node, which is the one that gets lost, and each of the others. */
export interface Relay {
  /** By the node that would have sent it, of all times that are over. */
  readonly missed: Relayed[];
  missedMs: number;
  /** How far it had come when the node got lost; `null` while all nodes are in reach. */
  held: { sent: Relayed[]; atMs: number } | null;
}

/** All that the traffic between nodes follows from. */
export interface RelaySource {
  readonly ledgers: readonly Ledger[];
  readonly connections: readonly (Connection | undefined)[];
}

/** Nothing has been held back yet. */
export function createRelay(nodes: number): Relay {
  const missed = Array.from({ length: nodes }, () => ({ packets: 0, bytes: 0, sessions: 0 }));
  return { missed, missedMs: 0, held: null };
}

/** Notes that the last node gets lost or comes back, where that is news. */
export function watchRelay(relay: Relay, isLost: boolean, source: RelaySource, nowMs: number): void {
  const { held, missed } = relay;
  if (isLost === (held !== null)) return;
  const sent = missed.map((_, node) => sentBy(node, source));
  if (held === null) {
    relay.held = { sent, atMs: nowMs };
    return;
  }
  missed.forEach((each, node) => {
    each.packets += sent[node]!.packets - held.sent[node]!.packets;
    each.bytes += sent[node]!.bytes - held.sent[node]!.bytes;
    each.sessions += sent[node]!.sessions - held.sent[node]!.sessions;
  });
  relay.missedMs += nowMs - held.atMs;
  relay.held = null;
}

/**
 * What a node has sent to another, and for how long the two have been together.
 *
 * @param upMs since they started
 */
export function relayedTo(
  relay: Relay,
  [from, to]: readonly [number, number],
  source: RelaySource,
  { upMs, nowMs }: { upMs: number; nowMs: number },
): Relayed & { forMs: number } {
  const { held, missed, missedMs } = relay;
  const last = missed.length - 1;
  if (from !== last && to !== last) return { ...sentBy(from, source), forMs: upMs };
  const { packets, bytes, sessions } = held?.sent[from] ?? sentBy(from, source);
  const less = missed[from]!;
  return {
    packets: packets - less.packets,
    bytes: bytes - less.bytes,
    sessions: sessions - less.sessions,
    forMs: Math.max(0, upMs - missedMs - (held === null ? 0 : nowMs - held.atMs)),
  };
}

/** A node sends to each of the others what its connections send, as their channels are on all nodes. */
function sentBy(node: number, { ledgers, connections }: RelaySource): Relayed {
  const ledger = ledgers[node]!;
  const there = connections.filter((connection) => connection?.plan.slot.node === node) as Connection[];
  const { decryptedSrtp, decryptedSrtpBytes } = totalTraffic(ledger, there);
  return {
    packets: decryptedSrtp,
    bytes: decryptedSrtpBytes,
    sessions: ledger.sessionsCreated + ledger.sessionsDestroyed,
  };
}
