/** Which format and which encoding a scraper gets. */

import Negotiator from "negotiator";
import type { Format } from "./compose.ts";

export interface Negotiated {
  readonly format: Format;
  readonly contentType: string;
  readonly gzip: boolean;
}

/** By media type as it is offered; the first is what a scraper without a wish gets. */
const OFFERS: ReadonlyMap<string, { format: Format; contentType: string }> = new Map([
  [
    "text/plain; version=0.0.4",
    { format: "prometheus-text", contentType: "text/plain; version=0.0.4; charset=utf-8" },
  ],
  [
    "application/openmetrics-text; version=1.0.0",
    { format: "openmetrics", contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8" },
  ],
]);
const FALLBACK = OFFERS.values().next().value!;

/**
 * Negotiates an answer.
 *
 * A scraper that accepts nothing of what there is gets the text format all the same, as from any Prometheus client.
 *
 * @param headers the request's, names in lower case
 */
export function negotiate(headers: Readonly<Record<string, string | string[] | undefined>>): Negotiated {
  const negotiator = new Negotiator({ headers: { ...headers, accept: withoutEscaping(headers["accept"]) } });
  const type = negotiator.mediaType([...OFFERS.keys()]);
  const gzip =
    headers["accept-encoding"] !== undefined && negotiator.encoding(["gzip", "identity"]) === "gzip";
  return { ...((type !== undefined && OFFERS.get(type)) || FALLBACK), gzip };
}

/**
 * Prometheus 3 asks for `application/openmetrics-text;version=1.0.0;escaping=allow-utf-8`. Our names are legal under
 * every escaping, so the parameter must not keep the type from matching; the same goes for the charset.
 */
function withoutEscaping(accept: string | string[] | undefined): string | undefined {
  return accept === undefined
    ? undefined
    : String(accept).replaceAll(/;\s*(escaping|charset)\s*=\s*[^;,]*/gi, "");
}
