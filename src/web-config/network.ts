/** Whose an address is. */

import { isIPv6 } from "node:net";

/**
 * The network of an address, as far as its owner may choose addresses: of IPv6 the first 64 bits, of IPv4 the address itself.
 *
 * @param address as sockets give it; anything else is a network of its own
 */
export function networkOf(address: string): string {
  const [bare = ""] = address.split("%", 1);
  // The URL writes it in one way, without zeros before numbers.
  if (!isIPv6(bare)) return address;
  const host = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = "", tail] = host.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  // An IPv4 address, on a socket that takes both.
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return host;
  return `${groups.slice(0, 4).join(":")}::/64`;
}
