/**
 * Who has the focus in a channel, and which layers go with it. For channels without spotlight and for connections that
 * are not there the answer is the same, and nothing happens: the documents name no error for them.
 */

import { TICK_MS } from "../population.ts";
import { EVERYBODY, requestsOf } from "../requests.ts";
import type { SpotlightRids } from "../requests.ts";
import { changePlaces, giveFocus, takeFocus, windowAt } from "../spotlight.ts";
import type { Channel, Connection } from "../state.ts";
import { memberOf, membersOf } from "./find.ts";
import type { Body, Context, Operation, Operations } from "./operation.ts";
import { invalid, readChoice, readInteger, readObjects, readString, Refusal } from "./operation.ts";
import { readStream, RIDS } from "./simulcast.ts";

const SPOTLIGHT_RIDS = ["none", ...RIDS] as const;

export const SPOTLIGHT: Operations = {
  "Sora_20200807.FocusSpotlightFixed": changeFocus((channel, members, connection, window) =>
    giveFocus(channel, members, connection, { fixed: true, window }),
  ),

  "Sora_20200807.FocusSpotlight": changeFocus((channel, members, connection, window) =>
    giveFocus(channel, members, connection, { fixed: false, window }),
  ),

  "Sora_20200807.UnfocusSpotlight": changeFocus(takeFocus),

  "Sora_20200807.ChangeSpotlightNumber": (body, context) => {
    const channelId = readString(body, "channel_id");
    const places = readInteger(body, "spotlight_number", 1, 8);
    const { channel, everybody, window } = stage(channelId, context);
    // The number is that of a session: there is none to change where nobody is.
    if (channel !== undefined && channel.session !== null) changePlaces(channel, everybody, places, window);
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
    const receivers = new Map(
      membersOf(channelId, context).map((member) => [member.plan.connectionId, member]),
    );
    return { channel_id: channelId, item_list: items.map((item) => requestItem(item, receivers)) };
  },
};

interface Item {
  receiver: string;
  sender: string;
  rids: SpotlightRids;
}

function changeFocus(
  change: (channel: Channel, members: readonly Connection[], connection: Connection, window: number) => void,
): Operation {
  return (body, context) => {
    const channelId = readString(body, "channel_id");
    const connectionId = readString(body, "connection_id");
    const { channel, everybody, window } = stage(channelId, context);
    const connection = memberOf(channelId, connectionId, context);
    if (channel !== undefined && connection !== undefined) change(channel, everybody, connection, window);
    return { channel_id: channelId, connection_id: connectionId };
  };
}

/** What the focus of a channel depends on; whoever is out of the asked node's reach keeps a place all the same. */
function stage(
  channelId: string,
  { world }: Context,
): { channel: Channel | undefined; everybody: Connection[]; window: number } {
  return {
    channel: world.channel(channelId),
    everybody: world.members().filter(({ plan }) => plan.channelId === channelId),
    window: windowAt(Math.floor((world.nowMs - world.options.startMs) / TICK_MS)),
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
function requestItem({ receiver, sender, rids }: Item, receivers: ReadonlyMap<string, Connection>): object {
  const connection = receivers.get(receiver);
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
