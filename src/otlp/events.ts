/** What is told of pushes as they end. All of it is plain data: it is told to another thread. */

/** Why a push can fail, and what that means. */
export const OTLP_FAILURE_REASONS = {
  connect: "no connection, or it ended before the answer did",
  tls: "the TLS handshake failed, or the certificate is not trusted",
  timeout: "no complete answer within `otlp.timeout`, or not all of a push within `otlp.push_timeout`",
  overloaded: "the receiver has no room now (HTTP 429, 502, 503, 504; gRPC UNAVAILABLE, RESOURCE_EXHAUSTED)",
  too_large: "the request is larger than the receiver takes: make `otlp.batch_size` smaller",
  unauthorized:
    "the receiver wants other credentials (HTTP 401, 403; gRPC UNAUTHENTICATED, PERMISSION_DENIED)",
  refused: "any other status that is no success, such as that of something that is no OTLP receiver",
  credentials: "a file with a credential to send cannot be read",
  internal: "a mistake of the exporter's own; the log has the details",
} as const;
export type OtlpFailureReason = keyof typeof OTLP_FAILURE_REASONS;

/** Whoever wants to be told. */
export interface OtlpEvents {
  /** Pushes begin. */
  otlpStarted(): void;
  /** A request that the receiver took, with so many data points. */
  otlpExported(points: number): void;
  /** A request that failed for good, after what retries there are. */
  otlpFailed(reason: OtlpFailureReason): void;
  /** Points that the receiver said it did not take of a request that it took. */
  otlpRejected(points: number): void;
  /** Points that were not sent, or not taken, as a request of their push failed. */
  otlpDropped(points: number): void;
}
