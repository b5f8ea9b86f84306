/** The command line: flags, wiring, signals. Exit codes: 0 stopped as asked, 1 failed, 2 wrong usage. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Config } from "./config/config.ts";
import type { ReadCommand } from "./config/thread.ts";
import { type Exporter, startExporter } from "./exporter.ts";
import { createLogger } from "./log.ts";
import { siblingScript } from "./sibling-script.ts";
import { VERSION } from "./version.ts";

const command = await readCommand();
switch (command.command) {
  case "refuse":
    console.error(`sora-stats-exporter: ${command.message}`);
    process.exitCode = 2;
    break;
  case "help":
    process.stdout.write(command.text);
    break;
  case "version":
    console.log(`sora-stats-exporter ${VERSION} (Node.js ${process.version})`);
    break;
  case "check":
    console.log(`configuration is valid: ${command.config.targets.length} target(s)`);
    break;
  case "run":
    await run(command.config);
}

async function readCommand(): Promise<ReadCommand> {
  const thread = new Worker(siblingScript("./config/thread.ts", import.meta.url), {
    workerData: process.argv.slice(2),
  });
  const [read] = (await once(thread, "message")) as [ReadCommand];
  await thread.terminate();
  return read;
}

async function run(config: Config): Promise<void> {
  const log = createLogger(config.log);
  // Before anything is announced, so that whoever waits for that may send a signal at once.
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      // That of main.ts, for the time until here.
      process.removeAllListeners(signal);
      process.once(signal, resolve);
    }
  });
  let exporter: Exporter;
  try {
    exporter = await startExporter(config, { log, version: VERSION });
  } catch (error) {
    log.fatal(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return;
  }
  log.info(`${await signalled}: stopping`);
  await exporter.close();
}
