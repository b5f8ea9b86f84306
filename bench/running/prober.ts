/** Asks `/-/healthy` every 20 ms, whether the last answer is there or not. `node bench/running/prober.ts URL` */

import { Agent, get } from "node:http";
import { answer } from "../child.ts";
import { spread } from "../timing.ts";

const EVERY_MS = 20;
const url = `${process.argv[2]}/-/healthy`;
const agent = new Agent({ keepAlive: true });

let latencies: number[] = [];
let late: number[] = [];
let due = performance.now();

function probe(): void {
  const start = performance.now();
  late.push(start - due);
  due = Math.max(due + EVERY_MS, start);
  setTimeout(probe, Math.max(0, due - performance.now()));
  const into = latencies;
  const request = get(url, { agent }, (response) => {
    response.resume();
    response.on("end", () => into.push(response.statusCode === 200 ? performance.now() - start : Infinity));
  });
  // A probe without an answer is worse than any that has one.
  request.on("error", () => into.push(Infinity));
}

probe();
answer({
  reset: () => void ((latencies = []), (late = [])),
  report: () => ({ healthy: spread(latencies), proberLate: spread(late) }),
});
