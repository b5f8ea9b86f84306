/** The headers of every answer, whatever it is. */

import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply } from "fastify";
import { http } from "../http.ts";
import type { LiveWebConfig } from "../web-config/live.ts";

/** What keeps a browser from doing anything with an answer but what is meant. */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const PLAIN_TEXT = "text/plain; charset=utf-8";

export type Web = Pick<LiveWebConfig, "current"> | undefined;

/** Has every answer carry what keeps browsers in bounds, and above that the headers of the web configuration. */
export function addHeaders(server: FastifyInstance, web: Web): void {
  server.addHook("onSend", (_, reply, payload, done) => {
    void reply.headers(headersOf(web));
    done(null, payload);
  });
}

/** Sends a plain text. */
export function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type(PLAIN_TEXT).send(text);
}

/** Answers what is no request, or none that came in time, and ends the connection. */
export function refuseUnparsed(error: { readonly code: string }, socket: Socket, web: Web): void {
  if (socket.writable) {
    const code = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }[error.code] ?? 400;
    const text = `${http.STATUS_CODES[code]}.\n`;
    const headers = {
      ...headersOf(web),
      "content-type": PLAIN_TEXT,
      "content-length": text.length,
      connection: "close",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\n${lines.join("")}\r\n${text}`);
  }
  socket.destroy();
}

function headersOf(web: Web): Readonly<Record<string, string>> {
  return { ...SECURITY_HEADERS, ...web?.current.headers };
}
