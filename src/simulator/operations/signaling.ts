/**
 * Connections: which there are, and how to end them. To end what is not there is no error: the documents name none, and
 * the answer is the same.
 */

import { nodeName } from "../cluster.ts";
import type { Plan } from "../plan.ts";
import type { Connection } from "../state.ts";
import { members, membersOf, ROLES } from "./find.ts";
import type { Body, Context, Operations } from "./operation.ts";
import { readBoolean, readChoice, readOptionalObject, readString } from "./operation.ts";

/** What is negotiated with somebody who asks for nothing of its own. */
const RECEIVED_VIDEO = { bit_rate: 500, codec_type: "VP9" };

export const SIGNALING: Operations = {
  "Sora_20151104.DisconnectChannel": (body, context) => {
    const channelId = readString(body, "channel_id");
    readOptionalObject(body, "reason");
    disconnect(membersOf(channelId, context), context);
    return { channel_id: channelId };
  },

  "Sora_20151104.DisconnectClient": (body, context) => {
    const channelId = readString(body, "channel_id");
    const clientId = readString(body, "client_id");
    readOptionalObject(body, "reason");
    const all = membersOf(channelId, context);
    disconnect(
      all.filter(({ plan }) => plan.clientId === clientId),
      context,
    );
    return { channel_id: channelId, client_id: clientId };
  },

  "Sora_20151104.DisconnectConnection": (body, context) => {
    const channelId = readString(body, "channel_id");
    const connectionId = readString(body, "connection_id");
    readOptionalObject(body, "reason");
    const all = membersOf(channelId, context);
    disconnect(
      all.filter(({ plan }) => plan.connectionId === connectionId),
      context,
    );
    return { channel_id: channelId, connection_id: connectionId };
  },

  "Sora_20201120.DisconnectChannelByRole": (body, context) => {
    const channelId = readString(body, "channel_id");
    const role = readChoice(body, "role", ROLES);
    const all = membersOf(channelId, context);
    disconnect(
      all.filter(({ plan }) => plan.role === role),
      context,
    );
    return { channel_id: channelId, role };
  },

  "Sora_20201013.ListConnections": (body, context) => list(members(context), body, context),

  "Sora_20201013.ListChannelConnections": (body, context) =>
    list(membersOf(readString(body, "channel_id"), context), body, context),
};

function disconnect(connections: readonly Connection[], { world }: Context): void {
  for (const connection of connections) world.disconnect(connection);
}

/** The 2022 document knows no `local`; it is understood there too, as by `GetStatsAllConnections`. */
function list(connections: readonly Connection[], body: Body, context: Context): object[] {
  const local = readBoolean(body, "local", true);
  return connections
    .filter(({ plan }) => !local || plan.slot.node === context.node)
    .map(({ plan }) => listed(plan, context));
}

function listed(plan: Plan, { world }: Context): object {
  const { form, startMs } = world.options;
  const newer = form === "2024";
  return {
    ...described(plan),
    // Microseconds, of which a world that ticks by the second has none of its own.
    created_time: (startMs + plan.life.joinTick * 1_000) * 1_000 + (plan.lifeKey % 1_000),
    ...(newer ? { node_name: nodeName(plan.slot.node) } : { multistream: true }),
    role: plan.role,
    ...(newer ? { session_id: world.channel(plan.channelId)?.session?.id ?? "" } : {}),
    simulcast: plan.simulcast,
    spotlight: plan.slot.kind === "spotlight",
  };
}

/**
 * What all lists of connections say of one: its ids, and `audio` and `video`, which are `false` or an object with
 * `codec_type` and, for video, `bit_rate` (kbit/s), as they were negotiated: who only receives has both.
 */
export function described(plan: Plan): object {
  const { videoCodec, videoKbps, sends } = plan;
  const sent = videoCodec === null ? false : { bit_rate: videoKbps, codec_type: videoCodec };
  return {
    bundle_id: plan.bundleId,
    channel_id: plan.channelId,
    client_id: plan.clientId,
    connection_id: plan.connectionId,
    // Everybody sends audio, or receives it.
    audio: { codec_type: "OPUS" },
    video: sends ? sent : RECEIVED_VIDEO,
  };
}
