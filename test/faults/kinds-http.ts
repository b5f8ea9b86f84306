/** Faults of HTTP: lengths that lie, statuses, redirects, versions, and what is no HTTP. */

import { below } from "../../src/simulator/prng.ts";
import { ANSWER_SIZE, hurting } from "./kinds-wire.ts";
import type { Kind, Kinds } from "./kinds.ts";
import type { Exchange } from "./proxy.ts";

/** More than the targets' limit, and so little that it can come in one piece. */
const MORE = Buffer.alloc(ANSWER_SIZE + 1, " ");

/** Writes a head as it is, then the good body. */
function raw({ socket, upstream: { body } }: Exchange, head: string): void {
  socket.write(Buffer.concat([Buffer.from(head), body]));
}

function status(code: number, body: string, headers: Record<string, string> = {}): Kind {
  return hurting(({ response }) => response.writeHead(code, headers).end(body), "http_status");
}

export const HTTP_KINDS: Kinds = {
  "a length that is too small": hurting(({ response, upstream: { body }, random }) => {
    response.writeHead(200, { "content-length": 1 + below(random, body.length - 1) }).end(body);
  }, "invalid_json"),
  "a length that is too big": hurting(async ({ response, upstream: { body }, wait, random }) => {
    response.writeHead(200, { "content-length": body.length + 1 + below(random, 1000) }).write(body);
    await wait(3_600_000);
  }, "timeout"),
  "a length that is too big, then the end": hurting(async (exchange) => {
    const { response, upstream, random, socket } = exchange;
    const length = upstream.body.length + 1 + below(random, 1000);
    response.writeHead(200, { "content-length": length }).write(upstream.body);
    await exchange.wait(10);
    socket.end();
  }, "connect"),
  "a length above the limit": hurting(({ response }) => {
    response.writeHead(200, { "content-length": 1e12 }).write("[");
  }, "too_large"),
  "more than the limit at once": hurting(({ response }) => {
    response.writeHead(200, { "content-length": MORE.length }).end(MORE);
  }, "too_large"),
  "two lengths": hurting(
    (exchange) => raw(exchange, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n"),
    "connect",
  ),
  "a length and chunks": hurting(
    (exchange) => raw(exchange, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"),
    "connect",
  ),
  "a length that is no number": hurting(
    (exchange) => raw(exchange, "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"),
    "connect",
  ),
  "status 500": status(500, "oops"),
  "status 503": status(503, "<html>no server is available</html>", { "retry-after": "3600" }),
  "status 401": status(401, "", { "www-authenticate": 'Basic realm="sora"' }),
  "status 404": status(404, '{"message":"no such page"}'),
  "status 204": hurting(({ response }) => response.writeHead(204).end(), "http_status"),
  "a redirect to itself": hurting(({ response }) => {
    response.writeHead(302, { location: "/" }).end();
  }, "http_status"),
  "a redirect to elsewhere": hurting(({ response, elsewhere }) => {
    response.writeHead(307, { location: elsewhere }).end();
  }, "http_status"),
  "100, then an answer": hurting((exchange) => {
    const { length } = exchange.upstream.body;
    raw(exchange, `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`);
  }, "connect"),
  "103, then an answer": hurting((exchange) => {
    exchange.response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    exchange.response.end(exchange.upstream.body);
  }, undefined),
  "101, which nobody asked for": hurting(
    (exchange) =>
      raw(exchange, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"),
    "connect",
  ),
  "HTTP 1.0": hurting((exchange) => {
    raw(exchange, "HTTP/1.0 200 OK\r\n\r\n");
    exchange.socket.end();
  }, undefined),
  "HTTP 1.0, cut": hurting(({ socket, upstream: { body }, random }) => {
    const part = body.subarray(0, 1 + below(random, body.length - 1));
    socket.end(Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), part]));
  }, "invalid_json"),
  "no HTTP": hurting(({ socket }) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"), "connect"),
  "an answer and more": hurting(({ response, socket, upstream: { body } }) => {
    response.once("finish", () => socket.write("<!-- served by proxy-3 -->"));
    response.writeHead(200, { "content-length": body.length }).end(body);
  }, undefined),
};
