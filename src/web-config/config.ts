/** What a web configuration file asks for, everything that it names read. It is plain data, fit for another thread. */

/** All of it. */
export interface WebConfig {
  /** Path of the file. */
  readonly path: string;
  /** Undefined for plain HTTP. */
  readonly tls: WebTls | undefined;
  /** Headers of every answer, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Users and the bcrypt hashes of their passwords; nobody is asked where there are none. */
  readonly users: ReadonlyMap<string, string>;
  /** Undefined for no limit. */
  readonly rateLimit: RateLimit | undefined;
}

/** Requests are taken from a bucket that holds `burst` of them, and that gets another one every `intervalMs`. */
export interface RateLimit {
  readonly intervalMs: number;
  readonly burst: number;
}

/** How the server speaks TLS. */
export interface WebTls {
  readonly context: TlsContext;
  readonly clientAuth: ClientAuth;
  /** Of which a client's certificate has to have one; empty for any. */
  readonly allowedSans: readonly string[];
  /** When the first certificate ends, in milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** Options of `tls.createSecureContext`; `key` is a secret. */
export interface TlsContext {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string | undefined;
  readonly ecdhCurve: string | undefined;
  readonly honorCipherOrder: boolean;
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Whether clients show certificates, and what these have to be: the values of `client_auth_type`. */
export const CLIENT_AUTHS = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;
export type ClientAuth = (typeof CLIENT_AUTHS)[number];
