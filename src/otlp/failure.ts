/** Why a request failed, of what the exporters of OpenTelemetry tell of it. */

import type { OtlpFailureReason } from "./events.ts";

/** What a failed request comes to. */
export interface OtlpFailure {
  readonly reason: OtlpFailureReason;
  /** For the log: nothing of what was sent, no headers. */
  readonly message: string;
  /** Whether the same request may be taken if it is sent again, by OTLP's rules. */
  readonly retryable: boolean;
  /** Whether the receiver may have taken the request all the same, as its answer is what is missing. */
  readonly mayBeTaken: boolean;
}

/** @param error what the exporter ended with */
export type ToFailure = (error: unknown) => OtlpFailure;

/** OTLP/HTTP: by status. Those that may be sent again have been. */
const HTTP: Readonly<Record<number, OtlpFailureReason>> = {
  401: "unauthorized",
  403: "unauthorized",
  407: "unauthorized",
  408: "timeout",
  413: "too_large",
  429: "overloaded",
  502: "overloaded",
  503: "overloaded",
  504: "overloaded",
};

/** gRPC's codes: the reason, and whether OTLP allows to send again. */
const GRPC: Readonly<Record<number, readonly [reason: OtlpFailureReason, retryable: boolean]>> = {
  1: ["refused", true],
  4: ["timeout", true],
  7: ["unauthorized", false],
  8: ["overloaded", false],
  10: ["refused", true],
  11: ["refused", true],
  14: ["connect", true],
  15: ["refused", true],
  16: ["unauthorized", false],
};

/** A header that is to be sent cannot be read. */
export class HeaderError extends Error {}

/** Errors of a connection that there was none of. */
const NO_CONNECTION = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

/**
 * Tells failures of one protocol.
 *
 * @param mask is given whatever came from outside, before it is cut, and takes secrets out of it
 */
export function createToFailure(protocol: "http" | "grpc", mask: (text: string) => string): ToFailure {
  return (error) => {
    const { message = String(error), code, data } = (error ?? {}) as Thrown;
    const told = printable(mask(typeof data === "string" && data !== "" ? `${message}: ${data}` : message));
    if (error instanceof HeaderError)
      return { reason: "credentials", message: told, retryable: false, mayBeTaken: false };
    if (protocol === "grpc" && typeof code === "number") return ofGrpc(code, told);
    return { ...ofHttp(code, told), retryable: false };
  };
}

interface Thrown {
  readonly message?: string;
  readonly code?: unknown;
  /** What the receiver answered over HTTP. */
  readonly data?: unknown;
}

function ofGrpc(code: number, told: string): OtlpFailure {
  const [reason, retryable] = GRPC[code] ?? ["refused", false];
  const sure = { message: told, mayBeTaken: false };
  if (/larger than max|message larger|too large/i.test(told))
    return { ...sure, reason: "too_large", retryable: false };
  if (reason === "connect" && /certificate|ssl|tls|self.signed/i.test(told))
    return { ...sure, reason: "tls", retryable };
  // A proxy without anything behind it, or a receiver that says that it is full.
  if (reason === "connect" && !/connect|ECONN|DNS|EAI_|ENOTFOUND|resol|dropped|protocol/i.test(told))
    return { ...sure, reason: "overloaded", retryable };
  const mayBeTaken =
    reason === "timeout" || (reason === "connect" && !/no connection|ECONNREFUSED|resol/i.test(told));
  return { reason, message: told, retryable, mayBeTaken };
}

function ofHttp(code: unknown, told: string): Omit<OtlpFailure, "retryable"> {
  if (typeof code === "number")
    return { reason: HTTP[code] ?? "refused", message: `HTTP ${code} ${told}`.trim(), mayBeTaken: false };
  if (typeof code === "string") {
    const tls = /CERT|SSL|TLS|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code);
    const mayBeTaken = !tls && !NO_CONNECTION.has(code);
    return { reason: tls ? "tls" : "connect", message: told || code, mayBeTaken };
  }
  if (/timed out/i.test(told)) return { reason: "timeout", message: told, mayBeTaken: true };
  // What HTTP's exporter says of 429, 502, 503 and 504.
  if (/retryable/i.test(told))
    return { reason: "overloaded", message: "the receiver has no room now", mayBeTaken: false };
  const refused = /size limit/.test(told);
  return { reason: refused ? "refused" : "internal", message: told, mayBeTaken: refused };
}

/** What a receiver told, which may be anything. */
export function printable(text: string): string {
  return text
    .replaceAll(/[^\P{C}\n]+|\s+|\uFFFD+/gu, " ")
    .slice(0, 300)
    .trim();
}
