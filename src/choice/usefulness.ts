/** Which metrics go first where there is not enough room for all. */

import { CONNECTION_PREFIX } from "../catalog/resolve.ts";
import {
  compareNames,
  type Family,
  type Level,
  LEVELS,
  levelOf,
  type Snapshot,
} from "../snapshot/snapshot.ts";
import { SUM_PREFIXES } from "../sums/observations.ts";

/** Sections by what they are worth to whoever looks for the cause of trouble, the least first. */
export const SECTIONS_THAT_GO: readonly string[] = [
  "rtp_hdr_ext",
  "simulcast",
  "packet_loss_simulator",
  "sctp",
  "turn",
  "data_channel",
  "ice_connection_state",
  "dtls",
  "signaling",
  "spotlight",
  "rtcp",
  "cc",
  "rtp",
  "network_status",
];

/** A section that this version does not know goes first; what is in no section, such as who a connection is, goes last. */
function worth({ section }: Family): number {
  return section === undefined ? SECTIONS_THAT_GO.length : SECTIONS_THAT_GO.indexOf(section);
}

const PREFIXES = { connection: CONNECTION_PREFIX, ...SUM_PREFIXES } satisfies Record<Level, string>;

/**
 * The level that a metric is thinned with. The metrics of other calls, whoever they are about, are few and count as those of
 * the target.
 */
export function levelToThin({ rows }: Snapshot, { name }: Family): Level {
  const level = rows[0] === undefined ? "target" : levelOf(rows[0]);
  return name.startsWith(PREFIXES[level]) ? level : "target";
}

/** Sorts metrics of one level, what is worth most first. */
export function compareWorth(a: Family, b: Family): number {
  return worth(b) - worth(a) || compareNames(a.name, b.name);
}

/** The levels, what is worth most first. */
export const LEVELS_BY_WORTH: readonly Level[] = LEVELS;
