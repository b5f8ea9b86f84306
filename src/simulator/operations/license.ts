/** The licence: which one is in use, and the change to the one that lies in the file. */

import type { Operations } from "./operation.ts";
import { Refusal } from "./operation.ts";

export const LICENSE: Operations = {
  "Sora_20171218.GetLicense": (_body, { world }) => world.license,

  // That a file which is missing or broken is an error is documented; its spelling is our own.
  "Sora_20171218.UpdateLicense": (_body, { world }) => {
    if (world.scenario().licenseFile === "broken") throw new Refusal("INVALID-LICENSE-FILE");
    const old = world.license;
    world.updateLicense();
    return { new_license: world.license, old_license: old };
  },
};
