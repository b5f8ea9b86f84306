/** Answers to requests that no route takes. */

import type { FastifyInstance } from "fastify";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Where there is such a path, but not to be written to: 405 with what is allowed, else 404; before a body is read. */
export function refuseUnknown(server: FastifyInstance): void {
  server.addHook("onRequest", async (request, reply) => {
    if (!request.is404) return;
    void reply.headers(SECURITY_HEADERS).type("text/plain; charset=utf-8");
    const [path = ""] = request.url.split("?", 1);
    if (server.hasRoute({ method: "GET", url: path }))
      return reply.code(405).header("allow", "GET, HEAD").send("Method not allowed.\n");
    return reply.code(404).send("Not found.\n");
  });
}
