/** Certificates and keys for tests of the configuration. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";

export interface KeyPair {
  /** PEM, as is the key. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key. */
export function keyPair(): KeyPair {
  const read = (name: string) =>
    readFileSync(new URL(`../fixtures/tls/self-signed.${name}`, import.meta.url), "utf8");
  return { cert: read("crt"), key: read("key") };
}

/** A new private key in PEM, encrypted where there is a passphrase. */
export function newKey(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const format = { type: "pkcs8", format: "pem" } as const;
  if (passphrase === undefined) return privateKey.export(format);
  return privateKey.export({ ...format, cipher: "aes-256-cbc", passphrase });
}
