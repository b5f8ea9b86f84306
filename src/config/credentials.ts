/** What a target's configuration says of its headers and of TLS becomes what is sent, read from its files when it is needed. */
import { http } from "../http.ts";
import type { Credentials } from "../sora/client.ts";
import type { HeaderScheme, TargetConfig } from "./config.ts";
import { type Check, readPath, readSecret, type SecretSources } from "./secrets.ts";

/**
 * What a client of Sora sends for a target. What is from a file is a function that reads it anew, and throws an error that
 * names the file and never what is in it.
 */
export function openCredentials(
  { headers, tls }: Pick<TargetConfig, "headers" | "tls">,
  readFile: SecretSources["readFile"],
): Credentials {
  const readPem = (path: string | undefined) =>
    path === undefined
      ? undefined
      : () => {
          const found = readPath(path, readFile);
          if ("problem" in found) throw new Error(found.problem);
          return found.text;
        };
  const open = (header: TargetConfig["headers"][string]) => {
    if (typeof header === "string") return header;
    const { path, scheme } = header;
    return () => applyScheme(scheme, readSecret(path, checkOf(scheme), readFile));
  };
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, open(header)])),
    tls: { ...tls, ca: readPem(tls.ca), cert: readPem(tls.cert), key: readPem(tls.key) },
  };
}

/** A header's value of the secret that it carries. */
export function applyScheme(scheme: HeaderScheme, secret: string): string {
  switch (scheme.is) {
    case "value":
      return secret;
    case "bearer":
      return `Bearer ${secret}`;
    case "basic":
      return `Basic ${Buffer.from(`${scheme.username}:${secret}`).toString("base64")}`;
  }
}

/** What a secret must be for a scheme. */
export function checkOf({ is }: HeaderScheme): Check {
  return is === "basic" ? passwordProblem : headerProblem;
}

function headerProblem(value: string): string | undefined {
  if (value === "") return "is empty";
  // The name is any: whether a value is legal does not depend on it.
  if (!holds(() => http.validateHeaderValue("x", value)))
    return "holds characters that an HTTP header may not";
  return undefined;
}

function passwordProblem(password: string): string | undefined {
  if (password === "") return "is empty";
  // Encoded it would pass as a header, but RFC 7617 does not allow it: most likely it is a line too many.
  return /\p{Cc}/u.test(password) ? "holds a line break or another control character" : undefined;
}

/** Whether a check of node:http passes. Its exceptions are dropped: they may quote what they refuse. */
export function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
