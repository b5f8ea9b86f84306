/** What the engine's thread has to tell, in messages to the main thread, and back again there. */

import type { Log } from "../log.ts";
import type { EngineEvent, EngineEvents, Reply } from "./messages.ts";

type Post = (reply: Reply) => void;

/** Takes what is told of polls and of pushes, and posts it. */
export function forwardEvents(post: Post): EngineEvents {
  const forward =
    <Name extends keyof EngineEvents>(name: Name) =>
    (...args: Parameters<EngineEvents[Name]>) =>
      post({ is: "event", event: { name, args } as EngineEvent });
  return {
    addTarget: forward("addTarget"),
    pollSucceeded: forward("pollSucceeded"),
    pollFailed: forward("pollFailed"),
    callSucceeded: forward("callSucceeded"),
    callFailed: forward("callFailed"),
    valuesRejected: forward("valuesRejected"),
    seriesDropped: forward("seriesDropped"),
    labelValuesShortened: forward("labelValuesShortened"),
    failedOver: forward("failedOver"),
    otlpStarted: forward("otlpStarted"),
    otlpExported: forward("otlpExported"),
    otlpFailed: forward("otlpFailed"),
    otlpRejected: forward("otlpRejected"),
    otlpDropped: forward("otlpDropped"),
  };
}

/** Tells it to whom it is for. */
export function deliverEvent({ name, args }: EngineEvent, events: EngineEvents): void {
  (events[name] as (...args: unknown[]) => void)(...args);
}

/**
 * Takes what is to be logged and posts it.
 *
 * @param bindings what every line says besides
 */
export function forwardLog(post: Post, bindings: object = {}): Log {
  const forward = (level: "info" | "warn" | "error") => (first: unknown, second?: unknown) => {
    const [details, message] = typeof first === "string" ? [{}, first] : [first as object, String(second)];
    post({ is: "log", level, details: { ...bindings, ...details }, message });
  };
  return { info: forward("info"), warn: forward("warn"), error: forward("error") };
}
