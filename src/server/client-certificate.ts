/** Whether a client may come in by the certificate that it shows. */

import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import type { WebTls } from "../web-config/config.ts";

/**
 * Says why a client may not come in; undefined where it may.
 *
 * @param socket whose handshake is over, on a server that has asked for a certificate unless there is to be none
 */
export function clientProblem(
  socket: Pick<TLSSocket, "authorized" | "authorizationError" | "getPeerX509Certificate">,
  { clientAuth, allowedSans }: Pick<WebTls, "clientAuth" | "allowedSans">,
): string | undefined {
  if (clientAuth === "NoClientCert" || clientAuth === "RequestClientCert") return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return clientAuth === "VerifyClientCertIfGiven" ? undefined : "there is no certificate";
  if (clientAuth === "RequireAnyClientCert") return undefined;
  // An Error by its type, a code in fact.
  if (!socket.authorized) return `it is not trusted: ${String(socket.authorizationError)}`;
  if (allowedSans.length > 0 && !allowedSans.some((name) => hasSan(certificate, name)))
    return "it has none of the names of client_allowed_sans";
  return undefined;
}

/** Whether a certificate has exactly this DNS name, address, e-mail address or URI. */
function hasSan(certificate: X509Certificate, name: string): boolean {
  // Addresses have several spellings.
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return sansOf(certificate.subjectAltName ?? "").includes(name);
}

/** The names in what Node.js writes, such as `DNS:a.example, URI:"urn:a,b"`: those with anything unusual are quoted. */
function sansOf(text: string): string[] {
  const parts = text.matchAll(
    /(DNS|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)|(?:"(?:[^"\\]|\\.)*"|[^,])*(?:, |$)/g,
  );
  return [...parts].flatMap(([, kind, value]) => {
    if (kind === undefined || value === undefined) return [];
    return [value.startsWith('"') ? (JSON.parse(value) as string) : value];
  });
}
