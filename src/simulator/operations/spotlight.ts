/**
 * Who has the focus in a channel, and which layers go with it. For channels without spotlight and for connections that
 * are not there the answer is the same, and nothing happens: the documents name no error for them.
 */

import { EVERYBODY, requestsOf } from "../requests.ts";
import type { SpotlightRids } from "../requests.ts";
import { changePlaces, giveFocus, takeFocus } from "../spotlight.ts";
import type { Channel, Connection } from "../state.ts";
import { memberOf, membersOf } from "./find.ts";
import type { Body, Context, Operation, Operations } from "./operation.ts";
import { invalid, readChoice, readInteger, readObjects, readString, Refusal } from "./operation.ts";
import { readStream, RIDS } from "./simulcast.ts";

const SPOTLIGHT_RIDS = ["none", ...RIDS] as const;

export const SPOTLIGHT: Operations = {
  "Sora_20200807.FocusSpotlightFixed": changeFocus((channel, members, connection) =>
    giveFocus(channel, members, connection, true),
  ),

  "Sora_20200807.FocusSpotlight": changeFocus((channel, members, connection) =>
    giveFocus(channel, members, connection, false),
  ),

  "Sora_20200807.UnfocusSpotlight": changeFocus((channel, _members, connection) =>
    takeFocus(channel, connection),
  ),

  "Sora_20200807.ChangeSpotlightNumber": (body, context) => {
    const channelId = readString(body, "channel_id");
    const places = readInteger(body, "spotlight_number", 1, 8);
    const channel = context.world.channel(channelId);
    if (channel !== undefined) changePlaces(channel, membersOf(channelId, context), places);
    return { channel_id: channelId, spotlight_number: places };
  },

  "Sora_20211215.RequestSpotlightRid": (body, context) => {
    const stream = readStream(body);
    const rids = readRids(body);
    const receiver = memberOf(stream.channel_id, stream.recv_connection_id, context);
    if (receiver !== undefined) requestRids(receiver, stream.send_connection_id, rids);
    return { ...stream, spotlight_focus_rid: rids.focus, spotlight_unfocus_rid: rids.unfocus };
  },

  "Sora_20211215.ResetSpotlightRid": (body, context) => {
    const stream = readStream(body);
    const rids = memberOf(stream.channel_id, stream.recv_connection_id, context)?.requests?.spotlight;
    if (stream.send_connection_id === undefined) rids?.clear();
    else rids?.delete(stream.send_connection_id);
    return stream;
  },

  "Sora_20211215.BatchRequestSpotlightRid": (body, context) => {
    const channelId = readString(body, "channel_id");
    const items = readObjects(body, "item_list").map(readItem);
    return { channel_id: channelId, item_list: items.map((item) => requestItem(channelId, item, context)) };
  },
};

interface Item {
  receiver: string;
  sender: string;
  rids: SpotlightRids;
}

function changeFocus(
  change: (channel: Channel, members: readonly Connection[], connection: Connection) => void,
): Operation {
  return (body, context) => {
    const channelId = readString(body, "channel_id");
    const connectionId = readString(body, "connection_id");
    const channel = context.world.channel(channelId);
    const members = membersOf(channelId, context);
    const connection = members.find(({ plan }) => plan.connectionId === connectionId);
    if (channel !== undefined && connection !== undefined) change(channel, members, connection);
    return { channel_id: channelId, connection_id: connectionId };
  };
}

function readRids(body: Body): SpotlightRids {
  return {
    focus: readChoice(body, "spotlight_focus_rid", SPOTLIGHT_RIDS),
    unfocus: readChoice(body, "spotlight_unfocus_rid", SPOTLIGHT_RIDS),
  };
}

/** Whatever is wrong with an item is wrong with the list: nothing of it is done. */
function readItem(item: Body): Item {
  try {
    return {
      receiver: readString(item, "recv_connection_id"),
      sender: readString(item, "send_connection_id"),
      rids: readRids(item),
    };
  } catch (error) {
    throw error instanceof Refusal ? invalid("item_list") : error;
  }
}

/** The only documented `result` is `ok`; `error` for a receiver that is not there is our own. */
function requestItem(channelId: string, { receiver, sender, rids }: Item, context: Context): object {
  const connection = memberOf(channelId, receiver, context);
  if (connection !== undefined) requestRids(connection, sender, rids);
  return {
    recv_connection_id: receiver,
    result: connection === undefined ? "error" : "ok",
    send_connection_id: sender,
    spotlight_focus_rid: rids.focus,
    spotlight_unfocus_rid: rids.unfocus,
  };
}

function requestRids(receiver: Connection, sender: string | undefined, rids: SpotlightRids): void {
  requestsOf(receiver).spotlight.set(sender ?? EVERYBODY, rids);
}
