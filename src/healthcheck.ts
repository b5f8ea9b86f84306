/**
 * Says by its exit code whether the exporter of this container answers: `node dist/healthcheck.js [FLAGS]`. Where it listens it
 * learns as the exporter did, from the same environment, file and flags; without flags those of process 1.
 */

import { readFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { loadConfig } from "./config/load.ts";
import { readRegularFile } from "./config/read-file.ts";

const TIMEOUT_MS = 4000;

/** The flags that the exporter was started with, by the command line of a process as Linux shows it. */
function flagsOf(cmdline: string): string[] {
  const words = cmdline.split("\0").slice(0, -1);
  return words.slice(words.findIndex((word) => /(^|\/)main\.(js|ts)$/.test(word)) + 1);
}

/**
 * Asks whether it is healthy. Any answer but a failure of the server will do, also one that asks who we are, and so will a
 * TLS handshake that the server hangs up after, as it does on who shows no certificate: what asks is alive.
 */
function ask(request: typeof requestHttp, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let shookHands = false;
    // Whose certificate it is does not matter: it is this container's own.
    const options = { host, port, path: "/-/healthy", timeout: TIMEOUT_MS, rejectUnauthorized: false };
    const sent = request(options, (response) => resolve(response.statusCode! < 500));
    sent.on("socket", (socket) => socket.on("secureConnect", () => (shookHands = true)));
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      // The timeout has no code.
      if (shookHands && error.code !== undefined) resolve(true);
      else reject(error);
    });
    sent.end();
  });
}

async function check(): Promise<boolean> {
  const given = process.argv.slice(2);
  const argv = given.length > 0 ? given : flagsOf(readFileSync("/proc/1/cmdline", "utf8"));
  const command = loadConfig({ argv, env: process.env, readFile: readRegularFile });
  if (!("config" in command)) throw new Error("these flags start no exporter");
  const { host = "127.0.0.1", port } = command.config.web.listenAddress;
  try {
    return await ask(requestHttp, host, port);
  } catch (error) {
    // A server that speaks TLS hangs up on who does not.
    if (!["ECONNRESET", "HPE_INVALID_CONSTANT"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
    return ask(requestHttps, host, port);
  }
}

try {
  if (!(await check())) throw new Error("it answers that it is not healthy");
  process.exit(0);
} catch (error) {
  console.error(`unhealthy: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
