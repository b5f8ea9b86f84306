/**
 * Makes a string that Sora's users can choose fit to be a label's value.
 *
 * Prometheus takes every character in a label's value, but half of a surrogate pair has no UTF-8. It becomes U+FFFD
 * here, before anything is compared, so that two values which would look the same on the wire are the same.
 */
export function labelValue(text: string): string {
  return text.toWellFormed();
}

/** A scalar of Sora's answer as a label's value; empty for what is none. */
export function toLabelValue(value: unknown): string {
  if (typeof value === "string") return labelValue(value);
  return typeof value === "boolean" || typeof value === "number" ? String(value) : "";
}
