/** What Sora's users can choose, made fit to be a label's value. */

import { createHash } from "node:crypto";

/**
 * Makes a string fit to be a label's value.
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

/** Digits of the hash that stands for what was cut off, and the sign before them. */
const HASH_DIGITS = 16;
const TAIL_LENGTH = HASH_DIGITS + 1;

/**
 * Shortens a label's value, so that values which differ still do: what is too long keeps its beginning, and a hash of the
 * whole follows.
 *
 * @param value well-formed
 * @param length at most so many UTF-16 code units stay; the hash is cut where not even that fits
 */
export function shorten(value: string, length: number): string {
  if (value.length <= length) return value;
  const hash = createHash("sha256").update(value).digest("hex").slice(0, HASH_DIGITS);
  let kept = Math.max(0, length - TAIL_LENGTH);
  // No half of a surrogate pair.
  if (kept > 0 && value.codePointAt(kept - 1)! > 0xffff) kept--;
  return `${value.slice(0, kept)}~${hash}`.slice(0, length);
}
