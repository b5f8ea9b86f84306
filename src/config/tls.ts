/** TLS towards a target: reads certificates and keys, and checks that they are such and belong together. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { TlsConfig } from "./config.ts";
import type { Problem } from "./errors.ts";
import { quotePath } from "./errors.ts";
import { readNamedFile } from "./secrets.ts";
import type { SecretSources } from "./secrets.ts";
import type { TargetSettings } from "./target-schema.ts";

type TlsSettings = NonNullable<TargetSettings["tls"]>;
type FileKey = "ca_file" | "cert_file" | "key_file";

/** What is in PEM, and the file that it is from; no path where it stands in the configuration itself. */
export interface Pem {
  readonly path?: string;
  readonly text: string;
}

/**
 * Checks the files of a target's `tls`, which are read again for each connection.
 *
 * @param path of the `tls` key
 * @param skipVerify what holds where the target does not say it
 * @param report is told what is wrong; never what is in a file
 */
export function resolveTls(
  given: TlsSettings,
  path: readonly PropertyKey[],
  skipVerify: boolean,
  sources: SecretSources,
  report: (problem: Problem) => void,
): TlsConfig {
  const complain = (key: FileKey, message: string) => report({ path: [...path, key], message });
  const read = (key: FileKey) => {
    const file = given[key];
    if (file === undefined) return undefined;
    const found = readNamedFile(file, sources);
    if (!("problem" in found)) return found;
    complain(key, found.problem);
    return undefined;
  };
  const ca = read("ca_file");
  const cert = read("cert_file");
  const key = read("key_file");
  if (given.key_file === undefined && given.cert_file !== undefined) complain("cert_file", "needs key_file");
  if (given.cert_file === undefined && given.key_file !== undefined) complain("key_file", "needs cert_file");
  certificateOf(ca, (message) => complain("ca_file", message));
  const certificate = certificateOf(cert, (message) => complain("cert_file", message));
  const privateKey = privateKeyOf(key, (message) => complain("key_file", message));
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    complain("key_file", `${subject(key!)}is not the key of the certificate in cert_file`);
  }
  return {
    ca: ca?.path,
    cert: cert?.path,
    key: key?.path,
    serverName: given.server_name,
    skipVerify: given.insecure_skip_verify ?? skipVerify,
  };
}

/** The first of `certificatesOf`; undefined where something is wrong. */
export function certificateOf(
  pem: Pem | undefined,
  complain: (message: string) => void,
): X509Certificate | undefined {
  return certificatesOf(pem, complain)[0];
}

/**
 * All certificates of a text; none where there is none, or one is broken. OpenSSL's errors are dropped, as they help nobody.
 *
 * @param complain is told what is wrong, in a sentence whose subject is the value of the key
 */
export function certificatesOf(
  pem: Pem | undefined,
  complain: (message: string) => void,
): readonly X509Certificate[] {
  if (pem === undefined) return [];
  const blocks = pem.text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) complain(`${subject(pem)}holds no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    complain(`${subject(pem)}holds a broken certificate`);
    return [];
  }
}

/** A private key without a passphrase; undefined where something is wrong, which `complain` is told as above. */
export function privateKeyOf(
  pem: Pem | undefined,
  complain: (message: string) => void,
): KeyObject | undefined {
  if (pem === undefined) return undefined;
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem.text)) {
    complain(`${subject(pem)}holds an encrypted key; it must have no passphrase`);
    return undefined;
  }
  try {
    return createPrivateKey(pem.text);
  } catch {
    complain(`${subject(pem)}holds no private key in PEM`);
    return undefined;
  }
}

/** The file, where there is one, to put before what is said of it. */
export function subject(pem: Pem): string {
  return pem.path === undefined ? "" : `${quotePath(pem.path)} `;
}
