/**
 * Puts the configuration together: a flag comes before the environment, the environment before the file, and the file
 * before a default.
 */
import type { z } from "zod";
import type { ChoiceConfig, Config, ReportGroups } from "./config.ts";
import { ConfigError, pathText, reason } from "./errors.ts";
import type { Problem } from "./errors.ts";
import { parseConfigFile } from "./file.ts";
import type { ConfigFile } from "./file.ts";
import { readCommandLine } from "./command-line.ts";
import type { CommandLine, Override } from "./command-line.ts";
import { effectiveYaml } from "./effective.ts";
import { resolveInfo } from "./info.ts";
import { resolveOtlp } from "./otlp.ts";
import { LEVELS } from "../snapshot/snapshot.ts";
import { configSchema } from "./schema.ts";
import type { Settings } from "./schema.ts";
import { besideConfig } from "./secrets.ts";
import { SECRET_KEYS } from "./source.ts";
import { resolveTargets } from "./targets.ts";

/** What the configuration is read from. */
export interface ConfigSources {
  /** Arguments without the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file as UTF-8, or throws. */
  readonly readFile: (path: string) => string;
}

/** What the command line asks to do: the configuration is read only where it is used or checked. */
export type Command =
  | {
      readonly command: "run" | "check";
      readonly config: Config;
      /** The file that would say the same, without its secrets. */
      readonly yaml: string;
    }
  | { readonly command: "version" | "help" };

/**
 * Reads the command line, the environment and the configuration file.
 *
 * @throws ConfigError whose message is one line that names the place of the first mistake
 */
export function loadConfig({ argv, env, readFile }: ConfigSources): Command {
  const line = readCommandLine(argv, env);
  if (line.command === "version" || line.command === "help") return { command: line.command };

  const file = readConfigFile(line.configFile, readFile);
  const value = withoutEmptySections(file.value);
  const { data, error } = configSchema.safeParse(value);
  if (error !== undefined) throw firstError(error.issues.flatMap(problemsOf), file, []);
  refuseUnusedUrl(data.targets.length, file, line.overrides);
  refuseRecordOfSeveral(data.targets.length, file, line.record);

  const given = withOverrides(value as Sections, line.overrides);
  const settings = configSchema.parse(given);
  const problems: Problem[] = [];
  const report = (problem: Problem) => problems.push(problem);
  const secrets = { env, readFile, configPath: file.path };
  const isSet = (section: string, key: string) => given[section]?.[key] !== undefined;
  const targets = resolveTargets(settings, { secrets, isSet, report });
  const info = resolveInfo(settings.metrics, secrets, report);
  const otlp = resolveOtlp(settings.otlp, { secrets, isSet, report });
  if (problems.length > 0) throw firstError(problems, file, line.overrides);
  const { web, log } = settings;
  const config: Config = {
    targets,
    report: reportOf(settings.sora),
    info,
    bounds: {
      cc_round_trip_time: settings.metrics.cc_round_trip_time_buckets,
      cc_target_bitrate: settings.metrics.cc_target_bitrate_buckets,
    },
    choice: choiceOf(settings.metrics),
    levels: LEVELS.filter((level) => settings.metrics.levels.includes(level)),
    web: {
      listenAddress: web.listen_address,
      telemetryPath: web.telemetry_path,
      maxRequests: web.max_requests,
      disableExporterMetrics: web.disable_exporter_metrics,
      configFile: webConfigFile(web.config_file, file, line.overrides),
      healthWithoutAuth: web.health_without_auth,
      enableLifecycle: web.enable_lifecycle,
    },
    log: { level: log.level, format: log.format },
    otlp,
    record: line.record?.path,
  };
  return { command: line.command, config, yaml: effectiveYaml({ given, env, config }) };
}

function reportOf(sora: Settings["sora"]): ReportGroups {
  return {
    client: sora.client_metrics,
    connectionError: sora.connection_error_metrics,
    erlangVm: sora.erlang_vm_metrics,
    cluster: sora.cluster_metrics,
  };
}

function choiceOf(metrics: Settings["metrics"]): ChoiceConfig {
  return {
    include: metrics.include,
    exclude: metrics.exclude,
    includeSections: metrics.include_sections,
    excludeSections: metrics.exclude_sections,
    includeChannels: metrics.include_channels,
    excludeChannels: metrics.exclude_channels,
    zero: metrics.zero,
  };
}

/** Relative to the file that names it; as a flag or a variable says it. */
function webConfigFile(path: string, file: ConfigFile, overrides: readonly Override[]): string | undefined {
  if (path === "") return undefined;
  const overridden = overrides.some(({ key }) => pathText(key) === "web.config_file");
  return overridden ? path : besideConfig(path, file.path);
}

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function readConfigFile(given: CommandLine["configFile"], readFile: (path: string) => string): ConfigFile {
  if (given === undefined) return parseConfigFile("", "");
  let text: string;
  try {
    text = readFile(given.path);
  } catch (error) {
    throw new ConfigError(`${given.origin}: ${reason(error)}`);
  }
  const file = parseConfigFile(text, given.path);
  // One that was cut short while it is written must not remove every target.
  if (file.value === null) throw new ConfigError(`${given.path}: is empty; {} is for nothing but defaults`);
  return file;
}

/** A section whose every key is commented out is no mistake; a list of targets may be one that is still being written. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const isEmpty = (name: string, section: unknown) =>
    section === null && name !== "targets" && Object.hasOwn(configSchema.shape, name);
  return Object.fromEntries(Object.entries(value).filter(([name, section]) => !isEmpty(name, section)));
}

function withOverrides(file: Sections, overrides: readonly Override[]): Sections {
  let merged = file;
  for (const { key, value } of overrides) {
    const [section, name] = key;
    merged = { ...merged, [section]: { ...merged[section], [name]: value } };
  }
  return merged;
}

function refuseUnusedUrl(targets: number, file: ConfigFile, overrides: readonly Override[]): void {
  const url = overrides.find(({ key }) => pathText(key) === "sora.url");
  if (url === undefined || targets === 0) return;
  throw new ConfigError(`${url.origin}: would not be used, ${file.path} lists targets`);
}

function refuseRecordOfSeveral(targets: number, file: ConfigFile, record: CommandLine["record"]): void {
  if (record === undefined || targets < 2) return;
  throw new ConfigError(`${record.origin}: records one target, ${file.path} lists ${targets}`);
}

/** An issue of the schema. Unknown keys are one problem each, not named where they may be secrets. */
function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const { path, message } = issue;
  const mayBeSecret = path.some((key) => SECRET_KEYS.includes(key));
  if (issue.code !== "unrecognized_keys" || mayBeSecret) return [{ path, message }];
  return issue.keys.map((key) => ({ path: [...path, key], message }));
}

/** An error of the problem that comes first: flags and variables, then the file from its top. */
export function firstError(
  problems: readonly Problem[],
  file: ConfigFile,
  overrides: readonly Override[],
): ConfigError {
  const located = problems.map(({ path, message }) => {
    const key = pathText(path);
    const override = overrides.find((candidate) => pathText(candidate.key) === key);
    if (override !== undefined) return { offset: -1, text: `${override.origin}: ${message}` };
    const { offset, line } = file.position(path);
    const subject = path.length === 0 ? "the file " : key === "" ? "" : `${key}: `;
    return { offset, text: `${file.path}:${line}: ${subject}${message}` };
  });
  return new ConfigError(located.reduce((first, next) => (next.offset < first.offset ? next : first)).text);
}
