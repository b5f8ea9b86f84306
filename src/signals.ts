/**
 * What signals mean. Each is heard by one listener from the first moment to the last: where the only listener is replaced, a signal
 * that came in before, while the thread was busy, is lost.
 */

/** A signal that asks the process to end. */
export type EndSignal = "SIGTERM" | "SIGINT";

// Process 1 of a container is ended by no signal that it does not ask for, and one can come before all is loaded.
let end: (signal: EndSignal) => void = () => process.exit();
// It would end the process where it is not asked for; the configuration is still to be read.
let hangUp: () => void = () => {};

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(signal));
process.on("SIGHUP", () => hangUp());

/** Has SIGTERM and SIGINT be told to `listener` from now on, and to nobody else; until the first they end the process with code 0. */
export function onEndSignal(listener: (signal: EndSignal) => void): void {
  end = listener;
}

/** Has SIGHUP be told to `listener` from now on, and to nobody else. */
export function onHangUp(listener: () => void): void {
  hangUp = listener;
}
