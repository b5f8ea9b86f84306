/** Web configuration files, and servers that heed them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as requestHttps } from "node:https";
import { request as requestHttp } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { SecureVersion, TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { fixture } from "../support/build.ts";

/** A certificate or a key of test/fixtures/tls/web. */
export const pem = (name: string) => fixture(`tls/web/${name}`);

/** The path of one. */
export const pemFile = (name: string) =>
  fileURLToPath(new URL(`../fixtures/tls/web/${name}`, import.meta.url));

/** Passwords by their hashes of the least cost, made by `htpasswd -nbBC 4`'s way. */
export const HASHES = {
  secret: "$2b$04$F/wDBtIdQ8p8Z5syzxzyse/rBKUNnRrBLfIev2Os9gEVML9wTWeDq",
  changed: "$2b$04$/lb1OF/PQ42vcm7Jrl6MeuGyMiyVQq18y66fnzKqEmS6TIbI83bpC",
  /** `secret`, at twice the cost. */
  secretAt5: "$2b$05$w1LE2JYxq97u7/qvB6zhs.79Ip16i2N6y1gLWLsGWs6uu9cxkVf72",
} as const;

/** A directory with files, which goes with the test. */
export function directoryOf(files: Readonly<Record<string, string>>): {
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => void;
} {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = (name: string) => join(directory, name);
  const write = (name: string, text: string) => writeFileSync(path(name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write };
}

export interface Asking {
  readonly auth?: string;
  /** Name of the certificate that the client shows. */
  readonly client?: string;
  /** Newest version of TLS that the client speaks. */
  readonly maxVersion?: string;
  readonly method?: string;
  /** Address that is asked from. */
  readonly localAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Name of the certificate that the server showed: of those in test/fixtures/tls/web. */
  readonly fingerprint: string | undefined;
}

/** Asks on a connection of its own; of a server's certificate the authority is checked. Fails where the connection ends. */
export function ask(
  url: string,
  { auth, client, maxVersion, method = "GET", headers = {}, body, localAddress }: Asking = {},
): Promise<Answer> {
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    let fingerprint: string | undefined;
    const sent = request(
      url,
      {
        method,
        headers,
        agent: false,
        timeout: 10_000,
        ...(localAddress !== undefined && { localAddress, family: 4 }),
        ...(auth !== undefined && { auth }),
        ...(url.startsWith("https:") && { ca: pem("ca.crt") }),
        ...(maxVersion !== undefined && { maxVersion: maxVersion as SecureVersion }),
        ...(client !== undefined && { cert: pem(`${client}.crt`), key: pem(`${client}.key`) }),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text, fingerprint }),
        );
        response.on("error", reject);
      },
    );
    sent.on("socket", (socket) =>
      socket.on("secureConnect", () => {
        if ("getPeerX509Certificate" in socket)
          fingerprint = (socket as TLSSocket).getPeerX509Certificate()?.fingerprint256;
      }),
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer")));
    sent.on("error", reject);
    sent.end(body);
  });
}
