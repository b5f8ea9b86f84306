/** A receiver of OTLP over HTTP that takes everything and looks at nothing, in a process of its own. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answer } from "./child.ts";

let requests = 0;
let bytes = 0;
let largest = 0;
const server = createServer((request, response) => {
  let size = 0;
  request.on("data", (chunk: Buffer) => (size += chunk.length));
  request.on("end", () => {
    requests++;
    bytes += size;
    largest = Math.max(largest, size);
    response.end();
  });
});
server.listen(0, "127.0.0.1");
answer({
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`,
  counts: () => {
    const counts = { requests, bytes, largest };
    requests = bytes = largest = 0;
    return counts;
  },
});
