/** Colours, and from which values on. */

import type { Steps, Words } from "./panels.ts";

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

/** What alerts judge too; these are their numbers and names. TODO: take them from thresholds.ts as soon as it is there. */
const ALERTS = {
  statsStale: { ageSeconds: 120 },
  unstableShare: { warning: 0.2, critical: 0.5 },
  nackMisses: { share: 0.2 },
  iceChecksLost: { warning: 0.05, critical: 0.25 },
  license: { nearlyUsedUp: 0.9, usedUp: 1, expiringSeconds: 1_209_600, expiringCriticalSeconds: 172_800 },
} as const;

/** Yellow where somebody is told, red where somebody is woken. */
function rising({ warning, critical }: { readonly warning: number; readonly critical: number }): Steps {
  return [
    [null, "green"],
    [warning, "yellow"],
    [critical, "red"],
  ];
}

/** Of a share of unstable connections. */
export const UNSTABLE_STEPS = rising(ALERTS.unstableShare);

/** Of a share of the ICE checks without an answer. */
export const LOST_STEPS = rising(ALERTS.iceChecksLost);

/** Of a share of the licence's connections. */
export const LICENSE_STEPS = rising({
  warning: ALERTS.license.nearlyUsedUp,
  critical: ALERTS.license.usedUp,
});

/** Of the seconds until the licence expires. */
export const EXPIRY_STEPS: Steps = [
  [null, "red"],
  [ALERTS.license.expiringCriticalSeconds, "yellow"],
  [ALERTS.license.expiringSeconds, "green"],
];

/** Of the seconds since the last good answer. */
export const AGE_STEPS: Steps = [
  [null, "green"],
  [ALERTS.statsStale.ageSeconds, "red"],
];

/** Of the share of retransmission requests that were missed. */
export const MISS_STEPS: Steps = [
  [null, "green"],
  [ALERTS.nackMisses.share, "yellow"],
];

/** Of what should not be at all. */
export const NONE_STEPS: Steps = [
  [null, "text"],
  [0.001, "orange"],
];

export const UP: Words = { 0: ["down", "red"], 1: ["up", "green"] };
