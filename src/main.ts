#!/usr/bin/env node
/** The command `sora-stats-exporter`, as far as any Node.js can read it; command.ts is the rest. */

const OLDEST = [22, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `sora-stats-exporter: needs Node.js ${OLDEST.join(".")} or newer, this is ${process.version}`,
  );
  process.exitCode = 1;
} else await import("./command.ts");
