/** Why a call of Sora's API failed. */

/** The reasons, as the label `reason` has them. */
export const FAILURE_REASONS = [
  "timeout",
  "connect",
  "tls",
  "http_status",
  "sora_error",
  "invalid_json",
  "unexpected_body",
  "too_large",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** A failed call. Its message is one line and holds nothing secret: what failed, never what was sent. */
export class SoraFailure extends Error {
  override readonly name = "SoraFailure";
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
    this.reason = reason;
  }
}

/** What an answer says goes into a log line, so it is cut and has no control characters. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
