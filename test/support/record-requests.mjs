/**
 * Loaded into every process and thread of a test run (NODE_OPTIONS, see read-only-setup.ts), whatever Node.js it is, so in
 * JavaScript; and by what measures, where it has a Sora (recording.ts). Appends each request that a Sora here receives to a
 * file, wherever it came from, and each that names an operation, whatever received it.
 */

import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { threadId } from "node:worker_threads";

const directory = process.env.RECORD_REQUESTS_TO;
/** Puts the mark of src/simulator/mark.ts on a server that is a Sora. */
const SORA = Symbol.for("sora-stats-exporter.sora");
/** How many requests of each server are in the file; for who wants to be sure (read-only.ts). */
const recorded = (globalThis[Symbol.for("sora-stats-exporter.recorded")] ??= new WeakMap());

if (directory)
  subscribe("http.server.request.start", ({ request, server }) => {
    const { "x-sora-target": target, "x-sent-by-a-test": by } = request.headers;
    if (target === undefined && by === undefined && server[SORA] !== true) return;
    try {
      const line = JSON.stringify({
        method: request.method,
        path: request.url,
        target: target ?? null,
        by: by ?? null,
        port: request.socket.localPort,
      });
      appendFileSync(join(directory, `${process.pid}-${threadId}`), `${line}\n`);
      recorded.set(server, (recorded.get(server) ?? 0) + 1);
    } catch {
      // The run is over, and its directory gone.
    }
  });
