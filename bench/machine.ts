/** The machine that a benchmark runs on. */

import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import type { Machine } from "./results.ts";

/** What it is, and what it has to do now. */
export function describeThisMachine(): Machine {
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown CPU",
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e9),
    loadAverage: loadavg(),
  };
}
