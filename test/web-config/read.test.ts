import { readFileSync } from "node:fs";
import { compareSync } from "bcryptjs";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import { readWebConfig } from "../../src/web-config/read.ts";
import { newKey } from "../config/key-pair.ts";
import { HASHES, pem } from "./support.ts";

const FILES: Record<string, string> = {
  "/etc/sora/tls/server.crt": pem("server.crt"),
  "/etc/sora/tls/server.key": pem("server.key"),
  "/etc/sora/tls/client.key": pem("client.key"),
  "/etc/sora/tls/encrypted.key": newKey("passphrase"),
  "/etc/sora/tls/ca.crt": pem("ca.crt"),
  "/run/ca.crt": pem("ca.crt"),
};

function read(yaml: string) {
  return readWebConfig("/etc/sora/web.yml", (path) => {
    const text = path === "/etc/sora/web.yml" ? yaml : FILES[path];
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  });
}

function problemOf(yaml: string): string {
  try {
    read(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("this file is taken");
}

const TLS = "tls_server_config:\n  cert_file: tls/server.crt\n  key_file: tls/server.key\n";

test("says nothing where the file asks for nothing", () => {
  expect(read("{}")).toEqual({
    path: "/etc/sora/web.yml",
    tls: undefined,
    headers: {},
    users: new Map(),
    rateLimit: undefined,
  });
});

test("reads every key, files relative to its own", () => {
  const config = read(`${TLS}  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: /run/ca.crt
  client_allowed_sans: [prometheus.example, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP384, X25519]
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: ""
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: ${HASHES.secret}
  "__alice": ${HASHES.changed}
rate_limit: {interval: 100ms, burst: 20}
`);
  expect(config).toEqual({
    path: "/etc/sora/web.yml",
    tls: {
      context: {
        cert: pem("server.crt"),
        key: pem("server.key"),
        ca: pem("ca.crt"),
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
        ciphers:
          "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:" +
          "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
        ecdhCurve: "P-384:X25519",
        honorCipherOrder: false,
      },
      clientAuth: "RequireAndVerifyClientCert",
      allowedSans: ["prometheus.example", "10.0.0.1"],
      notAfterMs: expect.any(Number) as number,
    },
    headers: {
      "content-security-policy": "default-src 'self'",
      "x-frame-options": "deny",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=31536000",
    },
    users: new Map([
      ["prometheus", HASHES.secret],
      ["__alice", HASHES.changed],
    ]),
    rateLimit: { intervalMs: 100, burst: 20 },
  });
  expect(config.tls!.notAfterMs).toBeGreaterThan(Date.UTC(2100, 0));
});

test("takes what is in PEM in the file itself, and has exporter-toolkit's defaults", () => {
  const inline = (name: string) => JSON.stringify(pem(name));
  const { tls } = read(`tls_server_config: {cert: ${inline("server.crt")}, key: ${inline("server.key")}}`);
  expect(tls).toMatchObject({
    context: {
      cert: pem("server.crt"),
      ca: undefined,
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      ciphers: undefined,
      ecdhCurve: undefined,
      honorCipherOrder: true,
    },
    clientAuth: "NoClientCert",
    allowedSans: [],
  });
});

test.each(["NoClientCert", "RequestClientCert", "RequireAnyClientCert"])("client_auth_type: %s", (type) => {
  expect(read(`${TLS}  client_auth_type: ${type}`).tls!.clientAuth).toBe(type);
});

test("client_auth_type has an older name", () => {
  expect(read(`${TLS}  client_auth_type: RequireClientCert`).tls!.clientAuth).toBe("RequireAnyClientCert");
});

describe("a bad file", () => {
  const SECRET = "correct horse battery";
  const KEY_LINE = pem("server.key").split("\n")[1]!;
  test.each<[yaml: string, problem: string]>([
    ["", "/etc/sora/web.yml: is empty; {} is for neither TLS nor passwords"],
    ["# tls_server_config:", "/etc/sora/web.yml: is empty; {} is for neither TLS nor passwords"],
    [
      "[]",
      "/etc/sora/web.yml:1: the file is not a map of tls_server_config, http_server_config, basic_auth_users, rate_limit",
    ],
    ["tls_server_config: {}", "1: tls_server_config: needs cert_file (or cert) and key_file (or key)"],
    ["tls_server_config:", "1: tls_server_config: is not a map of "],
    ["basic_auth_users:", "1: basic_auth_users: is not a map of users to bcrypt hashes"],
    ["tls:\n  cert_file: a", "1: tls: unknown key; allowed here: tls_server_config, "],
    [`${TLS}  client_ca_text: a`, "4: tls_server_config.client_ca_text: unknown key; allowed here: "],
    [`${TLS}  cert_ref: a`, "4: tls_server_config.cert_ref: unknown key; allowed here: "],
    [
      "http_server_config: {headers: {X-Powered-By: a}}",
      "1: http_server_config.headers.X-Powered-By: unknown key; allowed here: Content-Security-Policy, ",
    ],
    ["http_server_config: {http2: true}", "1: http_server_config.http2: true is not supported; "],
    [
      "http_server_config: {headers: {X-Frame-Options: none}}",
      "1: http_server_config.headers.X-Frame-Options: is not one of deny, sameorigin",
    ],
    [
      "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
      "1: http_server_config.headers.X-Content-Type-Options: is not nosniff",
    ],
    [
      'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a"}}',
      "1: http_server_config.headers.X-XSS-Protection: holds characters that a header cannot have",
    ],
    [
      "tls_server_config: {cert_file: tls/server.crt}",
      "1: tls_server_config.cert_file: needs key_file or key",
    ],
    [
      "tls_server_config: {key_file: tls/server.key}",
      "1: tls_server_config: needs cert_file (or cert) and key_file (or key)",
    ],
    [
      "tls_server_config: {cert_file: none.crt, key_file: tls/server.key}",
      '1: tls_server_config.cert_file: cannot read "/etc/sora/none.crt": ENOENT',
    ],
    [
      "tls_server_config: {cert_file: tls/server.key, key_file: tls/server.key}",
      '1: tls_server_config.cert_file: "/etc/sora/tls/server.key" holds no certificate in PEM',
    ],
    [
      "tls_server_config: {cert_file: tls/server.crt, key_file: tls/client.key}",
      '1: tls_server_config.key_file: "/etc/sora/tls/client.key" is not the key of the certificate',
    ],
    [
      "tls_server_config: {cert_file: tls/server.crt, key_file: tls/encrypted.key}",
      '1: tls_server_config.key_file: "/etc/sora/tls/encrypted.key" holds an encrypted key; ',
    ],
    [
      `tls_server_config: {cert_file: tls/server.crt, key: ${SECRET}}`,
      "1: tls_server_config.key: holds no private key in PEM",
    ],
    [
      `tls_server_config: {cert_file: tls/server.crt, key: [${SECRET}]}`,
      "1: tls_server_config.key: takes a text in PEM",
    ],
    [`${TLS}  key: ${SECRET}`, "4: tls_server_config.key: may not be given with key_file"],
    [
      `${TLS}  client_ca_file: tls/ca.crt`,
      "4: tls_server_config.client_ca_file: needs client_auth_type: RequireAndVerifyClientCert",
    ],
    [
      `${TLS}  client_auth_type: RequireAndVerifyClientCert`,
      "4: tls_server_config.client_auth_type: RequireAndVerifyClientCert needs client_ca_file or client_ca",
    ],
    [
      `${TLS}  client_auth_type: VerifyClientCertIfGiven`,
      "4: tls_server_config.client_auth_type: VerifyClientCertIfGiven needs client_ca_file or client_ca",
    ],
    [
      `${TLS}  client_auth_type: require`,
      '4: tls_server_config.client_auth_type: "require" is not one of NoClientCert, ',
    ],
    [
      `${TLS}  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]`,
      "5: tls_server_config.client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert or VerifyClientCertIfGiven",
    ],
    [`${TLS}  min_version: TLS10`, '4: tls_server_config.min_version: "TLS10" is not one of TLS12, TLS13'],
    [
      `${TLS}  min_version: TLS13\n  max_version: TLS12`,
      "5: tls_server_config.max_version: is older than min_version",
    ],
    [
      `${TLS}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]`,
      '4: tls_server_config.cipher_suites[0]: "TLS_RSA_WITH_RC4_128_SHA" is not one of TLS_ECDHE_ECDSA_',
    ],
    [
      `${TLS}  curve_preferences: [CurveP224]`,
      '4: tls_server_config.curve_preferences[0]: "CurveP224" is not one of CurveP256, ',
    ],
    [
      `basic_auth_users: {alice: ${SECRET}}`,
      "1: basic_auth_users.alice: is not a bcrypt hash, such as htpasswd -nBC 10 USER makes",
    ],
    ["basic_auth_users: {alice: 5}", "1: basic_auth_users.alice: is not a bcrypt hash"],
    [
      `basic_auth_users: {alice: ${HASHES.secret.replace("$04$", "$15$")}}`,
      "1: basic_auth_users.alice: is a hash whose cost is not between 4 and 14",
    ],
    [
      `basic_auth_users: {alice: ${HASHES.secret.replace("$04$", "$03$")}}`,
      "1: basic_auth_users.alice: is a hash whose cost is not between 4 and 14",
    ],
    [
      `basic_auth_users: {"a:b": ${HASHES.secret}}`,
      '1: basic_auth_users."a:…": no user can have a colon in the name',
    ],
    [
      `basic_auth_users: {__proto__: ${HASHES.secret}}`,
      "1: basic_auth_users.__proto__: no user can be called so",
    ],
    [
      "rate_limit: {interval: 1s, burst: 0}",
      "1: rate_limit.burst: 0 is not a whole number from 1 to 1000000",
    ],
    [`basic_auth_users: {alice:${HASHES.secret}}`, '1: basic_auth_users."alice:…": is not a bcrypt hash'],
    [`basic_auth_users: {${HASHES.secret}: alice}`, "1: basic_auth_users: is not a bcrypt hash"],
    [`{alice:${SECRET}}`, '1: "alice:…": unknown key; allowed here: '],
    [`\n${HASHES.secret}: alice`, "2: unknown key; allowed here: "],
    [
      `http_server_config: {http2: ${HASHES.secret}}`,
      "1: http_server_config.http2: what stands there is not ",
    ],
    [
      `${TLS}  min_version: ${HASHES.secret.slice(7)}`,
      "4: tls_server_config.min_version: what stands there is ",
    ],
    [
      `${TLS}  client_auth_type: ${KEY_LINE}`,
      "4: tls_server_config.client_auth_type: what stands there is not",
    ],
    [
      `tls_server_config: {cert_file: tls/server.crt, key_file: ${KEY_LINE}}`,
      "1: tls_server_config.key_file: takes the path of a file, not what is in it",
    ],
    [
      `tls_server_config: {cert_file: ${HASHES.secret}, key_file: tls/server.key}`,
      "1: tls_server_config.cert_file: takes the path of a file, not what is in it",
    ],
    ["rate_limit: {interval: 1, burst: 1}", "1: rate_limit.interval: 1 is not a duration such as "],
  ])("%s", (yaml, problem) => {
    const found = problemOf(yaml);
    expect(found).toContain(problem);
    expect(found).toMatch(/^\/etc\/sora\/web\.yml:/);
    expect(found).not.toContain(SECRET);
    expect(found).not.toContain(HASHES.secret.slice(7));
    expect(found).not.toContain(KEY_LINE);
    expect(found).not.toContain("PRIVATE KEY-----");
  });

  test("is told where it is missing", () => {
    expect(() =>
      readWebConfig("web.yml", () => {
        throw new Error("ENOENT: no such file or directory, open 'web.yml'");
      }),
    ).toThrow(/^--web\.config\.file: cannot read "web\.yml": ENOENT/);
  });
});

test("README's example works", () => {
  const text = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const yaml = /```yaml\n([^`]*tls_server_config:[^`]*)```/.exec(text)![1]!;
  const files: Record<string, string> = {
    "web.yml": yaml,
    "server.crt": pem("server.crt"),
    "server.key": pem("server.key"),
    "clients-ca.crt": pem("ca.crt"),
  };
  const config = readWebConfig("web.yml", (path) => files[path]!);
  expect(config).toMatchObject({
    tls: { clientAuth: "RequireAndVerifyClientCert" },
    headers: { "strict-transport-security": "max-age=31536000" },
    rateLimit: { intervalMs: 100, burst: 20 },
  });
  expect(compareSync("secret", config.users.get("prometheus")!)).toBe(true);
});

test("an interval of 0s is no limit", () => {
  expect(read("rate_limit: {interval: 0s, burst: 1}").rateLimit).toBeUndefined();
});
