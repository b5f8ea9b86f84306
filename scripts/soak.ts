/**
 * `npm run soak`: one exporter for a long time, polled connections coming and going, faults now and then, scraped by two
 * Prometheus. Ends with 1 where something does not level off. Flags:
 *
 *     --minutes=30          for how long
 *     --connections=1000    about how many there are
 *     --speed=4             seconds of the simulated world to one of the clock
 *     --seed=1              of the world and of the faults
 *     --write               writes docs/soak.json and what is made from it
 */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { soakPage } from "./soak/page.ts";
import { verdictsOf } from "./soak/results.ts";
import { soak } from "./soak/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    connections: { type: "string", default: "1000" },
    speed: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});

// As users run it, from dist/: a compiler for the sources would take some of the memory that is measured.
execFileSync(process.execPath, [`${root}scripts/build.ts`], { stdio: "inherit" });
const end = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => end.abort());
const results = await soak({
  main: `${root}dist/main.js`,
  minutes: Number(flags.minutes),
  connections: Number(flags.connections),
  speed: Number(flags.speed),
  seed: Number(flags.seed),
  signal: end.signal,
}).catch((error: unknown) => {
  if (!end.signal.aborted) throw error;
  console.error("ended before its time");
  process.exit(1);
});
console.log(soakPage(results));
for (const { name, value, bound, unit } of verdictsOf(results)) {
  if (value <= bound) continue;
  console.error(`${name}: ${value} ${unit}, and at most ${bound} ${unit} may be`);
  process.exitCode = 1;
}
if (flags.write) {
  writeFileSync(`${root}docs/soak.json`, `${JSON.stringify(results)}\n`);
  execFileSync(process.execPath, [`${root}scripts/docs.ts`], { stdio: "inherit" });
}
