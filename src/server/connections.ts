/** How many connections there may be: whoever has many of them, and asks nothing, keeps nobody else out. */

import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { networkOf } from "../web-config/network.ts";
import type { Refused } from "./refusals.ts";

export interface Connections {
  /** Has the connection of a request that is let in stay until the request is answered. */
  hold(request: IncomingMessage, response: ServerResponse): void;
}

interface Connection {
  readonly socket: Socket;
  readonly network: string;
  /** Of those that were let in, how many are under way. */
  requests: number;
}

/**
 * Bounds the connections of a server. One too many ends another: of the network with the most of those that have no request
 * under way that was let in, the oldest. Where all have one, the new one is ended itself.
 */
export function boundConnections(server: EventEmitter, limit: number, refused: Refused): Connections {
  /** By their two ends, the oldest first. */
  const open = new Map<string, Connection>();

  /** The one to be ended. */
  function surplus(): Socket | undefined {
    const waiting = [...open.values()].filter(({ requests }) => requests === 0);
    let most: readonly Connection[] = [];
    for (const some of Map.groupBy(waiting, ({ network }) => network).values())
      if (some.length > most.length) most = some;
    return most[0]?.socket;
  }

  server.on("connection", (socket: Socket) => {
    if (open.size >= limit) {
      const ended = surplus() ?? socket;
      refused("connections", ended.remoteAddress);
      open.delete(endsOf(ended));
      ended.destroy();
      if (ended === socket) return;
    }
    const ends = endsOf(socket);
    const connection: Connection = { socket, network: networkOf(socket.remoteAddress ?? ""), requests: 0 };
    open.set(ends, connection);
    socket.once("close", () => {
      if (open.get(ends) === connection) open.delete(ends);
    });
  });

  return {
    hold({ socket }, response) {
      const connection = open.get(endsOf(socket));
      if (connection === undefined) return;
      connection.requests++;
      response.once("close", () => connection.requests--);
    },
  };
}

/** The same for a TLS connection and the TCP connection below, which are two sockets. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return [remoteAddress, remotePort, localAddress].join(" ");
}
