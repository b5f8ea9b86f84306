/** How many requests of a connection may be unanswered: Node.js takes all that a client has sent at once, before it hears anybody else. */

import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { Refused } from "./refusals.ts";

/**
 * Hands requests on, but ends a connection with more than `limit` of them unanswered. Whoever asks for one thing after the other,
 * as Prometheus and browsers do, never has more than one.
 */
export function boundPipelining(handler: RequestListener, limit: number, refused: Refused): RequestListener {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    // What had come in with the one too many.
    if (socket.destroyed) return;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > limit) {
      refused("pipelining", socket.remoteAddress);
      end(socket);
      return;
    }
    unanswered.set(socket, count);
    response.once("close", () => unanswered.set(socket, unanswered.get(socket)! - 1));
    handler(request, response);
  };
}

/**
 * Node.js makes an error for each of the requests that are never answered, over a thousand of them; their stacks, which nobody
 * looks at, would take most of the time that all of it takes.
 */
function end(socket: Socket): void {
  const { stackTraceLimit } = Error;
  socket.prependOnceListener("close", () => (Error.stackTraceLimit = 0));
  socket.once("close", () => (Error.stackTraceLimit = stackTraceLimit));
  socket.destroy();
}
