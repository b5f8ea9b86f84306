/** Marks HTTP servers that stand for a Sora, so that who records what Sora is asked can tell them from all others. */

/** Of a server that is marked it is `true`. */
export const SORA = Symbol.for("sora-stats-exporter.sora");

/** Marks a server, and gives it back. */
export function markAsSora<Server extends object>(server: Server): Server {
  return Object.assign(server, { [SORA]: true });
}
