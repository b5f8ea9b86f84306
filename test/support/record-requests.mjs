/**
 * Loaded into every process and thread of a test run (NODE_OPTIONS, see read-only-setup.ts), whatever Node.js it is, so in
 * JavaScript: appends
 * each request with the header `x-sora-target` that a server here receives to a file, wherever it came from.
 */

import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { threadId } from "node:worker_threads";

const directory = process.env.RECORD_REQUESTS_TO;

if (directory)
  subscribe("http.server.request.start", ({ request }) => {
    const { "x-sora-target": target, "x-sent-by-a-test": own } = request.headers;
    if (target === undefined) return;
    try {
      const line = JSON.stringify({
        method: request.method,
        path: request.url,
        target,
        own: own !== undefined,
      });
      appendFileSync(join(directory, `${process.pid}-${threadId}`), `${line}\n`);
    } catch {
      // The run is over, and its directory gone.
    }
  });
