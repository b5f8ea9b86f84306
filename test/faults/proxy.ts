/**
 * A proxy in front of a Sora that can be told to do wrong: with connections before they are anything, or with single
 * requests. Where it is not told to, it hands on what it is asked and what is answered.
 */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { request as send } from "undici";
import { markAsSora } from "../../src/simulator/mark.ts";
import type { Random } from "../../src/simulator/prng.ts";

/** An answer of the Sora behind the proxy. */
export interface Upstream {
  readonly status: number;
  readonly body: Buffer;
}

/** A request that a fault is to answer, and all that it may need for that. */
export interface Exchange {
  /** Such as `GetStatsAllConnections`; empty where the request names none. */
  readonly operation: string;
  /** What Sora would have said. */
  readonly upstream: Upstream;
  readonly response: ServerResponse;
  /** What the bytes go through: encrypted where the proxy speaks TLS. */
  readonly socket: Socket;
  /** Ends the TCP connection with RST, at once. */
  readonly reset: () => void;
  /** Resolves after so many milliseconds, or as soon as the client is gone. */
  readonly wait: (ms: number) => Promise<void>;
  /** Whether there is nobody any more to hurt. */
  readonly gone: () => boolean;
  readonly random: Random;
  /** Another server than Sora: nothing may ever come there. */
  readonly elsewhere: string;
}

/** What goes wrong. */
export type Fault =
  /** Answers requests in Sora's place; those of other operations than the named ones are handed on. */
  | { readonly at: "request"; readonly operations?: readonly string[]; hurt(exchange: Exchange): unknown }
  /** Is given each new TCP connection in place of the server. */
  | { readonly at: "connection"; hurt(socket: Socket): unknown }
  /** The server has other keys; without TLS nothing changes. */
  | { readonly at: "handshake"; readonly tls: TlsOptions }
  /** Nobody listens. */
  | { readonly at: "port" };

export interface FaultProxy {
  readonly url: string;
  /**
   * Has this go wrong from now on, or nothing any more. Connections that wait for a request are closed where the fault
   * is not one of requests, so that it is met.
   *
   * @returns when the requests that came before are answered
   */
  inject(fault: Fault | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** URL of the Sora behind it. */
  readonly upstream: string;
  /** Where it speaks TLS. */
  readonly tls?: TlsOptions | undefined;
  /** See `Exchange.elsewhere`. */
  readonly elsewhere: string;
  readonly random: Random;
}

/** Starts a proxy on loopback; it keeps its port for as long as it is there. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { tls } = options;
  /** By the port of the other side, as a TLS socket does not tell on which TCP socket it is. */
  const sockets = new Map<number, Socket>();
  const idle = new Set<Socket>();
  /** Requests that are handed on. */
  const underWay = new Set<Promise<unknown>>();
  let fault: Fault | undefined;
  const healthy = serve(tls);
  let impostor: Server | undefined;

  function serve(keys: TlsOptions | undefined): Server {
    const server = markAsSora(keys === undefined ? createHttpServer() : createHttpsServer(keys));
    server.keepAliveTimeout = 0;
    server.on("clientError", (_, socket) => socket.destroy());
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const raw = sockets.get(request.socket.remotePort!);
      if (raw === undefined) return;
      idle.delete(raw);
      response.once("close", () => {
        if (!raw.destroyed) idle.add(raw);
      });
      const answered = answer(request, response, raw).catch(() => raw.destroy());
      if (fault === undefined) {
        underWay.add(answered);
        void answered.finally(() => underWay.delete(answered));
      }
    });
    return server;
  }

  async function answer(request: IncomingMessage, response: ServerResponse, raw: Socket): Promise<void> {
    const wrong = fault;
    const target = String(request.headers["x-sora-target"]);
    const operation = target.split(".")[1] ?? "";
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { statusCode: status, body } = await send(options.upstream, {
      method: "POST",
      headers: { "x-sora-target": target },
      body: Buffer.concat(chunks),
    });
    const upstream = { status, body: Buffer.from(await body.arrayBuffer()) };
    if (wrong?.at !== "request" || (wrong.operations && !wrong.operations.includes(operation))) {
      // Who asked may have given up meanwhile; then nothing closes any more.
      if (response.destroyed) return;
      const finished = new Promise((resolve) => response.once("close", resolve));
      response.writeHead(status, { "content-type": "application/json" }).end(upstream.body);
      await finished;
      return;
    }
    await wrong.hurt({
      ...{ operation, upstream, response, socket: request.socket },
      ...{ random: options.random, elsewhere: options.elsewhere },
      gone: () => raw.destroyed,
      reset: () => void raw.resetAndDestroy(),
      wait: (ms) => waitFor(raw, ms),
    });
  }

  const listener = createTcpServer((socket) => {
    sockets.set(socket.remotePort!, socket);
    idle.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      idle.delete(socket);
      if (sockets.get(socket.remotePort!) === socket) sockets.delete(socket.remotePort!);
      for (const [port, one] of sockets) if (one === socket) sockets.delete(port);
    });
    if (fault?.at === "connection") void fault.hurt(socket);
    else (impostor ?? healthy).emit("connection", socket);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(port, "127.0.0.1", () => {
        listener.off("error", reject);
        resolve();
      });
    });
  await listen(0);
  const { port } = listener.address() as AddressInfo;

  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/`,
    async inject(next) {
      const before = fault;
      fault = next;
      if (next?.at === "port") listener.close();
      else if (before?.at === "port") await listen(port);
      impostor = next?.at === "handshake" && tls !== undefined ? serve(next.tls) : undefined;
      await Promise.all(underWay);
      if (next !== undefined && next.at !== "request") for (const socket of idle) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        if (listener.listening) listener.close(() => resolve());
        else resolve();
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
}

function waitFor(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      socket.off("close", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    socket.once("close", end);
    if (socket.destroyed) end();
  });
}
