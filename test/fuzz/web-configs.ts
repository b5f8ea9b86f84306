/** Web configuration files, mutated: one that can be used, or one line that says what is wrong and shows no hash and no key. */

import { createSecureContext } from "node:tls";
import fc from "fast-check";
import { expect } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import type { WebConfig } from "../../src/web-config/config.ts";
import { readWebConfig } from "../../src/web-config/read.ts";
import { HASHES, pem } from "../web-config/support.ts";
import { fuzz } from "./fuzz.ts";
import { applyCuts, cuts, HOSTILE_NUMBERS, TEXT } from "./hostile.ts";

const RICH = `tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Content-Security-Policy: "default-src 'none'"
    X-Content-Type-Options: nosniff
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: ${HASHES.secret}
  other: ${HASHES.changed}
rate_limit: { interval: 10ms, burst: 20 }
`;

const FILES = new Map(["server.crt", "server.key", "ca.crt", "client.crt"].map((name) => [name, pem(name)]));
/** What no message may hold: the hashes, and what is in keys. */
const SECRETS = [HASHES.secret.slice(7), HASHES.changed.slice(7), pem("server.key").split("\n")[1]!];

function check(yaml: string): void {
  let config: WebConfig;
  try {
    config = readWebConfig("web.yml", (path) => {
      const text = path === "web.yml" ? yaml : FILES.get(path);
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toMatch(/^web\.yml(:\d+)?: [^\p{Cc}\u2028\u2029]+$/u);
    expect(error.message).not.toMatch(/\[object|Cannot read|Maximum call|not a function|BEGIN /);
    for (const secret of SECRETS) expect(error.message).not.toContain(secret);
    return;
  }
  structuredClone(config);
  if (config.tls !== undefined) createSecureContext(config.tls.context);
  for (const value of Object.values(config.headers)) expect(value).toMatch(/^[\t\x20-\x7e]*$/);
  for (const [user, hash] of config.users) {
    expect(user).not.toContain(":");
    expect(hash).toMatch(/^\$2[aby]\$(0[4-9]|1[0-4])\$/);
  }
  // Users that were there are there: a file that is half understood must not open the door.
  if (/^basic_auth_users:\n {2}\S/m.test(yaml) && !yaml.includes("#"))
    expect(config.users.size).toBeGreaterThan(0);
}

const SCALARS = /(?<=[:[,] |\[)[^\s,[\]{}]+/g;
const COUNT = [...RICH.matchAll(SCALARS)].length;
const VALUE = fc.oneof(
  TEXT.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    ...HOSTILE_NUMBERS,
    "[]",
    "{}",
    "null",
    "true",
    "client.crt",
    "ca.crt",
    "nothing.crt",
    "0s",
    "1d",
  ),
  fc.constantFrom(
    "NoClientCert",
    "TLS10",
    "TLS13",
    "TLS12",
    "CurveP521",
    "$2b$31$",
    "$2y$99$".padEnd(60, "x"),
    "X-Frame-Options: x",
  ),
);

const values = fc
  .array(fc.tuple(fc.nat({ max: COUNT - 1 }), VALUE), { minLength: 1, maxLength: 3 })
  .map((changes) => {
    const by = new Map(changes);
    let i = 0;
    return RICH.replaceAll(SCALARS, (whole) => by.get(i++) ?? whole);
  });

const PIECES = [
  ...": \n\t-,{}[]&*!|>%@`?'\"\\~$".split(""),
  "\n  ",
  "__proto__: 1\n",
  "<<: ",
  "null",
  "\0",
  "\xff",
  "tls_server_config: ",
];

export const WEB_CONFIG_FUZZES = [
  fuzz({
    name: "a web configuration file with other values can be used, or its line is named, and no secret",
    runs: 300,
    input: values,
    check,
  }),
  fuzz({
    name: "a web configuration file of which characters were changed can be used, or its line is named",
    runs: 300,
    input: cuts(PIECES).map((changes) => applyCuts(RICH, changes)),
    check,
  }),
];
