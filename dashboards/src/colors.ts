/** Colours, and from which values on. What alerts judge too belongs to thresholds.ts. */

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

/** Of a share of unstable connections. */
export const UNSTABLE_STEPS: Steps = [
  [null, "green"],
  [0.1, "yellow"],
  [0.3, "red"],
];

/** Of a share of the licence's connections. */
export const LICENSE_STEPS: Steps = [
  [null, "green"],
  [0.8, "yellow"],
  [0.95, "red"],
];

/** Of the seconds until the licence expires. */
export const EXPIRY_STEPS: Steps = [
  [null, "red"],
  [7 * 86_400, "yellow"],
  [30 * 86_400, "green"],
];

/** Of the seconds since the last good answer: three polls of the default interval, and a scrape's interval. */
export const AGE_STEPS: Steps = [
  [null, "green"],
  [45, "yellow"],
  [120, "red"],
];

/** Of the share of retransmission requests that were missed. */
export const MISS_STEPS: Steps = [
  [null, "green"],
  [0.05, "yellow"],
  [0.2, "red"],
];

/** Of what should not be at all. */
export const NONE_STEPS: Steps = [
  [null, "text"],
  [0.001, "orange"],
];

export const UP: Words = { 0: ["down", "red"], 1: ["up", "green"] };
