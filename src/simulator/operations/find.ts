/** Whom a request is about. */

import type { Plan } from "../plan.ts";
import type { Connection } from "../state.ts";
import type { Context } from "./operation.ts";

/** The values of `role`. */
export const ROLES = ["sendrecv", "sendonly", "recvonly"] as const satisfies readonly Plan["role"][];

/** Whether the asked node knows of another one's connections; of its own it always does. */
export function reaches({ world, node }: Context, other: number): boolean {
  return other === node || (world.reachable(node) && world.reachable(other));
}

/** Whether the asked node and those that it reaches are more than half of all: without that, Sora refuses much. */
export function hasMajority(context: Context): boolean {
  const { nodes } = context.world.options;
  const inReach = Array.from({ length: nodes }, (_, node) => node).filter((node) => reaches(context, node));
  return inReach.length * 2 > nodes;
}

/** All connections that the asked node knows of: those of the whole cluster, as far as it is in reach. */
export function members(context: Context): Connection[] {
  return context.world.members().filter(({ plan }) => reaches(context, plan.slot.node));
}

/** Of those the ones in a channel; none for a channel that nobody has heard of. */
export function membersOf(channelId: string, context: Context): Connection[] {
  return members(context).filter(({ plan }) => plan.channelId === channelId);
}

/** A connection of a channel, on whatever node. */
export function memberOf(channelId: string, connectionId: string, context: Context): Connection | undefined {
  return membersOf(channelId, context).find(({ plan }) => plan.connectionId === connectionId);
}
