/** The queries of one connection. */

import { max, ofConnection, sumRate } from "../promql.ts";

/** Growth of a counter of the connection a second; its name without `sora_connection_`. */
export function perSecond(metric: string, by?: string, matchers?: string): string {
  return sumRate(ofConnection(`sora_connection_${metric}`, matchers), by);
}

/** Bits a second of a counter of bytes. */
export function bits(metric: string, by?: string): string {
  return `${perSecond(metric, by)} * 8`;
}

/** A gauge of the connection, whichever exporter tells it. */
export function gauge(metric: string, by?: string): string {
  const selector = ofConnection(`sora_connection_${metric}`);
  return by === undefined ? `max(${selector})` : max(selector, by);
}

/** What the descriptions of `cc.*` say. */
export const RAW = "Raw values of Sora's congestion controller; Sora documents no unit.";
