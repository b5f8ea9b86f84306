/**
 * Which layer of a simulcast a receiver gets. For connections that are not there the answer is the same: the documents
 * name no error for them.
 */

import { EVERYBODY, requestsOf } from "../requests.ts";
import type { Rid } from "../requests.ts";
import { memberOf } from "./find.ts";
import type { Body, Operations } from "./operation.ts";
import { readChoice, readOptionalString, readString } from "./operation.ts";

/** The values of `rid`. */
export const RIDS = ["r0", "r1", "r2"] as const satisfies readonly Rid[];

export const SIMULCAST: Operations = {
  "Sora_20201005.RequestRtpStream": (body, context) => {
    const stream = readStream(body);
    const rid = readChoice(body, "rid", RIDS);
    const receiver = memberOf(stream.channel_id, stream.recv_connection_id, context);
    if (receiver !== undefined) requestsOf(receiver).streams.set(stream.send_connection_id ?? EVERYBODY, rid);
    return { ...stream, rid };
  },

  "Sora_20201005.ResetRtpStream": (body, context) => {
    const stream = readStream(body);
    const streams = memberOf(stream.channel_id, stream.recv_connection_id, context)?.requests?.streams;
    // Without a sender all go back to what Sora chooses.
    if (stream.send_connection_id === undefined) streams?.clear();
    else streams?.delete(stream.send_connection_id);
    return stream;
  },
};

/** Who receives from whom; without a sender, from everybody. */
export interface Stream {
  channel_id: string;
  recv_connection_id: string;
  send_connection_id?: string;
}

/** The keys that name a stream. */
export function readStream(body: Body): Stream {
  const channelId = readString(body, "channel_id");
  const receiver = readString(body, "recv_connection_id");
  const sender = readOptionalString(body, "send_connection_id");
  return {
    channel_id: channelId,
    recv_connection_id: receiver,
    ...(sender === undefined ? {} : { send_connection_id: sender }),
  };
}
