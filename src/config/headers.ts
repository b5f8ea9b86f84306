/** The headers of a target: which names are allowed, what may be in them, and the header `authorization`. */
import { http } from "../http.ts";
import type { HeaderConfig, HeaderScheme } from "./config.ts";
import type { Problem } from "./errors.ts";
import { pathText } from "./errors.ts";
import { applyScheme, checkOf, holds } from "./credentials.ts";
import { resolveSecret } from "./secrets.ts";
import type { Refusal, SecretSources } from "./secrets.ts";
import type { Source } from "./source.ts";
import type { TargetSettings } from "./target-schema.ts";

type Path = readonly PropertyKey[];
type Report = (problem: Problem) => void;

/** The keys of a target that say which headers to send. */
type HeaderSettings = Pick<TargetSettings, "headers" | "basic_auth" | "bearer_token">;

/**
 * Headers that are the exporter's own: what Sora is asked to do (only ever to read), and what the HTTP client sets
 * or refuses.
 */
const RESERVED = new Set([
  "x-sora-target",
  "content-type",
  "content-length",
  "host",
  "connection",
  "transfer-encoding",
  "expect",
  "keep-alive",
  "upgrade",
]);

/**
 * Looks up the values of a target's headers.
 *
 * @param path of the target
 * @param report is told what is wrong; never a value
 * @returns values by lower-case name
 */
export function resolveHeaders(
  given: HeaderSettings,
  path: Path,
  sources: SecretSources,
  report: Report,
): Record<string, HeaderConfig> {
  const values: Record<string, HeaderConfig> = {};
  for (const [givenName, source] of Object.entries(given.headers ?? {})) {
    const name = givenName.toLowerCase();
    const headerPath = [...path, "headers", givenName];
    if (!holds(() => http.validateHeaderName(name))) {
      report({ path: headerPath, message: "holds a name that is not one of an HTTP header" });
      continue;
    }
    const found = resolveHeader(source, { is: "value" }, sources);
    if (RESERVED.has(name)) report({ path: headerPath, message: "may not be set" });
    else if (Object.hasOwn(values, name))
      report({ path: headerPath, message: "is given twice; case does not matter" });
    else if ("problem" in found) report({ path: headerPath, message: found.problem });
    else values[name] = found.value;
  }
  const authorization = resolveAuthorization(given, path, sources, report);
  return authorization === undefined ? values : { ...values, authorization };
}

/** The header `authorization` where `basic_auth` or `bearer_token` gives it. */
function resolveAuthorization(
  given: HeaderSettings,
  path: Path,
  sources: SecretSources,
  report: Report,
): HeaderConfig | undefined {
  reportSeveralWays(given, path, report);
  const { basic_auth: basic, bearer_token: token } = given;
  const take = (key: Path, source: Source, scheme: HeaderScheme): HeaderConfig | undefined => {
    const found = resolveHeader(source, scheme, sources);
    if (!("problem" in found)) return found.value;
    report({ path: [...path, ...key], message: found.problem });
    return undefined;
  };
  if (basic !== undefined)
    return take(["basic_auth", "password"], basic.password, { is: "basic", username: basic.username });
  return token === undefined ? undefined : take(["bearer_token"], token, { is: "bearer" });
}

function resolveHeader(
  source: Source,
  scheme: HeaderScheme,
  sources: SecretSources,
): { readonly value: HeaderConfig } | Refusal {
  const found = resolveSecret(source, checkOf(scheme), sources);
  if ("problem" in found) return found;
  const { value, path } = found;
  return { value: path === undefined ? applyScheme(scheme, value) : { path, scheme } };
}

function reportSeveralWays(given: HeaderSettings, path: Path, report: Report): void {
  const header = Object.keys(given.headers ?? {}).find((name) => name.toLowerCase() === "authorization");
  const ways: Path[] = [];
  if (header !== undefined) ways.push(["headers", header]);
  if (given.basic_auth !== undefined) ways.push(["basic_auth"]);
  if (given.bearer_token !== undefined) ways.push(["bearer_token"]);
  const [first, second] = ways;
  if (first === undefined || second === undefined) return;
  report({
    path: [...path, ...second],
    message: `may not be set beside ${pathText(first)}; both are the header authorization`,
  });
}
