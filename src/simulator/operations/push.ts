/**
 * Messages to clients. They go to whoever is there when they are sent; a push to nobody is answered like any other, as
 * the documents name no error for it.
 */

import { pushMessage } from "../messages.ts";
import type { Plan } from "../plan.ts";
import { membersOf, ROLES } from "./find.ts";
import type { Body, Operation, Operations } from "./operation.ts";
import { readChoice, readObject, readString } from "./operation.ts";

export const PUSH: Operations = {
  "Sora_20160711.PushChannel": push(() => () => true),

  "Sora_20160711.PushClient": push((body) => {
    const clientId = readString(body, "client_id");
    return (plan) => plan.clientId === clientId;
  }),

  "Sora_20160711.PushConnection": push((body) => {
    const connectionId = readString(body, "connection_id");
    return (plan) => plan.connectionId === connectionId;
  }),

  "Sora_20201120.PushChannelByRole": push((body) => {
    const role = readChoice(body, "role", ROLES);
    return (plan) => plan.role === role;
  }),
};

/** @param readAim what of the request says who of the channel is meant */
function push(readAim: (body: Body) => (plan: Plan) => boolean): Operation {
  return (body, context) => {
    const channelId = readString(body, "channel_id");
    const isMeant = readAim(body);
    const message = { data: readObject(body, "data"), type: "push" };
    const bytes = Buffer.byteLength(JSON.stringify(message));
    for (const connection of membersOf(channelId, context)) {
      if (isMeant(connection.plan)) pushMessage(connection, bytes);
    }
    return message;
  };
}
