/** Everything that is fuzzed. */

import { ANSWER_FUZZES } from "./answers.ts";
import { CONFIG_FUZZES } from "./configs.ts";
import type { Fuzz } from "./fuzz.ts";
import { NUMBER_FUZZES } from "./numbers.ts";
import { REQUEST_FUZZES } from "./requests.ts";
import { WEB_CONFIG_FUZZES } from "./web-configs.ts";

export const FUZZES: readonly Fuzz[] = [
  ...ANSWER_FUZZES,
  ...CONFIG_FUZZES,
  ...NUMBER_FUZZES,
  ...REQUEST_FUZZES,
  ...WEB_CONFIG_FUZZES,
];
