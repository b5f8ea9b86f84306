/** A proxy that hands every request on and remembers which operation it asked for. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { request as send } from "undici";
import { markAsSora } from "../../src/simulator/mark.ts";

export interface Tap {
  readonly url: string;
  /** The header `x-sora-target` of each request so far. */
  readonly targets: string[];
  close(): Promise<void>;
}

/** Starts a proxy on loopback in front of `upstream`, a URL. */
export async function startTap(upstream: string): Promise<Tap> {
  const targets: string[] = [];
  const server = markAsSora(createServer());
  server.on("request", (request, response) => {
    const target = String(request.headers["x-sora-target"]);
    targets.push(target);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const handOn = async () => {
        const answer = await send(upstream, {
          method: "POST",
          headers: { "x-sora-target": target },
          body: Buffer.concat(chunks),
        });
        response.writeHead(answer.statusCode, { "content-type": "application/json" });
        response.end(Buffer.from(await answer.body.arrayBuffer()));
      };
      handOn().catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    targets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
