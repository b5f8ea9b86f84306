/** Ports for programs that cannot be told to take any. */

import { createServer, type AddressInfo } from "node:net";

/**
 * A port of 127.0.0.1 that nobody listens on at the moment.
 *
 * @param preferred taken if it is free; by default any is
 */
export async function freePort(preferred = 0): Promise<number> {
  const server = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(preferred, "127.0.0.1", () => resolve(true));
  });
  if (!listening) {
    if (preferred === 0) throw new Error("there is no free port on 127.0.0.1");
    return freePort();
  }
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
