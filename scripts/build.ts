/** Builds the package: src/ becomes JavaScript in dist/, the WebAssembly modules and what the status page needs beside it. */

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  {
    stdio: "inherit",
  },
);
mkdirSync(`${root}dist/server/assets`);
for (const file of globSync(["wasm/*.wasm", "server/assets/*"], { cwd: `${root}src` }))
  copyFileSync(`${root}src/${file}`, `${root}dist/${file}`);
chmodSync(`${root}dist/main.js`, 0o755);
