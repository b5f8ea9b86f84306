/** Why a request failed, of what the exporters of OpenTelemetry tell of it. */

import type { OtlpFailureReason } from "./events.ts";

/** What a failed request comes to. */
export interface OtlpFailure {
  readonly reason: OtlpFailureReason;
  /** For the log: nothing of what was sent, no headers. */
  readonly message: string;
  /** Whether the same request may be taken if it is sent again, by OTLP's rules. */
  readonly retryable: boolean;
}

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

/** @param error what the exporter ended with */
export function toOtlpFailure(error: unknown, protocol: "http" | "grpc"): OtlpFailure {
  const {
    message = String(error),
    code,
    data,
  } = (error ?? {}) as { message?: string; code?: unknown; data?: unknown };
  const told = printable(typeof data === "string" && data !== "" ? `${message}: ${data}` : message);
  if (error instanceof HeaderError) return { reason: "credentials", message: told, retryable: false };
  if (protocol === "grpc" && typeof code === "number") {
    const [reason, retryable] = GRPC[code] ?? ["refused", false];
    if (/larger than max|message larger|too large/i.test(told))
      return { reason: "too_large", message: told, retryable: false };
    if (reason === "connect" && /certificate|ssl|tls|self.signed/i.test(told))
      return { reason: "tls", message: told, retryable };
    // A proxy without anything behind it, or a receiver that says that it is full.
    if (reason === "connect" && !/connect|ECONN|DNS|EAI_|ENOTFOUND|resol|dropped|protocol/i.test(told))
      return { reason: "overloaded", message: told, retryable };
    return { reason, message: told, retryable };
  }
  if (typeof code === "number")
    return { reason: HTTP[code] ?? "refused", message: `HTTP ${code} ${told}`.trim(), retryable: false };
  if (typeof code === "string") {
    const tls = /CERT|SSL|TLS|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code);
    return { reason: tls ? "tls" : "connect", message: told || code, retryable: false };
  }
  if (/timed out/i.test(told)) return { reason: "timeout", message: told, retryable: false };
  // What HTTP's exporter says of 429, 502, 503 and 504.
  if (/retryable/i.test(told))
    return { reason: "overloaded", message: "the receiver has no room now", retryable: false };
  return { reason: /size limit/.test(told) ? "refused" : "internal", message: told, retryable: false };
}

/** What a receiver told, which may be anything. */
function printable(text: string): string {
  return text
    .replaceAll(/[^\P{C}\n]+|\s+|\uFFFD+/gu, " ")
    .slice(0, 300)
    .trim();
}
