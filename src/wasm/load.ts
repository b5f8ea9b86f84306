/** The WebAssembly modules beside this file; see scripts/wasm.ts for how they are made. */

import { readFileSync } from "node:fs";

/** Reads and compiles one. */
export function loadModule(name: "reader" | "lines"): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
}
