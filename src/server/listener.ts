/** The server below the routes: HTTP or HTTPS, with limits on who takes long, sends much or never says anything. */

import { constants } from "node:crypto";
import type { RequestListener, Server } from "node:http";
import { createServer as createHttps, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { http } from "../http.ts";
import type { WebTls } from "../web-config/config.ts";
import type { LiveWebConfig } from "../web-config/live.ts";
import { clientProblem } from "./client-certificate.ts";
import { boundConnections, type Connections } from "./connections.ts";
import { boundPipelining } from "./pipelining.ts";
import type { Refused } from "./refusals.ts";

/** How much of a client is waited for, and taken. */
export interface ListenerLimits {
  /** For a TLS handshake, for the headers, and for a request to come in whole; an answer may take longer. */
  readonly requestMs: number;
  /** At most so much later it is seen that one has taken too long. */
  readonly checkMs: number;
  /** Between two requests of a connection. */
  readonly idleMs: number;
  /** Of all headers of a request. */
  readonly headerBytes: number;
  readonly connections: number;
  /** How many requests of a connection may be unanswered. */
  readonly unanswered: number;
}

/** Of the limits of a process on files, 1024 as a rule, enough remain to ask Sora. */
export const LIMITS: ListenerLimits = {
  requestMs: 10_000,
  checkMs: 2000,
  idleMs: 75_000,
  headerBytes: 16_384,
  connections: 512,
  unanswered: 8,
};

export interface Listener extends Connections {
  readonly server: Server;
  /**
   * What is known of a connection: `in`, `unverified` where a certificate is missing but something may be answered without,
   * `stale` where it was made under another `tls_server_config` than is in force.
   */
  standing(socket: Socket): "in" | "unverified" | "stale";
}

export interface ListenerOptions {
  readonly handler: RequestListener;
  /** Undefined for plain HTTP. */
  readonly web: LiveWebConfig | undefined;
  /** Whether who shows no good certificate is let in as far as `unverified`. */
  readonly admitUnverified: boolean;
  readonly refused: Refused;
  readonly limits: ListenerLimits;
}

/** Makes the server, of which kind is seen from the web configuration now. It does not listen yet. */
export function createListener(options: ListenerOptions): Listener {
  const { web, refused, limits } = options;
  const handler = boundPipelining(options.handler, limits.unanswered, refused);
  const basics = {
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.idleMs,
    maxHeaderSize: limits.headerBytes,
    // Looked at below, once it is known who asks.
    requireHostHeader: false,
  };
  const tls = web?.current.tls;
  const listener: Omit<Listener, "hold"> =
    web === undefined || tls === undefined
      ? { server: http.createServer(basics, handler), standing: () => "in" }
      : listenTls(
          web,
          options,
          createHttps(
            {
              ...basics,
              handshakeTimeout: limits.requestMs,
              rejectUnauthorized: false,
              ...asksFor(tls),
              ...contextOf(tls),
            },
            handler,
          ),
        );
  // Else these, too, would be answered before it is known who asks. No body is waited for, and nothing expected is done.
  for (const event of ["checkContinue", "checkExpectation"]) listener.server.on(event, handler);
  return { ...listener, ...boundConnections(listener.server, limits.connections, refused) };
}

function listenTls(
  web: LiveWebConfig,
  { admitUnverified, refused }: ListenerOptions,
  server: HttpsServer,
): Omit<Listener, "hold"> {
  let generation = 0;
  const generations = new WeakMap<Socket, number>();
  const unverified = new WeakSet<Socket>();

  // Before the server's own listener reads a request.
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    generations.set(socket, generation);
    const problem = clientProblem(socket, web.current.tls!);
    if (problem === undefined) return;
    if (admitUnverified) unverified.add(socket);
    else {
      refused("client_certificate", socket.remoteAddress, problem);
      socket.destroy();
    }
  });
  server.on("tlsClientError", (error: Error & { code?: string; reason?: string }, socket) => {
    // Whoever only looks whether there is something to connect to is no trouble.
    if (error.code === "ECONNRESET") return;
    refused("handshake", socket.remoteAddress, error.reason ?? error.code);
  });
  web.onChange(({ tls }) => {
    if (isDeepStrictEqual(tls, web.current.tls)) return;
    server.setSecureContext(contextOf(tls!));
    // Documented for new servers only, but read for each connection. Where it were not, nobody would be asked for a certificate,
    // and nobody without one is let in where one is due.
    Object.assign(server, asksFor(tls!));
    generation++;
    server.closeIdleConnections();
  });

  return {
    server,
    standing(socket) {
      if (generations.get(socket) !== generation) return "stale";
      return unverified.has(socket) ? "unverified" : "in";
    },
  };
}

function asksFor({ clientAuth }: WebTls): { readonly requestCert: boolean } {
  return { requestCert: clientAuth !== "NoClientCert" };
}

/** No session is resumed: whom a certificate has let in is looked at anew with each connection. */
function contextOf({ context }: WebTls): SecureContextOptions {
  const { ca, ciphers, ecdhCurve, ...rest } = context;
  return {
    ...rest,
    ...(ca !== undefined && { ca }),
    ...(ciphers !== undefined && { ciphers }),
    ...(ecdhCurve !== undefined && { ecdhCurve }),
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}
