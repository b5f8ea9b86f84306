/**
 * `npm run simulator`: a stand-in for Sora on the command line. Exits with 2 for wrong usage, with 1 if it cannot
 * listen or cannot play a recording, and with 0 on SIGTERM or SIGINT.
 */

import { HELP, readFlags } from "./flags.ts";
import type { Flags } from "./flags.ts";
import type { Address } from "./listen.ts";
import { ListenError } from "./listen.ts";
import { RecordingError } from "./recording-index.ts";
import { startReplay } from "./replay.ts";
import { startSimulator } from "./server.ts";

const commandLine = readFlags(process.argv.slice(2));
try {
  if (commandLine.do === "help") process.stdout.write(HELP);
  else if (commandLine.do === "refuse") fail(`${commandLine.message} (--help tells more)`, 2);
  else if (commandLine.do === "replay") await replay(commandLine.address, commandLine.file);
  else await run(commandLine.flags);
} catch (error) {
  if (error instanceof ListenError)
    fail(`cannot listen on --listen=${show(error.address)}: ${error.message}`, 1);
  else if (error instanceof RecordingError) fail(`cannot play --replay=${error.message}`, 1);
  else throw error;
}

async function run({ addresses, scenario, ...flags }: Flags): Promise<void> {
  const { channels, connections, nodes, form, seed } = flags;
  const [first, ...otherNodes] = addresses;
  const simulator = await startSimulator({
    ...first,
    otherNodes,
    world: { ...flags, startMs: Date.now() },
    scenario: { scenario },
  });
  // Second by second, so that an answer does not have to wait for all the seconds since the last.
  const ticking = setInterval(() => simulator.world.advanceTo(Date.now()), 1_000);
  closeWhenAsked(() => {
    clearInterval(ticking);
    return simulator.close();
  });
  process.stdout.write(
    `Sora simulator on ${simulator.urls.join(", ")}: about ${connections} connections in ${channels} channels ` +
      `on ${nodes} ${nodes === 1 ? "node" : "nodes"}, form of ${form}, seed ${seed}, scenario ${scenario}\n`,
  );
}

async function replay(address: Address, file: string): Promise<void> {
  const playing = await startReplay({ ...address, file });
  closeWhenAsked(() => playing.close());
  const { url, records, lengthMs, cutOffLine } = playing;
  const seconds = Math.round(lengthMs / 1_000);
  const leftOut =
    cutOffLine === undefined ? "" : `; line ${cutOffLine}, the last one, is cut off and left out`;
  process.stdout.write(
    `Sora simulator on ${url}: plays ${records} ${records === 1 ? "record" : "records"} over ${seconds} s ` +
      `from ${JSON.stringify(file)}${leftOut}\n`,
  );
}

function closeWhenAsked(close: () => Promise<void>): void {
  const stop = (): void => void close();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function show({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function fail(line: string, exitCode: number): void {
  process.stderr.write(`simulator: ${line}\n`);
  process.exitCode = exitCode;
}
