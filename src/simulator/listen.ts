/** Listening on several addresses at once: all of them or none. */

import type { FastifyInstance } from "fastify";

/** Where to listen. */
export interface Address {
  host: string;
  /** 0 for any free port. */
  port: number;
}

/** Servers that listen. */
export interface Listening {
  /** Where, in the order of the servers, with the ports that were taken: `http://127.0.0.1:3000`. */
  urls: readonly string[];
  /** Stops listening and ends the connections that are open. */
  close: () => Promise<void>;
}

/** An address that cannot be had; its `cause` is the error of `listen`. */
export class ListenError extends Error {
  override name = "ListenError";
  readonly address: Address;

  constructor(address: Address, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException;
    super(code === "EADDRINUSE" ? "the port is in use" : message, { cause });
    this.address = address;
  }
}

/**
 * Makes servers listen, each on the address of its index.
 *
 * @throws ListenError for the first address that cannot be had; by then no server listens any more
 */
export async function listenOn(
  servers: readonly FastifyInstance[],
  addresses: readonly Address[],
): Promise<Listening> {
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  const urls: string[] = [];
  for (const [index, address] of addresses.entries()) {
    try {
      urls.push(await servers[index]!.listen({ host: address.host, port: address.port }));
    } catch (error) {
      await close();
      throw new ListenError(address, error);
    }
  }
  return { urls, close };
}
