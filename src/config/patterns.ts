/** Patterns by which metrics and channels are chosen: texts in which `*` stands for any characters, or for none. */
import { text } from "./values.ts";

/** Names, and beginnings of names, that cannot begin with `sora_`. */
const NONE = /^(?=[A-Za-z0-9_*]+$)(?!sora_|(s|so|sor|sora)?\*)/;
/** The exporter's own, which are always there. */
const OWN = /^sora_(exporter_|(up|cluster_up|time_seconds|last_poll_success_timestamp_seconds)$)/;

/** A pattern of the names of metrics; one that none can have is refused. */
export function metricPattern() {
  return text({
    expected: "a name of metrics such as sora_connection_rtp_*, with * for any characters",
    read: (pattern) => (/^[A-Za-z0-9_*]+$/.test(pattern) ? pattern : undefined),
    refused: [
      [OWN, "only names metrics of the exporter itself, which are always there"],
      [NONE, "can be the name of no metric; they all begin with sora_"],
    ],
    pattern: /^[A-Za-z0-9_*]+$/,
  });
}

/** A pattern of channel_id. */
export function channelPattern() {
  return text({
    expected: "a channel_id, with * for any characters",
    read: (pattern) => (pattern === "" ? undefined : pattern.toWellFormed()),
  });
}
