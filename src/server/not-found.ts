/** Answers to requests that no route takes. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { sendText } from "./headers.ts";

const METHODS = ["GET", "HEAD", "POST"] as const;

/** Requests whose URL cannot be read. */
const unreadable = new WeakSet<IncomingMessage>();

/** Has a request whose URL cannot be read go the way of all others, as one for `/`, until `refuseUnknown` answers it. */
export function takeUnreadable(
  server: Pick<FastifyInstance, "routing">,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  unreadable.add(request);
  request.url = "/";
  server.routing(request, response);
}

/**
 * Answers, before a body is read: 400 where it cannot be told what is asked for, 404 where there is no such path, 405 with what is
 * allowed where there is, 413 where a body comes with a request, as no route takes one.
 */
export function refuseUnknown(server: FastifyInstance): void {
  server.addHook("onRequest", async (request, reply) => {
    const hasBody = bringsBody(request.headers);
    const bad = unreadable.has(request.raw) || lacksHost(request.raw);
    if (!request.is404 && !hasBody && !bad) return;
    // Else the rest of the body would be read, to find the next request behind it. And who says nonsense may have it out of step.
    if (hasBody || bad) void reply.header("connection", "close");
    if (bad) return sendText(reply.code(400), "Bad request.\n");
    if (!request.is404) return sendText(reply.code(413), "No body is taken.\n");
    const [path = ""] = request.url.split("?", 1);
    const allowed = METHODS.filter((method) => server.hasRoute({ method, url: path }));
    if (allowed.length > 0)
      return sendText(reply.code(405).header("allow", allowed.join(", ")), "Method not allowed.\n");
    return sendText(reply.code(404), "Not found.\n");
  });
}

function bringsBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || !/^0*$/.test(headers["content-length"] ?? "");
}

/** HTTP/1.1 demands one. */
function lacksHost({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === "1.1" && headers.host === undefined;
}
