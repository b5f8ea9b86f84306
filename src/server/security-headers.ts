/** What keeps a browser from doing anything with an answer but what is meant. */

import type { FastifyReply } from "fastify";

/** Headers that keep a browser from doing anything with an answer but what is meant; also with those that are none. */
export const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Sends a plain text with these headers. */
export function sendGuarded(reply: FastifyReply, text: string): FastifyReply {
  return reply.headers(SECURITY_HEADERS).type("text/plain; charset=utf-8").send(text);
}
