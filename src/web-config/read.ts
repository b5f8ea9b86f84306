/** Reads a web configuration file, and what it names. */

import { ConfigError, type Problem } from "../config/errors.ts";
import { type ConfigFile, parseConfigFile } from "../config/file.ts";
import { firstError } from "../config/load.ts";
import { besideConfig, readPath } from "../config/secrets.ts";
import type { WebConfig } from "./config.ts";
import { type WebSettings, webConfigSchema } from "./schema.ts";
import { resolveWebTls } from "./tls.ts";

/**
 * Reads and checks a web configuration file.
 *
 * @param path of the file; what it names is relative to its directory
 * @param readFile reads a file as UTF-8, or throws
 * @throws ConfigError whose message is one line that names the place of the first mistake, and never a secret
 */
export function readWebConfig(path: string, readFile: (path: string) => string): WebConfig {
  const file = parseConfigFile(readText(path, readFile), path);
  // A file that was cut short while it is replaced must not open the door.
  if (file.value === null) throw new ConfigError(`${path}: is empty; {} is for neither TLS nor passwords`);
  const settings = parse(file);
  const problems: Problem[] = [];
  const tls =
    settings.tls_server_config &&
    resolveWebTls(
      settings.tls_server_config,
      (name) => readPath(besideConfig(name, path), readFile),
      (problem) => problems.push(problem),
    );
  if (problems.length > 0) throw firstError(problems, file, []);
  return {
    path,
    tls,
    headers: headersOf(settings),
    users: new Map(Object.entries(settings.basic_auth_users)),
    rateLimit: rateLimitOf(settings),
  };
}

function readText(path: string, readFile: (path: string) => string): string {
  const found = readPath(path, readFile);
  if ("problem" in found) throw new ConfigError(`--web.config.file: ${found.problem}`);
  return found.text;
}

function parse(file: ConfigFile): WebSettings {
  const { data, error } = webConfigSchema.safeParse(file.value);
  const problems = (error?.issues ?? []).flatMap((issue): Problem[] =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: issue.message }))
      : [{ path: issue.path, message: issue.message }],
  );
  for (const user of usersOf(file.value)) {
    const path = ["basic_auth_users", user];
    if (user.includes(":")) problems.push({ path, message: "no user can have a colon in the name" });
    // Maps of the schema have no such key, and a file with this user alone would be one without users.
    if (user === "__proto__") problems.push({ path, message: "no user can be called so" });
  }
  if (problems.length > 0) throw firstError(problems, file, []);
  return data!;
}

function usersOf(value: unknown): string[] {
  const users = (value as { basic_auth_users?: unknown } | undefined)?.basic_auth_users;
  return typeof users === "object" && users !== null ? Object.keys(users) : [];
}

function headersOf({ http_server_config: { headers } }: WebSettings): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value.trim() !== ""));
}

function rateLimitOf({ rate_limit: given }: WebSettings): WebConfig["rateLimit"] {
  if (given === undefined || given.interval === 0) return undefined;
  return { intervalMs: given.interval, burst: given.burst };
}
