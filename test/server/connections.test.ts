import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { boundConnections } from "../../src/server/connections.ts";

test("all addresses of a network of IPv6 are one, which loses its oldest connection", () => {
  const server = new EventEmitter();
  const refused: (string | undefined)[] = [];
  boundConnections(server, 6, (_, address) => refused.push(address));
  let remotePort = 0;
  const come = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      remotePort: ++remotePort,
      localAddress: "2001:db8:ffff::1",
      destroyed: false,
      destroy: () => (socket.destroyed = true),
    });
    server.emit("connection", socket);
  };
  for (const address of ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"])
    come(address);
  for (const address of ["2001:db8:1::1", "2001:db8::4", "2001:db8:1::1", "192.0.2.2"]) come(address);
  expect(refused).toEqual(["2001:db8::1", "2001:db8::2", "192.0.2.1"]);
});
