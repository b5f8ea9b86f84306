/** Every operation that the simulator plays, by its `x-sora-target`. */

import { CLUSTER } from "./cluster.ts";
import { LICENSE } from "./license.ts";
import type { Operation, Operations } from "./operation.ts";
import { PUSH } from "./push.ts";
import { RECORDING } from "./recording.ts";
import { SIGNALING } from "./signaling.ts";
import { SIMULCAST } from "./simulcast.ts";
import { SPOTLIGHT } from "./spotlight.ts";
import { REPORT } from "./stats-report.ts";
import { STATS } from "./stats.ts";

export const OPERATIONS: Operations = {
  ...SIGNALING,
  ...SIMULCAST,
  ...SPOTLIGHT,
  ...PUSH,
  ...RECORDING,
  ...STATS,
  ...REPORT,
  ...LICENSE,
  ...CLUSTER,
};

/** The operation of a target, or `undefined` if there is none. */
export function findOperation(target: unknown): Operation | undefined {
  return typeof target === "string" && Object.hasOwn(OPERATIONS, target) ? OPERATIONS[target] : undefined;
}
