/** `/config`, and `/-/reload` where that is enabled. */

import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Reloaded } from "../reload.ts";
import { sendText } from "./headers.ts";

export interface Lifecycle {
  /** The configuration that is in use, without its secrets. */
  yaml(): string;
  /** Whether a request may reload it. */
  mayReload(): boolean;
  /** Never rejects. */
  reload(): Promise<Reloaded>;
}

/** Adds the routes. */
export function addLifecycleRoutes(server: FastifyInstance, lifecycle: Lifecycle): void {
  server.get("/config", (_, reply) => sendText(reply.header("cache-control", "no-store"), lifecycle.yaml()));

  server.route({
    method: ["POST", "PUT"],
    url: "/-/reload",
    handler: refuseOthers,
    // Before a body is read: there is none to be read.
    async onRequest({ headers }, reply) {
      if (!lifecycle.mayReload())
        return sendText(reply.code(403), "Reloading by request is not enabled: --web.enable-lifecycle.\n");
      if (isFromOtherSite(headers)) return sendText(reply.code(403), "Not for pages of other sites.\n");
      const reloaded = await lifecycle.reload();
      if (!reloaded.successful) return sendText(reply.code(500), `${reloaded.problem}\n`);
      const later = reloaded.later.map((key) => `${key} has changed, which takes a restart.\n`);
      return sendText(reply, ["Reloaded.\n", ...later].join(""));
    },
  });
  server.route({
    method: server.supportedMethods.filter((method) => method !== "POST" && method !== "PUT"),
    url: "/-/reload",
    handler: refuseOthers,
    exposeHeadRoute: false,
    onRequest: async (_, reply) => refuseOthers(_, reply),
  });
}

/** Whether a page of another site has a browser ask, which sends the passwords of its user along. */
function isFromOtherSite({ origin, host, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return origin !== undefined && URL.parse(origin)?.host !== host;
}

function refuseOthers(_: unknown, reply: FastifyReply): FastifyReply {
  return sendText(reply.code(405).header("allow", "POST, PUT"), "Only POST and PUT.\n");
}
