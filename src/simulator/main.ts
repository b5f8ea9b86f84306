/**
 * `npm run simulator`: a stand-in for Sora on the command line. Exits with 2 for wrong usage, with 1 if it cannot
 * listen, and with 0 on SIGTERM or SIGINT.
 */

import { HELP, readFlags } from "./flags.ts";
import type { Flags } from "./flags.ts";
import type { Simulator } from "./server.ts";
import { startSimulator } from "./server.ts";

const commandLine = readFlags(process.argv.slice(2));
if (commandLine.do === "help") process.stdout.write(HELP);
else if (commandLine.do === "refuse") fail(`${commandLine.message} (--help tells more)`, 2);
else await run(commandLine.flags);

async function run({ host, port, channels, connections, nodes, seed, form }: Flags): Promise<void> {
  const world = { seed, channels, connections, nodes, form, startMs: Date.now() };
  let simulator: Simulator;
  try {
    simulator = await startSimulator({ host, port, world });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "the port is in use" : message;
    fail(`cannot listen on --listen=${host.includes(":") ? `[${host}]` : host}:${port}: ${reason}`, 1);
    return;
  }
  // Second by second, so that an answer does not have to wait for all the seconds since the last.
  const ticking = setInterval(() => simulator.world.advanceTo(Date.now()), 1_000);
  const stop = (): void => {
    clearInterval(ticking);
    void simulator.close();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.write(
    `Sora simulator on ${simulator.url}: about ${connections} connections in ${channels} channels on ${nodes} nodes, ` +
      `form of ${form}, seed ${seed}\n`,
  );
}

function fail(line: string, exitCode: number): void {
  process.stderr.write(`simulator: ${line}\n`);
  process.exitCode = exitCode;
}
