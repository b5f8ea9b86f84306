/** Configurations that hold planted secrets: good ones, and ones with each mistake that could show one. */

import { fileURLToPath } from "node:url";
import { hashSync } from "bcryptjs";
import { newKey } from "../config/key-pair.ts";
import { pem } from "../web-config/support.ts";
import { fixture } from "./build.ts";
import { createPlanted } from "./planted.ts";

export const planted = createPlanted();

function plantInUrl(place: string): string {
  const secret = planted.plant(place).replaceAll(/["/=+]/g, "");
  planted.watch(place, secret);
  return secret;
}

export const secret = {
  header: planted.plant("a header in the file"),
  changed: planted.plant("a header after a reload"),
  variable: planted.plant("a header from a variable"),
  file: planted.plant("a header from a file"),
  password: planted.plant("basic_auth"),
  token: planted.plant("bearer_token"),
  hashKey: planted.plant("client_id_key"),
  otlp: planted.plant("otlp.headers"),
  otlpVariable: planted.plant("OTEL_EXPORTER_OTLP_HEADERS"),
  url: plantInUrl("a password in a URL"),
  proxy: plantInUrl("HTTPS_PROXY"),
  other: planted.plant("a variable of somebody else's"),
  passphrase: planted.plant("a passphrase"),
  user: planted.plant("a password of a client"),
  wrongUser: planted.plant("a wrong password of a client"),
  plain: planted.plant("a password in place of its hash"),
};
const hash = hashSync(secret.user, 4);
planted.watch("the hash of a password", hash.slice(7));
const keyLine = (key: string) => key.split("\n")[1]!;
planted.watch("the key of the client's certificate", keyLine(fixture("tls/client.key")));
planted.watch("the key of the server", keyLine(pem("server.key")));
planted.watch("a key that is not the server's", keyLine(pem("client.key")));
const encrypted = newKey(secret.passphrase);
planted.watch("an encrypted key", keyLine(encrypted));

/** The files that configurations name, by their names beside them. */
export const FILES: Readonly<Record<string, string>> = {
  header: `${secret.file}\n`,
  token: `${secret.token}\n`,
  password: secret.password,
  "encrypted.key": encrypted,
};

/** What a configuration refers to, and what somebody else's programs would need. */
export const ENV = {
  PATH: process.env["PATH"],
  NODE_OPTIONS: process.env["NODE_OPTIONS"],
  RECORD_REQUESTS_TO: process.env["RECORD_REQUESTS_TO"],
  PLANTED_HEADER: secret.variable,
  OTHER_SECRET: secret.other,
  HTTP_PROXY: `http://user:${secret.proxy}@127.0.0.1:9/`,
  HTTPS_PROXY: `http://user:${secret.proxy}@127.0.0.1:9/`,
  OTEL_EXPORTER_OTLP_HEADERS: `x-otel=${encodeURIComponent(secret.otlpVariable)}`,
};

/** The certificate of a client is read, though nobody asks for it over plain HTTP. */
export function configuration(
  urls: readonly [a: string, b: string, receiver: string],
  protocol: string,
): string {
  const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
  return `
sora: { interval: 200ms, timeout: 200ms }
calls: { list_connections: 200ms, get_stats_report: 200ms, list_cluster_nodes: 200ms, get_license: 200ms }
targets:
  - name: a
    url: ${urls[0]}
    headers:
      x-plain: '${secret.header}'
      x-variable: { env: PLANTED_HEADER }
      x-file: { file: header }
    basic_auth: { username: user, password: { file: password } }
    tls: { cert_file: ${tls("client.crt")}, key_file: ${tls("client.key")} }
  - { name: b, url: '${urls[1]}', bearer_token: { file: token } }
metrics: { client_id: hash, client_id_key: '${secret.hashKey}' }
web: { config_file: web.yml, enable_lifecycle: true }
otlp:
  enabled: true
  endpoint: ${urls[2]}
  protocol: ${protocol}
  interval: 200ms
  timeout: 200ms
  headers: { x-otlp: '${secret.otlp}' }
`;
}

/** Each can be read, and is wrong. */
export function wrongConfigurations(good: string): string[] {
  const inLines = fixture("tls/client.key").replaceAll("\n", "\n      ");
  return [
    good.replace("x-plain:", "x plain:"),
    good.replace(`x-plain: '${secret.header}'`, `x-plain: "\\n${secret.header.replace('"', "")}"`),
    good.replace(`x-plain: '${secret.header}'`, `x-plain:${secret.header}`),
    good.replace("bearer_token: { file: token }", `bearer_token: { fil: '${secret.token}' }`),
    good.replace("bearer_token: { file: token }", `bearer_token: ['${secret.token}']`),
    good.replace("bearer_token: { file: token }", `bearer_token:${secret.token}`),
    good.replace("password: { file: password }", `passwort: '${secret.password}'`),
    good.replace("password: { file: password }", `password:${secret.password}`),
    good.replace("username: user", `username: 'user:${secret.password}'`),
    good.replace("{ name: b, url: '", `{ name: b, url: 'http://user:${secret.url}@`),
    good.replace("endpoint: http://", `endpoint: http://user:${secret.url}@`),
    good.replace(/endpoint: (\S+)/, `endpoint: $1?token=${secret.url}`),
    good.replace("client_id: hash", "client_id: plain"),
    good.replace(`client_id_key: '${secret.hashKey}'`, `client_id_key: { x: '${secret.hashKey}' }`),
    good.replace(`client_id_key: '${secret.hashKey}'`, `client_id_key:${secret.hashKey}`),
    good.replace(/key_file: \S+/, "key_file: encrypted.key"),
    good.replace(/key_file: \S+/, `key_file: ${keyLine(fixture("tls/client.key"))}`),
    good.replace(
      /tls: \{ (cert_file: \S+), key_file: \S+ \}/,
      `tls:\n      $1\n      key_file: |\n      ${inLines}`,
    ),
    good.replace("{ file: header }", "{ file: header, env: X }"),
    `${good}\n  x-more: '${secret.otlp}`,
    good.replaceAll(": '", ": '''"),
  ];
}

/** A key or a certificate in the file itself. */
const inline = (text: string) => JSON.stringify(text);
const TLS = `tls_server_config:\n  cert: ${inline(pem("server.crt"))}\n`;
const KEY = `  key: ${inline(pem("server.key"))}\n`;

/** A web configuration with one user, `prometheus`. */
export const WEB = `${TLS}${KEY}basic_auth_users:\n  prometheus: ${hash}\n`;

/** Each can be read, and is wrong. */
export const WRONG_WEB: readonly string[] = [
  ...[
    `basic_auth_users: {prometheus: '${secret.plain}'}`,
    `basic_auth_users: {prometheus:${secret.plain}}`,
    `basic_auth_users: {'${secret.plain}': prometheus}`,
    `basic_auth_users: {prometheus: ['${secret.plain}']}`,
    `basic_auth_users: {prometheus: {password: '${secret.plain}'}}`,
    `basic_auth_users: ['prometheus:${secret.plain}']`,
    `basic_auth_users: '${secret.plain}'`,
    `basic_auth_users: {prometheus: '${secret.plain}}`,
    `basic_auth_users: {prometheus: !${secret.plain} x}`,
    `basic_auth_users: {prometheus:${hash}}`,
    `basic_auth_users: {${hash}: prometheus}`,
    `basic_auth_users:\nprometheus: ${hash}`,
    `basic_auth_users: {prometheus: ${hash}, prometheus: ${hash}}`,
    `basic_auth_users: {prometheus: ${hash.replace("$04$", "$31$")}}`,
    `'prometheus:${secret.plain}': `,
    `rate_limit: {interval: ${hash}, burst: 1}`,
    `http_server_config: {headers: {X-Frame-Options: '${secret.plain}'}}`,
    `http_server_config: {headers: {'${secret.plain}': deny}}`,
  ].map((wrong) => `${TLS}${KEY}${wrong}\n`),
  ...[
    `  key: '${secret.plain}'`,
    `  key: [${inline(pem("server.key"))}]`,
    `  key: ${inline(pem("client.key"))}`,
    `  key: ${inline(encrypted)}`,
    `  key: ${pem("server.key")}`,
    `  key_file: ${inline(pem("server.key"))}`,
    `  key_file: ${keyLine(pem("server.key"))}`,
    `  key_file: encrypted.key`,
    `${KEY}  min_version: ${keyLine(pem("server.key"))}`,
    `${KEY}  client_ca: ${inline(pem("server.key"))}`,
    `${KEY}  '${pem("server.key").replaceAll("\n", " ")}': 1`,
  ].map((wrong) => `${TLS}${wrong}\n`),
  `tls_server_config: {cert: ${inline(pem("server.key"))}, key: ${inline(pem("server.crt"))}}`,
];
