/** The targets to poll: those of the file or the one of `sora`, and the rules between their keys. */
import type { CallIntervals, TargetConfig } from "./config.ts";
import type { Problem } from "./errors.ts";
import { pathText, quote } from "./errors.ts";
import { resolveHeaders } from "./headers.ts";
import type { SecretSources } from "./secrets.ts";
import type { Settings } from "./schema.ts";
import type { TargetSettings } from "./target-schema.ts";
import { resolveLimits } from "./limits.ts";
import { resolveTls } from "./tls.ts";
import { formatDuration } from "./units.ts";

/** What resolving targets needs beside the settings. */
export interface TargetContext {
  readonly secrets: SecretSources;
  /** Whether somebody set a key of a section; the defaults of some give way to others. */
  readonly isSet: (section: string, key: string) => boolean;
  readonly report: (problem: Problem) => void;
}

/** The targets with what they inherit from `sora` filled in. */
export function resolveTargets(settings: Settings, context: TargetContext): TargetConfig[] {
  if (settings.targets.length === 0) {
    return [resolveTarget({ url: settings.sora.url }, ["sora"], settings, context)];
  }
  const targets = settings.targets.map((target, i) =>
    resolveTarget(target, ["targets", i], settings, context),
  );
  reportSharedNames(targets, settings.targets, context);
  return targets;
}

function resolveTarget(
  given: TargetSettings,
  path: readonly PropertyKey[],
  settings: Settings,
  context: TargetContext,
): TargetConfig {
  const { secrets, report } = context;
  const { sora } = settings;
  const times = resolveTimes(given, path, sora, context);
  // The schema sees to it that there is one of the two.
  const urls = given.urls ?? [given.url!];
  return {
    name: given.name ?? hostAndPort(urls[0]!),
    urls,
    local: given.local ?? sora.local,
    ...times,
    calls: resolveCalls(settings.calls, times.intervalMs, context),
    limits: resolveLimits(given.limits ?? {}, settings.limits),
    headers: resolveHeaders(given, path, secrets, report),
    tls: resolveTls(given.tls ?? {}, [...path, "tls"], sora.skip_ssl_verify, secrets, report),
  };
}

function resolveTimes(
  given: TargetSettings,
  path: readonly PropertyKey[],
  sora: Settings["sora"],
  context: TargetContext,
): { intervalMs: number; timeoutMs: number } {
  const intervalMs = given.interval ?? sora.interval;
  if (given.timeout === undefined && !context.isSet("sora", "timeout")) {
    return { intervalMs, timeoutMs: Math.min(sora.timeout, intervalMs) };
  }
  const timeoutMs = given.timeout ?? sora.timeout;
  if (timeoutMs > intervalMs) {
    const intervalPath = given.interval === undefined ? ["sora", "interval"] : [...path, "interval"];
    context.report({
      path: given.timeout === undefined ? ["sora", "timeout"] : [...path, "timeout"],
      message: `${formatDuration(timeoutMs)} is longer than ${pathText(intervalPath)}, ${formatDuration(intervalMs)}`,
    });
  }
  return { intervalMs, timeoutMs };
}

/** Unless somebody asks for it, no call is made more often than that for the statistics. */
function resolveCalls(calls: Settings["calls"], intervalMs: number, { isSet }: TargetContext): CallIntervals {
  const every = (key: keyof Settings["calls"]) =>
    isSet("calls", key) ? calls[key] : Math.max(calls[key], intervalMs);
  return {
    ListConnections: every("list_connections"),
    GetStatsReport: every("get_stats_report"),
    ListClusterNodes: every("list_cluster_nodes"),
    GetLicense: every("get_license"),
    ListStartedRecording: every("list_started_recording"),
    ListArchiving: every("list_archiving"),
  };
}

function reportSharedNames(
  targets: readonly TargetConfig[],
  given: readonly TargetSettings[],
  context: TargetContext,
): void {
  for (const [i, { name }] of targets.entries()) {
    const first = targets.findIndex((target) => target.name === name);
    if (first === i) continue;
    const { name: ownName, urls } = given[i]!;
    const key = ownName !== undefined ? "name" : urls === undefined ? "url" : "urls";
    context.report({
      path: ["targets", i, key],
      message: `the name ${quote(name)} is already that of targets[${first}]; give each its own name`,
    });
  }
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`;
}
