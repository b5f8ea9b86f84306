#!/usr/bin/env node
/** The command `sora-stats-exporter`, as far as any Node.js can read it; command.ts is the rest. */

// The first, so that signals are heard as early as can be.
import "./signals.ts";
import { setFlagsFromString } from "node:v8";

const OLDEST = [22, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `sora-stats-exporter: needs Node.js ${OLDEST.join(".")} or newer, this is ${process.version}`,
  );
  process.exitCode = 1;
} else {
  // These save memory that an exporter of few connections would notice. The first two cost nothing measurable with many: the
  // youngest objects have 2 MB a thread instead of growing to 48, and one compiler of three is never loaded. The third makes
  // heaps and compiled code small at the cost of speed, until engine/thread.ts sees that speed is called for.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--no-maglev");
  setFlagsFromString("--optimize-for-size");
  await import("./command.ts");
}
