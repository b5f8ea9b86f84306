/** What is told of requests that are not let in, and of the web configuration file. */

/** Why a connection or a request is turned away, and what that means. */
export const REFUSAL_REASONS = {
  handshake: "the TLS handshake failed, or took too long",
  client_certificate: "no certificate of the client, or not one that is allowed",
  password: "no user and password, or not the right ones",
  busy: "too many passwords were being checked",
  rate_limit: "more requests than `rate_limit` allows",
  scrapes: "more scrapes at a time than `web.max_requests`",
  connections: "more connections at a time than the exporter takes",
  pipelining: "more requests at once on one connection, without waiting for answers, than the exporter takes",
} as const;
export type RefusalReason = keyof typeof REFUSAL_REASONS;

/** Whoever wants to be told. */
export interface WebEvents {
  /** A connection or a request was turned away. */
  webRefused(reason: RefusalReason): void;
  /** The web configuration file was read anew, and is in force; the certificate that it names ends then, if there is one. */
  webConfigLoaded(timeMs: number, notAfterMs: number | undefined): void;
  /** It could not be used; what was in force still is. */
  webConfigRefused(): void;
}
