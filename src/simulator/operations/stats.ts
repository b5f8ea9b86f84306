/** Statistics of connections: of one, of a client's, of all. */

import { memberOf, membersOf } from "./find.ts";
import type { Operations } from "./operation.ts";
import { invalid, readBoolean, readString } from "./operation.ts";

export const STATS: Operations = {
  // Of a connection that is not there nothing can be told, and the documents name no error: this one is our own.
  "Sora_20170529.GetStatsConnection": (body, context) => {
    const channelId = readString(body, "channel_id");
    const connection = memberOf(channelId, readString(body, "connection_id"), context);
    if (connection === undefined) throw invalid("connection_id");
    return context.world.show(connection);
  },

  "Sora_20170529.GetStatsClient": (body, context) => {
    const channelId = readString(body, "channel_id");
    const clientId = readString(body, "client_id");
    return membersOf(channelId, context)
      .filter(({ plan }) => plan.clientId === clientId)
      .map((connection) => context.world.show(connection));
  },

  "Sora_20171101.GetStatsAllConnections": (body, { world, node }) =>
    world.connections({ local: readBoolean(body, "local", true), node }),
};
