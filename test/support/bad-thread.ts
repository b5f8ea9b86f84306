/** In place of the engine's thread: does what the name of the first target says. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "../../src/config/config.ts";
import type { Reply, Request } from "../../src/engine/messages.ts";

const name = (workerData as Config).targets[0]!.name;
const post = (reply: Reply): void => parentPort!.postMessage(reply);

if (name === "cannot start") throw new Error("no ink");
if (name.startsWith("starts once")) {
  const mark = name.slice("starts once ".length);
  if (existsSync(mark)) throw new Error("no more ink");
  writeFileSync(mark, "");
}
if (name === "does not start") process.exit(0);
post({ is: "started" });
parentPort!.on("message", (request: Request) => {
  if (request.is === "stop") parentPort!.close();
  const pipe = name.startsWith("is stuck at ") ? name.slice("is stuck at ".length) : "";
  if (request.is === "ping" && existsSync(pipe)) readFileSync(pipe);
  if (request.is === "ping" && name !== "hangs") post({ is: "pong", id: request.id });
  // Longer than the main thread, which has the same pause.
  if (request.is === "reconfigure" && name === "pauses")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1600);
  if (request.is === "reconfigure" && name !== "hangs") {
    const known = request.config.targets.some(({ name }) => name === "cannot be");
    post(
      known
        ? { is: "failed", id: request.id, problem: "such ink there is not" }
        : { is: "reconfigured", id: request.id },
    );
  }
  if (request.is !== "list") return;
  if (name === "throws") throw new Error("out of ink");
  if (name === "exits" || name.startsWith("starts once")) process.exit(3);
  if (name === "refuses") post({ is: "failed", id: request.id, problem: "no such ink" });
  // "hangs" just does not answer.
});
