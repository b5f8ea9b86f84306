/** The log: pino, on stderr, as text or as JSON. */

import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config/config.ts";

/** What those write to who have something to say: an object of details, if any, then a message. */
export type Log = Pick<Logger, "info" | "warn" | "error">;

/** Makes the logger that `log.level` and `log.format` ask for. */
export function createLogger({ level, format }: Config["log"]): Logger {
  if (format === "json") {
    return pino(
      { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: 2, sync: true }),
    );
  }
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: false,
    singleLine: true,
    translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
  });
  return pino({ level, base: null }, stream);
}
