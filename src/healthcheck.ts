/**
 * Says by its exit code whether the exporter of this container answers: `node dist/healthcheck.js [URL | FLAGS]`. Without a URL
 * it learns where to ask as the exporter did, from the flags, which without any are those of process 1, the environment and the
 * configuration file. Of that it takes no more than it needs: what else is wrong there by now says nothing about what runs.
 */

import { readFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { dirname, resolve as resolvePath } from "node:path";
import { parseArgs } from "node:util";
import { parseDocument } from "yaml";
import { readRegularFile } from "./config/read-file.ts";

const TIMEOUT_MS = 4000;

/** The flags that the exporter was started with, by the command line of a process as Linux shows it. */
function flagsOf(cmdline: string): string[] {
  const words = cmdline.split("\0").slice(0, -1);
  return words.slice(words.findIndex((word) => /(^|\/)main\.(js|ts)$/.test(word)) + 1);
}

/** What a YAML file says under some keys; undefined where it says no text there, or cannot be read. */
function find(path: string | undefined, ...keys: string[]): unknown {
  if (path === undefined) return undefined;
  try {
    return parseDocument(readRegularFile(path), { logLevel: "silent" }).getIn(keys);
  } catch {
    return undefined;
  }
}

/** Where the exporter listens that was started with these flags. */
function urlOf(argv: string[]): string {
  const named = (name: string) => {
    const { values } = parseArgs({ args: argv, options: { [name]: { type: "string" } }, strict: false });
    const variable = `SORA_STATS_EXPORTER_${name.toUpperCase().replaceAll(/[.-]/g, "_")}`;
    const [value] = [values[name], process.env[variable]].filter((each) => each !== "" && each !== undefined);
    return typeof value === "string" ? value : undefined;
  };
  const file = named("config.file");
  const address = named("web.listen-address") ?? find(file, "web", "listen_address");
  const beside = find(file, "web", "config_file");
  const webConfig =
    named("web.config.file") ??
    (typeof beside === "string" && beside !== "" ? resolvePath(dirname(file!), beside) : undefined);
  const scheme = find(webConfig, "tls_server_config") === undefined ? "http" : "https";
  const host = typeof address === "string" ? address : ":10490";
  return `${scheme}://${host.startsWith(":") ? "127.0.0.1" : ""}${host}/-/healthy`;
}

/**
 * Asks whether it is healthy. Any answer but a failure of the server will do, also one that asks who we are, and so will a
 * TLS handshake that the server hangs up after, as it does on who shows no certificate: what asks is alive.
 */
function ask(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let shookHands = false;
    const request = url.startsWith("https:") ? requestHttps : requestHttp;
    // Whose certificate it is does not matter: it is this container's own.
    const sent = request(url, { timeout: TIMEOUT_MS, rejectUnauthorized: false }, (response) =>
      resolve(response.statusCode! < 500),
    );
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
  const url = /^https?:/.test(given[0] ?? "")
    ? given[0]!
    : urlOf(given.length > 0 ? given : flagsOf(readFileSync("/proc/1/cmdline", "utf8")));
  try {
    return await ask(url);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === "ECONNREFUSED") throw error;
    // Something is there, and may speak TLS or not otherwise than the files say by now.
    return ask(url.startsWith("https:") ? url.replace("https:", "http:") : url.replace("http:", "https:"));
  }
}

try {
  if (!(await check())) throw new Error("it answers that it is not healthy");
  process.exit(0);
} catch (error) {
  console.error(`unhealthy: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
