/**
 * Makes a string that Sora's users can choose fit to be a label's value.
 *
 * Every character may stand in a label's value but two: half of a surrogate pair, which has no UTF-8, and NUL, at
 * which Prometheus ends the whole scrape. Both become U+FFFD here, before anything is compared, so that two values
 * which would look the same on the wire are the same.
 */
export function labelValue(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\u{fffd}");
}
