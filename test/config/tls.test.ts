import { describe, expect, test } from "vitest";
import { keyPair, newKey } from "./key-pair.ts";
import { NO_TLS } from "../support/exporter.ts";
import { configOf, messageOf, openedOf } from "./support.ts";
import type { Given } from "./support.ts";

const { cert, key } = keyPair();
const FILES = {
  cert,
  key,
  other: newKey(),
  encrypted: newKey("s3cr3t"),
  "encrypted-pkcs1":
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAA==\n-----END RSA PRIVATE KEY-----\n",
  chain: `# the leaf\n${cert}\n${cert}`,
  both: cert + key,
  broken: cert.replace(/\n.{10}/, "\nAAAAAAAAAA"),
  half: cert + cert.replace(/\n.{10}/, "\nAAAAAAAAAA"),
  der: "0\u0082\u0003s3cr3t",
};

function withTls(tls: string, given: Given = {}): Given {
  return { files: FILES, ...given, yaml: `targets:\n  - url: https://a\n    tls: {${tls}}\n` };
}

/** The TLS of the first target, its files read now. */
function readTls(given: Given): object {
  const { ca, cert, key, ...rest } = openedOf(given).tls;
  return { ...rest, ca: ca?.(), cert: cert?.(), key: key?.() };
}

describe("the TLS of a target", () => {
  test.each([
    ["", {}],
    ["ca_file: cert", { ca: cert }],
    ["ca_file: chain", { ca: FILES.chain }],
    ["cert_file: cert, key_file: key", { cert, key }],
    ["cert_file: chain, key_file: key", { cert: FILES.chain, key }],
    ["cert_file: both, key_file: both", { cert: FILES.both, key: FILES.both }],
    ["server_name: sora.internal", { serverName: "sora.internal" }],
    ["insecure_skip_verify: true", { skipVerify: true }],
    ["insecure_skip_verify: false", { skipVerify: false }],
  ])("{%s}", (tls, expected) => {
    expect(readTls(withTls(tls))).toEqual({ ...NO_TLS, ...expected });
  });

  test("is that of sora where the target does not say whether to verify", () => {
    const argv = ["--sora.skip-ssl-verify"];
    const skips = (tls: string) => configOf(withTls(tls, { argv })).targets[0]!.tls.skipVerify;
    expect(skips("")).toBe(true);
    expect(skips("insecure_skip_verify: false")).toBe(false);
    expect(configOf({ yaml: "targets: [{url: https://a}]", argv }).targets[0]!.tls.skipVerify).toBe(true);
  });

  test("is read anew each time, as its files are replaced", () => {
    const files: Record<string, string> = { ...FILES };
    const { ca } = openedOf(withTls("ca_file: cert", { files })).tls;
    files["cert"] = "another";
    expect(ca!()).toBe("another");
    delete files["cert"];
    expect(() => ca!()).toThrow('cannot read "cert": ENOENT');
  });

  test("has paths from the configuration file", () => {
    const files = {
      "/etc/sora/exporter.yaml": "targets: [{url: https://a, tls: {ca_file: tls/ca.pem}}]",
      "/etc/sora/tls/ca.pem": cert,
    };
    expect(readTls({ argv: ["--config.file=/etc/sora/exporter.yaml"], files })).toMatchObject({ ca: cert });
  });
});

describe("the TLS of a target is refused", () => {
  const NOT_THERE = "ENOENT: no such file or directory, open 'nowhere'";
  test.each([
    ["ca_file: nowhere", `ca_file: cannot read "nowhere": ${NOT_THERE}`],
    ["ca_file: 5", "ca_file: 5 is not the path of a file"],
    ['ca_file: ""', 'ca_file: "" is not the path of a file'],
    ["ca_file: [x]", "ca_file: a list is not the path of a file"],
    ['ca_file: "-----BEGIN CERTIFICATE-----"', "ca_file: takes the path of a file, not what is in it"],
    ['key_file: "s3\\ncr3t"', "key_file: takes the path of a file, not what is in it"],
    ["ca_file: key", 'ca_file: "key" holds no certificate in PEM'],
    ["ca_file: der", 'ca_file: "der" holds no certificate in PEM'],
    ["ca_file: broken", 'ca_file: "broken" holds a broken certificate'],
    ["ca_file: half", 'ca_file: "half" holds a broken certificate'],
    ["cert_file: cert", "cert_file: needs key_file"],
    ["key_file: key", "key_file: needs cert_file"],
    ["cert_file: nowhere, key_file: key", `cert_file: cannot read "nowhere": ${NOT_THERE}`],
    ["cert_file: cert, key_file: nowhere", `key_file: cannot read "nowhere": ${NOT_THERE}`],
    ["cert_file: key, key_file: key", 'cert_file: "key" holds no certificate in PEM'],
    ["cert_file: cert, key_file: cert", 'key_file: "cert" holds no private key in PEM'],
    ["cert_file: cert, key_file: der", 'key_file: "der" holds no private key in PEM'],
    [
      "cert_file: cert, key_file: encrypted",
      'key_file: "encrypted" holds an encrypted key; it must have no passphrase',
    ],
    [
      "cert_file: cert, key_file: encrypted-pkcs1",
      'key_file: "encrypted-pkcs1" holds an encrypted key; it must have no passphrase',
    ],
    ["cert_file: cert, key_file: other", 'key_file: "other" is not the key of the certificate in cert_file'],
    ["server_name: a b", 'server_name: "a b" is not a host name'],
    ['server_name: ""', 'server_name: "" is not a host name'],
    ["server_name: 192.0.2.1", 'server_name: "192.0.2.1" is not a host name'],
    ['server_name: "::1"', 'server_name: "::1" is not a host name'],
    ["insecure_skip_verify: no", 'insecure_skip_verify: "no" is not true or false'],
  ])("{%s}", (tls, message) => {
    expect(messageOf(withTls(tls))).toBe(`config.yaml:3: targets[0].tls.${message}`);
  });
});
