/** Loaded before a program into each of its threads: writes down what the thread has loaded when it ends, in $RECORD_LOADS_TO. */

import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const files = [];
registerHooks({
  load(url, context, next) {
    files.push(url);
    return next(url, context);
  },
});
process.once("exit", () => {
  const text = [...files, ...process.moduleLoadList].join("\n");
  writeFileSync(join(process.env.RECORD_LOADS_TO, isMainThread ? "main" : "thread"), text);
});
