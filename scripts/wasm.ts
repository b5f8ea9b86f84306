/**
 * Compiles the WebAssembly modules: src/wasm/assembly/NAME.ts, which is AssemblyScript, becomes src/wasm/NAME.wasm. They
 * are committed, so that the exporter starts from its sources; with `--check` nothing is written, and a module that
 * is not what its source compiles to is an error.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");

const names = readdirSync(`${root}src/wasm/assembly`)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));
for (const name of names) {
  const compiled = compile(`src/wasm/assembly/${name}.ts`);
  const path = `${root}src/wasm/${name}.wasm`;
  if (!check) writeFileSync(path, compiled);
  else if (!compiled.equals(readFileSync(path))) {
    console.error(`src/wasm/${name}.wasm is not what its source compiles to; run: npm run wasm`);
    process.exitCode = 1;
  }
}

/** Memory is imported, as whoever uses a module knows how much it needs; nothing in it is collected. */
function compile(source: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "wasm-"));
  try {
    const out = join(folder, "out.wasm");
    const options = ["-O3", "--runtime", "stub", "--enable", "simd", "--importMemory"];
    const asc = `${root}node_modules/assemblyscript/bin/asc.js`;
    execFileSync(process.execPath, [asc, source, "--outFile", out, ...options], {
      cwd: root,
      stdio: "inherit",
    });
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
