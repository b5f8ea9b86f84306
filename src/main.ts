#!/usr/bin/env node
/** The command `sora-stats-exporter`, as far as any Node.js can read it; command.ts is the rest. */

import { setFlagsFromString } from "node:v8";

const OLDEST = [22, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `sora-stats-exporter: needs Node.js ${OLDEST.join(".")} or newer, this is ${process.version}`,
  );
  process.exitCode = 1;
} else {
  // The youngest objects have 2 MB a thread instead of growing to 48: what the exporter makes each poll is small, or lives on.
  setFlagsFromString("--semi-space-growth-factor=1");
  await import("./command.ts");
}
