/** Why a call of Sora's API failed. */

/** The reasons, as the label `reason` has them, and what each means. */
export const FAILURE_REASONS = {
  timeout: "no complete answer within the timeout",
  connect: "no connection, it ended before the answer did, or what came is no HTTP",
  tls: "the TLS handshake failed, or the certificate is not trusted",
  http_status: "a status other than 200 without an error of Sora's: look at what stands in front of Sora",
  sora_error: "Sora answered with an `error_type`, such as NOT-CLUSTER-MAJORITY; the log names it",
  invalid_json: "the answer is empty, cut off, compressed, or no JSON",
  unexpected_body: "the answer is JSON, but not what the operation answers, such as an array of connections",
  too_large: "the answer is longer than `limits.answer_size` allows, or one connection in it than 16 MB",
  credentials: "a file with a credential to send cannot be read",
  internal: "a mistake of the exporter's own; the log has the details",
} as const;
export type FailureReason = keyof typeof FAILURE_REASONS;

/** A failed call. Its message is one line and holds nothing secret: what failed, never what was sent. */
export class SoraFailure extends Error {
  override readonly name = "SoraFailure";
  readonly reason: FailureReason;
  /** Whether Sora says that it does not know the operation, as a version does that never had it or has it no more. */
  readonly refusal: boolean;

  constructor(
    reason: FailureReason,
    message: string,
    { refusal = false, ...options }: ErrorOptions & { refusal?: boolean } = {},
  ) {
    super(withoutControls(message), options);
    this.reason = reason;
    this.refusal = refusal;
  }
}

/** What somebody else says goes into a log line, so it is cut and has no control characters. */
export function oneLine(text: string): string {
  const line = withoutControls(text);
  return line.length > 150 ? `${line.slice(0, 150)}…` : line;
}

function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
