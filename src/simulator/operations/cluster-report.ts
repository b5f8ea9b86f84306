/** The sections of the report that a node has only among others: its place in the cluster, and what they relay. */

import { nodeName } from "../cluster.ts";
import type { Relayed } from "../relay.ts";
import { hasMajority } from "./find.ts";
import type { Context } from "./operation.ts";
import type { Totals } from "./stats-report.ts";

const COMMIT_EVERY_MS = 5_000;
const GOSSIP_EVERY_MS = 10_000;

/** `cluster` and `cluster_relay`. Node 0 leads, as long as there is a majority to lead. */
export function clusterSections({ upMs }: Totals, context: Context): object {
  const { world, node } = context;
  const others = Array.from({ length: world.options.nodes }, (_, other) => other).filter(
    (other) => other !== node,
  );
  return {
    cluster: {
      raft_commit_index: 100 + Math.floor(upMs / COMMIT_EVERY_MS),
      raft_state: !hasMajority(context) ? "candidate" : node === 0 ? "leader" : "follower",
      raft_term: 3,
    },
    // What one node sends to another is what the other receives from it.
    cluster_relay: others.map((other) =>
      describeRelay(nodeName(other), world.relayed(other, node), world.relayed(node, other)),
    ),
  };
}

function describeRelay(name: string, received: Relayed, sent: Relayed & { forMs: number }): object {
  const rounds = Math.floor(sent.forMs / GOSSIP_EVERY_MS);
  return {
    node_name: name,
    plumtree: {
      total_received_gossip: rounds * 2 + received.sessions,
      total_received_graft: Math.floor(rounds / 30),
      total_received_ihave: rounds,
      total_received_prune: Math.floor(rounds / 40),
      total_sent_gossip: rounds * 2 + sent.sessions,
      total_sent_graft: Math.floor(rounds / 30),
      total_sent_ihave: rounds,
      total_sent_prune: Math.floor(rounds / 40),
    },
    total_received: received.packets,
    total_received_byte_size: received.bytes,
    total_sent: sent.packets,
    total_sent_byte_size: sent.bytes,
  };
}
