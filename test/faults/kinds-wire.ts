/** Faults of time and of the wire: a good answer that comes late, in part, without end, or not at all. */

import { below } from "../../src/simulator/prng.ts";
import type { Kind, Kinds } from "./kinds.ts";
import type { Exchange } from "./proxy.ts";

/** `limits.answer_size` of the targets. */
export const ANSWER_SIZE = 512 * 1024;

const FOREVER_MS = 3_600_000;

/** A fault of requests. */
export function hurting(hurt: (exchange: Exchange) => unknown, reason: Kind["reason"]): Kind {
  return { fault: { at: "request", hurt }, reason };
}

/** Begins a good answer and sends the first of its bytes, at least one and not all; gives the others. */
function begin({ response, upstream: { body }, random }: Exchange, chunked = false): Buffer {
  const at = 1 + below(random, body.length - 1);
  response.writeHead(200, chunked ? {} : { "content-length": body.length });
  response.write(body.subarray(0, at));
  return body.subarray(at);
}

/** Writes pieces for as long as there is somebody to read them. */
async function flood(
  { socket, gone, wait }: Exchange,
  head: string,
  piece: (n: number) => string,
): Promise<void> {
  socket.write(head);
  for (let n = 0; !gone(); n++) {
    let pieces = "";
    while (pieces.length < 65_536) pieces += piece(n++);
    if (!socket.write(pieces)) await drained(socket);
    // Not so fast that there is no time for anything else.
    await wait(2);
  }
}

function drained(socket: Exchange["socket"]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      socket.off("drain", end).off("close", end);
      resolve();
    };
    socket.once("drain", end).once("close", end);
  });
}

const OK = "HTTP/1.1 200 OK\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const endless = (first: string, piece: (n: number) => string) =>
  hurting(
    (exchange) =>
      flood(exchange, `${OK}transfer-encoding: chunked\r\n\r\n${chunk(first)}`, (n) => chunk(piece(n))),
    "too_large",
  );

export const WIRE_KINDS: Kinds = {
  "a late answer": hurting(async ({ response, upstream, wait, random }) => {
    await wait(below(random, 80));
    response.end(upstream.body);
  }, undefined),
  "the answer before once more": hurting(({ response, socket, upstream: { body } }) => {
    const again = () => socket.write(`${OK}content-length: ${body.length}\r\n\r\n${String(body)}`);
    socket.once("data", again);
    response.end(body);
  }, undefined),
  "no answer": hurting(({ wait }) => wait(FOREVER_MS), "timeout"),
  "a pause in the body": hurting(async (exchange) => {
    const rest = begin(exchange);
    await exchange.wait(below(exchange.random, 80));
    exchange.response.end(rest);
  }, undefined),
  "a body that stalls": hurting(async (exchange) => {
    begin(exchange);
    await exchange.wait(FOREVER_MS);
  }, "timeout"),
  "a body that is cut": hurting(async (exchange) => {
    begin(exchange);
    await exchange.wait(10);
    exchange.socket.end();
  }, "connect"),
  "chunks that are cut": hurting(async (exchange) => {
    begin(exchange, true);
    await exchange.wait(10);
    exchange.socket.end();
  }, "connect"),
  "a reset before the answer": hurting(({ reset }) => reset(), "connect"),
  "a reset in the body": hurting(async (exchange) => {
    begin(exchange);
    await exchange.wait(10);
    exchange.reset();
  }, "connect"),
  "a body in small pieces": hurting(async ({ response, upstream: { body }, random, gone }) => {
    response.writeHead(200, { "content-length": body.length });
    for (let at = 0; at < body.length && !gone();) {
      // The first bytes one by one.
      const end = at + (at < 100 ? 1 : 1 + below(random, 4000));
      response.write(body.subarray(at, end));
      at = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  }, undefined),
  "a trickle": hurting(async ({ response, gone, wait }) => {
    response.writeHead(200, { "content-length": ANSWER_SIZE }).write("[");
    while (!gone()) {
      response.write(" ");
      await wait(10);
    }
  }, "timeout"),
  "a trickle of headers": hurting(async ({ socket, gone, wait }) => {
    socket.write(OK);
    while (!gone()) {
      socket.write("x");
      await wait(10);
    }
  }, "timeout"),
  "endless blanks": endless("[", () => " ".repeat(1024)),
  "an endless text": endless('[{"channel_id":"', () => "flood".repeat(200)),
  "endless connections": endless("[", (n) => `{"channel_id":"flood","connection_id":"flood-${n}"},`),
  "endless headers": hurting(
    (exchange) => flood(exchange, OK, (n) => `x-flood-${n}: ${"x".repeat(50)}\r\n`),
    "connect",
  ),
  "an endless head of a chunk": hurting(
    (exchange) => flood(exchange, `${OK}transfer-encoding: chunked\r\n\r\n1;`, () => "x".repeat(1024)),
    "timeout",
  ),
  "an endless line of status": hurting(
    (exchange) => flood(exchange, "HTTP/1.1 200 ", () => "OK".repeat(100)),
    "timeout",
  ),
};
