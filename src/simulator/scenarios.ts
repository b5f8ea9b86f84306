/**
 * Scenarios: what can go wrong with a Sora, to be rehearsed without one. At any time one is on. Each but `normal` has
 * calm weather and one trouble; what ends by itself is followed by `calm`.
 */

/** The scenarios by name, with what each does. */
export const SCENARIOS = {
  normal: "bursts of trouble in some channels, connections that come and go",
  calm: "no trouble anywhere: every connection is stable",
  "lossy-channel": "one channel at its worst: unstable levels up to 3, lost ICE checks, retransmissions, PLI",
  "lossy-everywhere": "every channel at its worst, as with lossy-channel",
  "ice-failures": "half of the connections lose their network for good: checking, disconnected, failed, gone",
  "data-channel-abandon": "receivers do not keep up: messages of channels that do not insist are abandoned",
  "node-lost": "the last node is out of reach: its address resets, the other nodes miss its connections",
  "mass-reconnect": "all connections leave at once and come back within 20s, or within `for`",
  "connections-dropped": "most connections leave at once and stay away for 10m, or for `for`",
  "turn-storm": "TURN errors by the thousand, and requests to match",
  "sfu-restart": "every node resets calls for 5s, or for `for`; then all counters and connections are new",
  "api-slow": "every answer of the API takes 8s, or `delay`, longer",
  "api-refusing": "every call is refused with NOT-CLUSTER-MAJORITY",
  "license-nearly-used-up": "the licence has hardly a connection left, and ends with this month",
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** A wish for a scenario. Times are milliseconds. */
export interface ScenarioChange {
  scenario: ScenarioName;
  /** For `lossy-channel` alone: which one; by default the first with connections. */
  channelId?: string;
  /** How long until `calm` follows; by default until the next change, for what ends by itself see `SCENARIOS`. */
  forMs?: number;
  /** For `api-slow` alone: how much longer every answer takes. */
  delayMs?: number;
  /** For `license-nearly-used-up` alone: whether `UpdateLicense` finds a licence in the file; by default it does. */
  licenseFile?: LicenseFile;
}

/** What lies in the file of the licence. */
export type LicenseFile = "good" | "broken";

/** A scenario that is on. Times are milliseconds since the epoch. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly sinceMs: number;
  /** From here on it is `calm`; Infinity without an end. */
  readonly untilMs: number;
  /** With `lossy-channel`, the index of the channel. */
  readonly channel?: number;
  /** With `api-slow`, how much longer every answer takes, in milliseconds. */
  readonly delayMs?: number;
  /** With `license-nearly-used-up`, what `UpdateLicense` finds. */
  readonly licenseFile?: LicenseFile;
}

/** What there is for a scenario to happen to. */
export interface Setting {
  /** Channels by index. */
  readonly channels: readonly { readonly channelId: string; readonly connections: number }[];
  readonly nodes: number;
}

/** A scenario that cannot be had, with a message for whoever asked. */
export class ScenarioError extends Error {
  override name = "ScenarioError";
}

const DELAY_MS = 8_000;
/** How long the scenarios take that end by themselves. */
const LENGTH_MS: Partial<Record<ScenarioName, number>> = {
  "mass-reconnect": 20_000,
  "connections-dropped": 600_000,
  "sfu-restart": 5_000,
};

/** Whether there is a scenario of this name. */
export function isScenarioName(name: unknown): name is ScenarioName {
  return typeof name === "string" && Object.hasOwn(SCENARIOS, name);
}

/**
 * Begins a scenario.
 *
 * @param nowMs milliseconds since the epoch
 * @throws ScenarioError where it makes no sense in the setting
 */
export function beginScenario(change: ScenarioChange, setting: Setting, nowMs: number): Scenario {
  const { scenario: name, channelId, forMs = LENGTH_MS[name] ?? Infinity, delayMs, licenseFile } = change;
  if (channelId !== undefined && name !== "lossy-channel") {
    throw new ScenarioError(`channel_id is for lossy-channel alone, not for ${name}`);
  }
  if (delayMs !== undefined && name !== "api-slow") {
    throw new ScenarioError(`delay is for api-slow alone, not for ${name}`);
  }
  if (licenseFile !== undefined && name !== "license-nearly-used-up") {
    throw new ScenarioError(`license_file is for license-nearly-used-up alone, not for ${name}`);
  }
  if (name === "node-lost" && setting.nodes < 2) {
    throw new ScenarioError("node-lost needs several nodes, and there is one (--nodes=2 or more)");
  }
  const scenario = { name, sinceMs: nowMs, untilMs: nowMs + forMs };
  if (name === "lossy-channel") return { ...scenario, channel: chooseChannel(channelId, setting) };
  if (name === "api-slow") return { ...scenario, delayMs: delayMs ?? DELAY_MS };
  if (name === "license-nearly-used-up") return { ...scenario, licenseFile: licenseFile ?? "good" };
  return scenario;
}

function chooseChannel(channelId: string | undefined, { channels }: Setting): number {
  if (channelId === undefined) {
    return Math.max(
      0,
      channels.findIndex(({ connections }) => connections > 0),
    );
  }
  const channel = channels.findIndex((each) => each.channelId === channelId);
  if (channel === -1) throw new ScenarioError(`no channel ${JSON.stringify(channelId)}`);
  return channel;
}

/** The scenario that is on at a time, where the given one was begun before and no other since. */
export function scenarioAt(scenario: Scenario, atMs: number): Scenario {
  if (atMs < scenario.untilMs) return scenario;
  return { name: "calm", sinceMs: scenario.untilMs, untilMs: Infinity };
}

/** The node that the other nodes miss while a scenario is on. */
export function lostNode({ name }: Scenario, nodes: number): number | undefined {
  return name === "node-lost" ? nodes - 1 : undefined;
}

/** Whether calls to a node fail while a scenario is on. */
export function isUnreachable(scenario: Scenario, node: number, nodes: number): boolean {
  return scenario.name === "sfu-restart" || node === lostNode(scenario, nodes);
}
