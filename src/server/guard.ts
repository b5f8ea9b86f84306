/** Who is let in: what is asked of every request before a route has it. */

import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Compare } from "../web-config/compare.ts";
import type { WebConfig } from "../web-config/config.ts";
import type { LiveWebConfig } from "../web-config/live.ts";
import { createPasswords } from "../web-config/passwords.ts";
import { createBucket } from "../web-config/rate-limit.ts";
import type { Listener } from "./listener.ts";
import type { Refused } from "./refusals.ts";
import { sendText } from "./headers.ts";

export interface GuardOptions {
  readonly web: LiveWebConfig;
  /** Whether the health endpoints are for everyone. */
  readonly healthWithoutAuth: boolean;
  readonly listener: Pick<Listener, "standing">;
  readonly compare: Compare;
  readonly refused: Refused;
}

/** Routes that may be for everyone. */
const HEALTH: ReadonlySet<string | undefined> = new Set(["/-/healthy", "/-/ready"]);

const CHALLENGE = 'Basic realm="sora-stats-exporter", charset="UTF-8"';

/** Has every request of a server pass; to be called before anything else takes one. */
export function guard(
  server: FastifyInstance,
  { web, healthWithoutAuth, listener, compare, refused }: GuardOptions,
): void {
  // One for all configurations: a new one neither forgets who has come in before nor makes the queue longer.
  const check = createPasswords(compare);
  let checks = checksOf(web.current);
  web.onChange((config) => (checks = checksOf(config, checks)));

  server.addHook("onRequest", async (request, reply) => {
    const { socket } = request.raw;
    const stands = listener.standing(socket);
    if (stands === "stale") {
      // It is asked again on a new connection.
      socket.destroy();
      return reply.hijack();
    }
    if (healthWithoutAuth && HEALTH.has(request.routeOptions.url)) return;
    if (stands === "unverified") {
      refused("client_certificate", request.ip);
      return sendText(reply.code(403).header("connection", "close"), "A client certificate is needed.\n");
    }
    // Of one configuration, also if there is another one meanwhile.
    const { take, users } = checks;
    if (!take()) {
      refused("rate_limit", request.ip);
      return sendText(reply.code(429).header("retry-after", "1"), "Too many requests, try again later.\n");
    }
    if (users.size === 0) return;
    const given = credentialsOf(request);
    const verdict = given && (await check(users, given.user, given.password, request.ip));
    if (verdict === "right") return;
    if (verdict === "busy") {
      refused("busy", request.ip);
      return sendText(
        reply.code(503).header("retry-after", "1"),
        "Too many passwords to check, try again later.\n",
      );
    }
    refused("password", request.ip, given === undefined ? "there were none" : undefined);
    return sendText(reply.code(401).header("www-authenticate", CHALLENGE), "Unauthorized.\n");
  });
}

interface Checks extends Pick<WebConfig, "users" | "rateLimit"> {
  /** Takes a request of those that `rateLimit` allows. */
  readonly take: () => boolean;
}

/** What is checked; a limit that stays as it was `before` goes on. */
function checksOf({ users, rateLimit }: WebConfig, before?: Checks): Checks {
  if (before !== undefined && isDeepStrictEqual(rateLimit, before.rateLimit)) return { ...before, users };
  const take = rateLimit === undefined ? () => true : createBucket(rateLimit, () => performance.now());
  return { users, rateLimit, take };
}

/** User and password of a request; undefined where there are none. */
function credentialsOf(request: FastifyRequest): { user: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return user === undefined || password === undefined ? undefined : { user, password };
}
