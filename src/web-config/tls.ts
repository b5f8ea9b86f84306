/** `tls_server_config`: reads certificates and keys, and checks that they belong together and that TLS can be spoken. */

import { createSecureContext } from "node:tls";
import type { Problem } from "../config/errors.ts";
import { certificateOf, certificatesOf, type Pem, privateKeyOf, subject } from "../config/tls.ts";
import type { ClientAuth, TlsContext, WebTls } from "./config.ts";
import { CURVES, SUITES_12, SUITES_13, VERSIONS } from "./names.ts";
import type { WebSettings } from "./schema.ts";

type TlsSettings = NonNullable<WebSettings["tls_server_config"]>;
type PemKey = "cert" | "key" | "client_ca";

/** With these a certificate that was shown is worth what the authority says. */
const VERIFYING: readonly ClientAuth[] = ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];

/**
 * Puts `tls_server_config` together.
 *
 * @param readFile reads a file whose path is as in the file; what cannot be read is a problem
 * @param report is told what is wrong, never what is in a file
 * @returns undefined where something is wrong
 */
export function resolveWebTls(
  given: TlsSettings,
  readFile: (path: string) => Pem | { readonly problem: string },
  report: (problem: Problem) => void,
): WebTls | undefined {
  const problems: string[] = [];
  const complain = (key: keyof TlsSettings | undefined, message: string) => {
    problems.push(message);
    report({ path: ["tls_server_config", ...(key === undefined ? [] : [key])], message });
  };

  /** What a key says, or the file that its other form names. */
  function read(key: PemKey): { key: keyof TlsSettings; pem: Pem | undefined } {
    const fileKey = `${key}_file` as const;
    const [text, path] = [given[key], given[fileKey]];
    if (text !== undefined && path !== undefined) complain(key, `may not be given with ${fileKey}`);
    if (path === undefined) return { key, pem: text === undefined ? undefined : { text } };
    const found = readFile(path);
    if (!("problem" in found)) return { key: fileKey, pem: found };
    complain(fileKey, found.problem);
    return { key: fileKey, pem: undefined };
  }

  const cert = read("cert");
  const key = read("key");
  const ca = read("client_ca");
  if (given.cert === undefined && given.cert_file === undefined)
    complain(undefined, "needs cert_file (or cert) and key_file (or key)");
  else if (given.key === undefined && given.key_file === undefined)
    complain(cert.key, "needs key_file or key");
  const certificate = certificateOf(cert.pem, (message) => complain(cert.key, message));
  const privateKey = privateKeyOf(key.pem, (message) => complain(key.key, message));
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey))
    complain(key.key, `${subject(key.pem!)}is not the key of the certificate`);
  certificatesOf(ca.pem, (message) => complain(ca.key, message));
  checkClientAuth(given, ca.key, complain);
  if (given.min_version === "TLS13" && given.max_version === "TLS12")
    complain("max_version", "is older than min_version");
  if (problems.length > 0 || cert.pem === undefined || key.pem === undefined || certificate === undefined)
    return undefined;

  const context: TlsContext = {
    cert: cert.pem.text,
    key: key.pem.text,
    ca: ca.pem?.text,
    minVersion: VERSIONS[given.min_version],
    maxVersion: VERSIONS[given.max_version],
    ciphers: ciphersOf(given.cipher_suites),
    ecdhCurve: given.curve_preferences.map((name) => CURVES[name]).join(":") || undefined,
    honorCipherOrder: given.prefer_server_cipher_suites,
  };
  try {
    createSecureContext(context);
  } catch (error) {
    // OpenSSL's reason, such as "ca md too weak", has nothing of the key.
    const { reason = "unknown", message } = error as Error & { reason?: string };
    complain(undefined, `OpenSSL refuses it: ${message.startsWith("error:") ? reason : "it is malformed"}`);
    return undefined;
  }
  return {
    context,
    clientAuth: given.client_auth_type,
    allowedSans: given.client_allowed_sans,
    notAfterMs: Date.parse(certificate.validTo),
  };
}

function checkClientAuth(
  given: TlsSettings,
  caKey: keyof TlsSettings,
  complain: (key: keyof TlsSettings, message: string) => void,
): void {
  const type = given.client_auth_type;
  const hasCa = given.client_ca !== undefined || given.client_ca_file !== undefined;
  if (hasCa && type === "NoClientCert") complain(caKey, "needs client_auth_type: RequireAndVerifyClientCert");
  // Go would take every authority that the system knows: whoever has a certificate for any name could come in.
  if (!hasCa && VERIFYING.includes(type))
    complain("client_auth_type", `${type} needs client_ca_file or client_ca`);
  if (given.client_allowed_sans.length > 0 && !VERIFYING.includes(type))
    complain("client_allowed_sans", `needs client_auth_type: ${VERIFYING.toReversed().join(" or ")}`);
}

/** Those of TLS 1.3 are always offered, where that is. */
function ciphersOf(suites: TlsSettings["cipher_suites"]): string | undefined {
  if (suites.length === 0) return undefined;
  const older = suites.flatMap((name) =>
    name in SUITES_12 ? [SUITES_12[name as keyof typeof SUITES_12]] : [],
  );
  return [...older, ...SUITES_13].join(":");
}
