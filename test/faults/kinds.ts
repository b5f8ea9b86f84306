/** Every kind of fault, and what the exporter is to call it. */

import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import type { FailureReason } from "../../src/sora/failure.ts";
import { BODY_KINDS } from "./kinds-body.ts";
import { HTTP_KINDS } from "./kinds-http.ts";
import { WIRE_KINDS } from "./kinds-wire.ts";
import type { Fault } from "./proxy.ts";

/** What a kind of fault does, and what is to be made of it. */
export interface Kind {
  readonly fault: Fault;
  /** The reason that failures have, `tls` towards a proxy that speaks TLS; undefined where polls work nevertheless. */
  readonly reason: FailureReason | undefined;
  readonly reasonOverTls?: FailureReason;
  /** Makes sense only for the call of the statistics, or only where TLS is spoken. */
  readonly only?: "statistics" | "tls";
}

export type Kinds = Readonly<Record<string, Kind>>;

const tlsFile = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");

/** The keys of a server by the name of the files. */
export function keysOf(name: string): TlsOptions {
  return { key: tlsFile(`${name}.key`), cert: tlsFile(`${name}.crt`) };
}

/** The name that a client of the proxy asks for, and what it trusts: some of it more than it should. */
export const SERVER_NAME = "sora.example";
export const TRUSTED = ["ca", "expired", "other-host"].map((name) => tlsFile(`${name}.crt`)).join("");

const CONNECTION_KINDS: Kinds = {
  "nobody listens": { fault: { at: "port" }, reason: "connect" },
  "accepted and nothing said": {
    fault: { at: "connection", hurt: (socket) => socket.resume() },
    reason: "timeout",
  },
  "closed as soon as accepted": {
    fault: { at: "connection", hurt: (socket) => socket.end() },
    reason: "connect",
  },
  "reset as soon as accepted": {
    fault: { at: "connection", hurt: (socket) => socket.resetAndDestroy() },
    reason: "connect",
  },
  "another protocol": {
    fault: { at: "connection", hurt: (socket) => socket.write("220 mail.example ESMTP\r\n") },
    ...{ reason: "connect", reasonOverTls: "tls" },
  },
  "an expired certificate": certificate("expired"),
  "a certificate of an unknown authority": certificate("self-signed"),
  "a certificate for another host": certificate("other-host"),
  "a certificate for clients": certificate("client"),
};

function certificate(name: string): Kind {
  return { fault: { at: "handshake", tls: keysOf(name) }, reason: "tls", only: "tls" };
}

export const KINDS: Kinds = { ...CONNECTION_KINDS, ...WIRE_KINDS, ...HTTP_KINDS, ...BODY_KINDS };
