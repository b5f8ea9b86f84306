/** The command line: flags, wiring, signals. Exit codes: 0 stopped as asked, 1 failed, 2 wrong usage. */

import { readFileSync } from "node:fs";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/errors.ts";
import { helpText } from "./config/help.ts";
import { type Command, loadConfig } from "./config/load.ts";
import { type Exporter, startExporter } from "./exporter.ts";
import { createLogger } from "./log.ts";
import { VERSION } from "./version.ts";

const command = readCommand();
switch (command.command) {
  case "help":
    process.stdout.write(helpText());
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

function readCommand(): Command {
  try {
    return loadConfig({
      argv: process.argv.slice(2),
      env: process.env,
      readFile: (path) => readFileSync(path, "utf8"),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`sora-stats-exporter: ${error.message}`);
    process.exit(2);
  }
}

async function run(config: Config): Promise<void> {
  const log = createLogger(config.log);
  // Before anything is announced, so that whoever waits for that may send a signal at once.
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
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
