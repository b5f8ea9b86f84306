/** The log: pino, on stderr, as text or as JSON. */

import { type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { Config } from "./config/config.ts";

/** What those write to who have something to say: an object of details, if any, then a message. */
export type Log = Pick<Logger, "info" | "warn" | "error">;

/** A log that is written to stderr. */
export interface StderrLog {
  readonly log: Logger;
  /** How many lines have been dropped so far, as nobody took them. */
  readonly linesDropped: () => number;
}

/** What may wait, in characters, for a reader that is slower than the log. */
const WAITING_LIMIT = 256 * 1024;

/**
 * Makes the logger that `log.level` and `log.format` ask for. It never waits for who reads stderr: what a pipe or a socket does not take
 * waits in memory, and past a limit lines are dropped and counted, but for fatal ones. So are those that a file does not take. A line
 * tells how many once it can be written.
 */
export function createLogger({ level, format }: Config["log"]): StderrLog {
  const { stderr } = process;
  const toLine =
    format === "json"
      ? (json: string) => json
      : prettyFactory({ colorize: false, singleLine: true, translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'" });
  let dropped = 0;
  let untold = 0;
  const drop = () => {
    dropped++;
    untold++;
  };
  const destination = {
    // pino then says of each line how severe it is.
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 0,
    write(json: string) {
      if (stderr.writableLength > WAITING_LIMIT && this.lastLevel < pino.levels.values["fatal"]!) {
        drop();
        return;
      }
      stderr.write(toLine(json), (error) => {
        if (error) drop();
        else if (untold > 0 && stderr.writableLength === 0) tell();
      });
    },
  };
  // It is told to who has written the line as well.
  stderr.on("error", () => {});
  const log = pino(
    { level, base: null, ...(format === "json" && { timestamp: pino.stdTimeFunctions.isoTime }) },
    destination,
  );
  function tell(): void {
    const lines = untold;
    untold = 0;
    log.error({ lines }, "lines of this log have been dropped, as nobody took them");
  }
  return { log, linesDropped: () => dropped };
}
