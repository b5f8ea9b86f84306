/**
 * The command line: flags, wiring, signals. Exit codes: 0 stopped as asked, 1 failed, or ended before it could stop, 2 wrong
 * usage; it kills itself (SIGKILL, 137) where a file that is not read, or a thread, would keep it.
 */

import { readCommand } from "./config/read.ts";
import { endProcess, isUnread, mayHang } from "./end.ts";
import { type Exporter, startExporter } from "./exporter.ts";
import { createLogger } from "./log.ts";
import type { ReadConfig } from "./reload.ts";
import { type EndSignal, onEndSignal, onHangUp } from "./signals.ts";
import { stackOf } from "./stack-of.ts";
import { VERSION } from "./version.ts";

/** Above what `Exporter.close` takes at most. */
const STOP_WITHIN_MS = 9000;

// Before anything is read, so that whoever changes it from now on and says so is heard.
let hungUp = false;
onHangUp(() => (hungUp = true));
// It does not wait for a file that cannot be read.
onEndSignal(() => void endProcess(0, (message) => console.error(message)));

const argv = process.argv.slice(2);
const command = await readCommand(argv);
switch (command.command) {
  case "refuse":
    console.error(`sora-stats-exporter: ${command.message}`);
    process.exitCode = 2;
    break;
  case "help":
    print(command.text);
    break;
  case "version":
    print(`sora-stats-exporter ${VERSION} (Node.js ${process.version})\n`);
    break;
  case "check":
    print(`configuration is valid: ${command.config.targets.length} target(s)\n`);
    break;
  case "run":
    await run(command);
}
// The process would not end by itself.
if (mayHang() || isUnread())
  await endProcess(Number(process.exitCode ?? 0), (message) => console.error(message));

/** Writes to stdout; whoever reads it may go away before the end. */
function print(text: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    console.error(`sora-stats-exporter: cannot write: ${error.message}`);
    process.exitCode = 1;
  });
  process.stdout.write(text);
}

async function run(first: ReadConfig): Promise<void> {
  const { log, linesDropped } = createLogger(first.config.log);
  let unexpected = false;
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, (error: unknown) => {
      // What does not work any more may go wrong again and again until the end, which says nothing new.
      if (unexpected) return;
      unexpected = true;
      try {
        log.fatal({ stack: stackOf(error) }, "unexpected error: ending");
      } finally {
        // Nobody knows what still works; whoever supervises it starts it anew.
        void end();
      }
    });
  const end = () => endProcess(1, (message) => log.fatal(message));
  // Before anything is announced, so that whoever waits for that may send a signal at once.
  const signalled = new Promise<EndSignal>((resolve) => {
    let asked = false;
    onEndSignal((signal) => {
      if (asked) {
        log.warn(`${signal} once more: ending at once`);
        void end();
      }
      asked = true;
      resolve(signal);
    });
  });
  let started: Exporter | EndSignal;
  try {
    const starting = startExporter(first.config, {
      log,
      linesDropped,
      version: VERSION,
      reading: { yaml: first.yaml, read: readAnew },
    });
    started = await Promise.race([starting, signalled]);
  } catch (error) {
    log.fatal(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return;
  }
  if (typeof started === "string") {
    log.info(`${started}: stopping`);
    return endProcess(0, (message) => log.fatal(message));
  }
  const exporter = started;
  const hangUp = () => {
    log.info("SIGHUP: reloading the configuration");
    void exporter.reload();
  };
  onHangUp(hangUp);
  if (hungUp) hangUp();
  const ended = await Promise.race([signalled, exporter.lost]);
  if (ended instanceof Error) {
    log.fatal(`${ended.message}: ending`);
    process.exitCode = 1;
  } else log.info(`${ended}: stopping`);
  setTimeout(() => {
    log.error(`not stopped within ${STOP_WITHIN_MS / 1000} s: ending at once`);
    void end();
  }, STOP_WITHIN_MS).unref();
  await exporter.close();
}

/** Everything that was read at the start. */
async function readAnew(): Promise<ReadConfig> {
  const read = await readCommand(argv);
  if (read.command === "refuse") throw new Error(read.message);
  if (!("config" in read)) throw new Error(`--${read.command} starts no exporter`);
  return read;
}
