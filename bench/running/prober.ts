/** Asks `/-/healthy` every 20 ms, whether the last answer is there or not. `node bench/running/prober.ts URL` */

import { Agent, get } from "node:http";
import { answer } from "../child.ts";
import { spread } from "../timing.ts";

const EVERY_MS = 20;
const url = `${process.argv[2]}/-/healthy`;
const agent = new Agent({ keepAlive: true });

let latencies: number[] = [];
let failed = 0;
/** When those were sent that have no answer yet: a loop that stands still must not hide what it owes. */
let waiting = new Set<{ readonly start: number }>();
let late: number[] = [];
let due = performance.now();

function probe(): void {
  const start = performance.now();
  late.push(start - due);
  due = Math.max(due + EVERY_MS, start);
  setTimeout(probe, Math.max(0, due - performance.now()));
  const [into, among, one] = [latencies, waiting, { start }];
  among.add(one);
  const end = (good: boolean) => {
    into.push(performance.now() - start);
    among.delete(one);
    if (!good) failed++;
  };
  const request = get(url, { agent }, (response) => {
    response.resume();
    response.on("end", () => end(response.statusCode === 200));
  });
  request.on("error", () => end(false));
}

probe();
answer({
  reset: () => {
    [latencies, late, failed] = [[], [], 0];
    waiting = new Set();
  },
  report: () => {
    const now = performance.now();
    const all = [...latencies, ...[...waiting].map(({ start }) => now - start)];
    return { healthy: spread(all), failedProbes: failed, proberLate: spread(late) };
  },
});
