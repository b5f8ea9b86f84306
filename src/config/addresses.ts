/** URLs, listen addresses, host names and paths in the configuration. Each reader gives undefined for what is none. */
import { isIP, isIPv4, isIPv6 } from "node:net";

/** Where a server listens. */
export interface ListenAddress {
  /** Name or address, an IPv6 address without its brackets; undefined for all interfaces. */
  readonly host: string | undefined;
  readonly port: number;
}

/** A URL in its normal form. */
export function readUrl(text: string): string | undefined {
  // More strict than URL, which also reads `http:sora`, backslashes and spaces around it.
  if (!/^https?:\/\/[^/\s\\][^\s\\]*$/.test(text)) return undefined;
  return URL.parse(text)?.href;
}

/** An address to listen on: `host:port`, `[v6]:port` or `:port`. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[A-Za-z0-9.-]*)):(?<port>\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const { v6, name, port } = match.groups as { v6?: string; name?: string; port: string };
  if (Number(port) > 65_535) return undefined;
  if (v6 !== undefined && !isIPv6(v6)) return undefined;
  // Nothing but digits and dots is meant as an address; as a name it would fail only when it is looked up.
  if (name !== undefined && /^[\d.]+$/.test(name) && !isIPv4(name)) return undefined;
  return { host: v6 ?? (name === "" ? undefined : name), port: Number(port) };
}

/** A path to serve the metrics under, of characters that mean nothing else to URLs and routers. */
export function readTelemetryPath(text: string): string | undefined {
  const legal = /^(\/[A-Za-z0-9._~-]+)+\/?$/.test(text) && !/\/\.{1,2}(\/|$)/.test(text);
  return legal ? text : undefined;
}

/** A host name that TLS can ask for, which an address is not. */
export function readServerName(text: string): string | undefined {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text) && isIP(text) === 0 ? text : undefined;
}
