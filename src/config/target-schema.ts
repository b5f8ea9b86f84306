/** One element of `targets` in the configuration file: its keys, rules and descriptions. */
import { z } from "zod";
import { SOURCE_FORMS, sourceSchema } from "./source.ts";
import {
  boolean,
  distinct,
  duration,
  map,
  MIN_INTERVAL_MS,
  MIN_TIMEOUT_MS,
  path,
  text,
  url,
} from "./values.ts";
import { TARGET_LIMITS } from "./limits.ts";
import { readServerName } from "./addresses.ts";

// The messages repeat nothing: `user:password` in place of the user is a likely mistake.
const username = z
  .string({ error: ({ input }) => (input === undefined ? "is missing" : "is not a text; put it in quotes") })
  .refine((name) => !/[:\p{Cc}]/u.test(name), { error: "holds a colon or a control character" });

const basicAuth = map({
  username: username.describe("Name of the user, without a colon."),
  password: sourceSchema.describe(`Password: ${SOURCE_FORMS}.`),
});

const tls = map({
  ca_file: path()
    .optional()
    .describe("Certificates of the authorities to trust, PEM. Default: those that Node.js knows."),
  cert_file: path().optional().describe("Certificate to show to Sora, PEM; needs key_file."),
  key_file: path().optional().describe("Key of cert_file, PEM, without a passphrase."),
  server_name: text({ expected: "a host name", read: readServerName })
    .optional()
    .describe("Name to ask for and to find in Sora's certificate. Default: the URL's host."),
  insecure_skip_verify: boolean()
    .optional()
    .describe("Do not verify the certificate. Default: sora.skip_ssl_verify."),
});

/** One Sora, or one cluster of them. */
export const TARGET = map({
  name: text({
    expected: "a name of visible characters",
    read: (name) => (/^(?=.*\S)\P{Cc}+$/u.test(name) ? name : undefined),
  })
    .optional()
    .describe("Value of the target label, unique. Default: the first URL's host:port."),
  url: url().optional().describe("URL of this Sora's HTTP API."),
  urls: distinct(url(), "URLs")
    .min(1, { error: "is an empty list; give at least one URL" })
    .optional()
    .describe("URLs in place of url, of nodes of one cluster: the first that answers is used."),
  interval: duration(MIN_INTERVAL_MS)
    .optional()
    .describe("Time from one poll to the next. Default: sora.interval."),
  timeout: duration(MIN_TIMEOUT_MS).optional().describe("How long a poll may take. Default: sora.timeout."),
  local: boolean().optional().describe("Ask for this node alone. Default: sora.local."),
  limits: TARGET_LIMITS.optional().describe("How much of this target is exported. Default: limits."),
  headers: z
    .record(z.string(), sourceSchema, { error: "is not a map of header names and values" })
    .optional()
    .describe(`HTTP headers to send: ${SOURCE_FORMS}.`),
  basic_auth: basicAuth.optional().describe("User and password to send, in place of a header authorization."),
  bearer_token: sourceSchema
    .optional()
    .describe(`Token to send, in place of a header authorization: ${SOURCE_FORMS}.`),
  tls: tls.optional().describe("TLS towards this Sora; the files are relative to the configuration file."),
})
  .superRefine(({ url, urls }, context) => {
    if (url === undefined && urls === undefined) {
      context.addIssue({ code: "custom", message: "needs url, or urls" });
    }
    if (url !== undefined && urls !== undefined) {
      context.addIssue({ code: "custom", path: ["urls"], message: "may not be set beside url" });
    }
  })
  .meta({ oneOf: [{ required: ["url"] }, { required: ["urls"] }] });

/** One element of `targets` as the file says it. */
export type TargetSettings = z.output<typeof TARGET>;
