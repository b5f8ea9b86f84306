/** The keys of a web configuration file, as Prometheus' exporter-toolkit documents them, and what they may be. */

import { z } from "zod";
import { boolean, choice, count, distinct, duration, map, path } from "../config/values.ts";
import { costOf } from "./bcrypt-hash.ts";
import { CLIENT_AUTHS } from "./config.ts";
import { CURVES, SUITES_12, SUITES_13, VERSIONS } from "./names.ts";

/** What checking a password may cost: each step doubles the time, and the largest is seconds. */
const COSTS = { min: 4, max: 14 };

/** A key or a certificate that stands in the file. The message says nothing of what was found. */
const pem = z.string({ error: "takes a text in PEM" });

const version = choice(["TLS12", "TLS13"] satisfies (keyof typeof VERSIONS)[]);

const tls = map({
  cert_file: path().optional(),
  key_file: path().optional(),
  cert: pem.optional(),
  key: pem.optional(),
  // The last is an older name, as in exporter-toolkit.
  client_auth_type: choice([...CLIENT_AUTHS, "RequireClientCert"])
    .transform((type) => (type === "RequireClientCert" ? "RequireAnyClientCert" : type))
    .prefault("NoClientCert"),
  client_ca_file: path().optional(),
  client_ca: pem.optional(),
  client_allowed_sans: z
    .array(z.string({ error: "is not a text" }).min(1, { error: "is empty" }), {
      error: "is not a list of names",
    })
    .prefault([]),
  min_version: version.prefault("TLS12"),
  max_version: version.prefault("TLS13"),
  cipher_suites: distinct(choice([...keysOf(SUITES_12), ...SUITES_13]), "cipher suites").prefault([]),
  prefer_server_cipher_suites: boolean().prefault(true),
  curve_preferences: distinct(choice(keysOf(CURVES)), "curves").prefault([]),
});

/** A blank value is as none. */
const header = z
  .string({ error: "is not a text" })
  .regex(/^[\t\x20-\x7e]*$/, { error: "holds characters that a header cannot have" });

const http = map({
  http2: boolean()
    .refine((http2) => !http2, { error: "true is not supported; clients do with HTTP/1.1 without it" })
    .prefault(false),
  headers: map({
    "Content-Security-Policy": header.optional(),
    "X-Frame-Options": header
      .refine((value) => /^(deny|sameorigin|)$/i.test(value), { error: "is not one of deny, sameorigin" })
      .optional(),
    "X-Content-Type-Options": header
      .refine((value) => /^(nosniff|)$/i.test(value), { error: "is not nosniff" })
      .optional(),
    "X-XSS-Protection": header.optional(),
    "Strict-Transport-Security": header.optional(),
  }).prefault({}),
});

// What is no hash may be the password itself.
const hash = z
  .string({ error: "is not a bcrypt hash" })
  .regex(/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, {
    error: "is not a bcrypt hash, such as htpasswd -nBC 10 USER makes",
  })
  .refine((text) => costOf(text) >= COSTS.min && costOf(text) <= COSTS.max, {
    error: `is a hash whose cost is not between ${COSTS.min} and ${COSTS.max}`,
  });

const rateLimit = map({ interval: duration(0), burst: count(1, 1_000_000) });

/** The whole file. */
export const webConfigSchema = map({
  tls_server_config: tls.optional(),
  http_server_config: http.prefault({}),
  basic_auth_users: z
    .record(z.string(), hash, { error: "is not a map of users to bcrypt hashes" })
    .prefault({}),
  rate_limit: rateLimit.optional(),
});

/** What a file says, its defaults filled in. */
export type WebSettings = z.output<typeof webConfigSchema>;

function keysOf<K extends string>(names: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(names) as K[];
}
