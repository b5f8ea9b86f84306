/** Who was turned away is counted, and logged now and then: whoever asks often must not fill the log. */

import type { Log } from "../log.ts";
import { REFUSAL_REASONS, type RefusalReason, type WebEvents } from "../web-config/events.ts";

/** Tells that somebody was turned away; `detail` has nothing that a client chose freely. */
export type Refused = (reason: RefusalReason, address: string | undefined, detail?: string) => void;

/** For each reason at most one line in this time. */
const QUIET_MS = 60_000;

/** Makes what is told of refusals. */
export function createRefused(log: Log, events: Pick<WebEvents, "webRefused">): Refused {
  const logged = new Map<RefusalReason, { timeMs: number; unlogged: number }>();
  return (reason, address, detail) => {
    events.webRefused(reason);
    const last = logged.get(reason);
    const timeMs = performance.now();
    if (last !== undefined && timeMs - last.timeMs < QUIET_MS) {
      last.unlogged++;
      return;
    }
    logged.set(reason, { timeMs, unlogged: 0 });
    log.warn(
      { reason, address, ...(detail && { detail }), ...(last?.unlogged && { unlogged: last.unlogged }) },
      `turned away: ${REFUSAL_REASONS[reason]}`,
    );
  };
}
