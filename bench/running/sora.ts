/**
 * A Sora that costs next to nothing: answers are made before anybody asks, one for each poll to come. `node
 * bench/running/sora.ts CONNECTIONS POLLS`; asked by the benchmark, it tells its port and how often it was asked.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answer as answerCall } from "../../src/simulator/operations/answer.ts";
import { markAsSora } from "../../src/simulator/mark.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { recordHere } from "../../test/support/recording.ts";
import { answersOf, createOldWorld } from "../answers.ts";
import { answer } from "../child.ts";

const [connections = 0, polls = 0] = process.argv.slice(2).map(Number);
const world = createOldWorld(connections);
const statistics = answersOf(world).take(polls).toArray();
// What else is called is of the last moment, and the same each time.
const others = new Map(
  Object.values(OPERATIONS)
    .filter((operation) => operation !== OPERATIONS.GetStatsAllConnections)
    .map((operation) => [operation as string, answerCall(operation, '{"local":false}', { world, node: 0 })]),
);
let asked = 0;

await recordHere();
const server = markAsSora(createServer());
server.on("request", (request, response) => {
  const operation = String(request.headers["x-sora-target"]);
  request.resume();
  request.on("end", () => {
    const { status, body } = others.get(operation) ?? {
      status: 200,
      // Past the last moment time stands still.
      body: statistics[Math.min(asked++, polls - 1)]!,
    };
    response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => {
  answer({
    port: () => (server.address() as AddressInfo).port,
    asked: () => asked,
    answerBytes: () => statistics[0]!.length,
  });
});
