/** Colours, and from which values on; what alerts judge too has their numbers. */

import type { Steps, Words } from "./panels.ts";
import { THRESHOLDS } from "./thresholds.ts";

/** Unstable levels, by the legend `level {{level}}`. */
export const LEVEL_COLORS = {
  "level 0": "green",
  "level 1": "yellow",
  "level 2": "orange",
  "level 3": "red",
} as const;

/** Of a single connection's level. */
export const LEVEL_STEPS: Steps = [
  [null, "green"],
  [1, "yellow"],
  [2, "orange"],
  [3, "red"],
];

/** Retransmission requests, by result. */
export const NACK_COLORS = { answered: "green", missed: "red" } as const;

/** Changes of the ICE connection state, by the legend `{{from}} → {{to}}`. */
export const ICE_CHANGE_COLORS = {
  "disconnected → failed": "red",
  "connected → checking": "yellow",
} as const;

/** ICE connection states in which Sora does not reach a client. */
export const OUT_OF_REACH_COLORS = { checking: "yellow", disconnected: "red" } as const;

/** SCTP packets that nothing could be made of. */
export const SCTP_COLORS = { invalid: "red", unknown: "orange" } as const;

/** Connections that come and go. */
export const COMINGS_COLORS = { joins: "green", leaves: "orange" } as const;

/** Yellow where somebody is told, red where somebody is woken. */
function rising({ warning, critical }: { readonly warning: number; readonly critical: number }): Steps {
  return [
    [null, "green"],
    [warning, "yellow"],
    [critical, "red"],
  ];
}

/** Of a share of unstable connections. */
export const UNSTABLE_STEPS = rising(THRESHOLDS.unstableShare);

/** Of a share of the ICE checks without an answer. */
export const LOST_STEPS = rising(THRESHOLDS.iceChecksLost);

/** Of a share of the licence's connections. */
export const LICENSE_STEPS = rising({
  warning: THRESHOLDS.license.nearlyUsedUp,
  critical: THRESHOLDS.license.usedUp,
});

/** Of the seconds until the licence expires. */
export const EXPIRY_STEPS: Steps = [
  [null, "red"],
  [THRESHOLDS.license.expiringCriticalSeconds, "yellow"],
  [THRESHOLDS.license.expiringSeconds, "green"],
];

/** Of the seconds since the last good answer. */
export const AGE_STEPS: Steps = [
  [null, "green"],
  [THRESHOLDS.statsStale.ageSeconds, "red"],
];

/** Of the share of retransmission requests that were missed. */
export const MISS_STEPS: Steps = [
  [null, "green"],
  [THRESHOLDS.nackMisses.share, "yellow"],
];

/** Of what should not be at all. */
export const NONE_STEPS: Steps = [
  [null, "text"],
  [0.001, "orange"],
];

export const UP: Words = { 0: ["down", "red"], 1: ["up", "green"] };
