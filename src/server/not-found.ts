/** Answers to requests that no route takes. */

import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import { SECURITY_HEADERS } from "./security-headers.ts";

const METHODS = ["GET", "HEAD", "POST"] as const;

/**
 * Answers, before a body is read: 404 where there is no such path, 405 with what is allowed where there is, 413 where a body
 * comes with a request, as no route takes one.
 */
export function refuseUnknown(server: FastifyInstance): void {
  server.addHook("onRequest", async (request, reply) => {
    const hasBody = bringsBody(request.headers);
    if (!request.is404 && !hasBody) return;
    void reply.headers(SECURITY_HEADERS).type("text/plain; charset=utf-8");
    // Else the rest of the body would be read, to find the next request behind it.
    if (hasBody) void reply.header("connection", "close");
    if (!request.is404) return reply.code(413).send("No body is taken.\n");
    const [path = ""] = request.url.split("?", 1);
    const allowed = METHODS.filter((method) => server.hasRoute({ method, url: path }));
    if (allowed.length > 0)
      return reply.code(405).header("allow", allowed.join(", ")).send("Method not allowed.\n");
    return reply.code(404).send("Not found.\n");
  });
}

function bringsBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || !/^0*$/.test(headers["content-length"] ?? "");
}
