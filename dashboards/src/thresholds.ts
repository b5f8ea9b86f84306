/**
 * Every number of the recording and alerting rules: thresholds, windows, minimums, the objective. Nothing else in
 * `rules/` holds one, so this is the file to change; `npm run docs` then writes `dashboards/rules/*.yaml` anew.
 *
 * Durations are Prometheus' (`30s`, `5m`, `6h`). Windows of rates hold at least four scrapes of up to a minute.
 */

/** Where the runbooks can be read; each alert links to its own section. */
export const RUNBOOK_BASE =
  "https://github.com/sora-stats-exporter/sora-stats-exporter/blob/main/docs/runbooks.md";

export const THRESHOLDS = {
  /** How often the rules are evaluated; the minimums of connection-time are reckoned with it. */
  evaluationInterval: "30s",
  /** Window of rates where an alert says nothing else. */
  rateWindow: "5m",
  /** For how long an alert on quality goes on firing when its condition is gone, so that it does not flap. */
  keepFiringFor: "5m",
  /** Over this time `sora_up`, or `up`, must never have been 1 for Sora, or the exporter, to count as away, not as slow or failing now and then. */
  awayWindow: "2m",

  soraDown: {
    /** Longer than a restart of Sora takes. */
    for: "2m",
  },
  exporterDown: {
    /** Two scrapes of a minute that failed. */
    for: "2m",
    /** For how long it is remembered which jobs and instances are exporters; one that is down is remembered until it is up. */
    memory: "1d",
  },
  exporterFlapping: {
    /** Share of the scrapes that work. */
    share: 0.9,
    window: "15m",
    /** Times that it comes or goes within the window: away, back and away again. One outage is no loop. */
    changes: 3,
    for: "5m",
  },
  exporterGone: {
    /** Longer than a pod takes to be replaced. */
    for: "10m",
    /** For how long a target is missed; one that was taken away on purpose fires this long. */
    memory: "6h",
  },
  statsStale: {
    /** Age of the statistics, in seconds. More than three intervals of polls (`--sora.interval`). */
    ageSeconds: 120,
    for: "1m",
  },
  pollsFailing: {
    /** Share of the polls that fail. */
    share: 0.25,
    window: "10m",
    /** As long as the window: what an outage leaves in the window does not fire after it. */
    for: "10m",
  },
  pollsSlow: {
    /** Seconds that a poll takes on average: half of the default timeout. */
    meanSeconds: 2.5,
    window: "10m",
    /** As long as the window, see `pollsFailing`. */
    for: "10m",
  },
  callsFailing: {
    /** Share of the calls of one operation that fail. */
    share: 0.5,
    /** Six calls of the one that is made least often. */
    window: "30m",
    /** As long as the window, see `pollsFailing`. */
    for: "30m",
  },

  unstableShare: {
    /** Share of the connection-time of the rate window that is unstable (level above 0): ten times the budget. */
    warning: 0.2,
    /** Half of all: hardly the users' own access. */
    critical: 0.5,
    /** Connections that a target must have; below, one person's bad network is a large share. */
    minConnections: 20,
    for: "5m",
  },
  channelUnstable: {
    /** Share of the channel's connection-time that is unstable: all connections, but for moments. */
    share: 0.9,
    /** Connections that the channel must have. */
    minConnections: 3,
    for: "5m",
  },
  /**
   * Share of connection-time that shall be stable (level 0). What remains is the budget. So high that the alerts on it
   * say something beside those on the share: they fire for less that goes on for longer.
   */
  objective: 0.98,
  burnFast: {
    /** How much faster than the objective allows: 2 % of the budget of 30 days in an hour. */
    rate: 14.4,
    longWindow: "1h",
    shortWindow: "5m",
    /** Connections on average over the long window, the time without any included. */
    minConnections: 10,
    for: "2m",
  },
  burnSlow: {
    /** 5 % of the budget of 30 days in six hours. */
    rate: 6,
    longWindow: "6h",
    shortWindow: "30m",
    /** See `burnFast`. */
    minConnections: 10,
    for: "15m",
  },

  nackMisses: {
    /** Share of the retransmission requests that Sora could not answer. */
    share: 0.2,
    /** Requests a second, answered or not, that there must be. */
    minPerSecond: 1,
    for: "10m",
  },
  pliStorm: {
    /** PLI a minute that a channel's connections send, per connection. A join costs one or two, once. */
    perConnectionPerMinute: 6,
    /** PLI a minute that there must be in the channel. */
    minPerMinute: 30,
    for: "5m",
  },
  iceFailures: {
    /** Share of the connections whose ICE went from disconnected to failed within the window. */
    share: 0.05,
    /** Failures within the window; some people close their laptop without saying goodbye. */
    min: 5,
    window: "10m",
  },
  iceChecksLost: {
    /** Share of the ICE checks without an answer. 5 % is some 2 % of the connections without connectivity. */
    warning: 0.05,
    critical: 0.25,
    /** Checks a second that there must be: those of ten connections. */
    minPerSecond: 4,
    for: "5m",
  },
  turnErrors: {
    /** Share of TURN requests refused for good. Half can be refused by right: a stale nonce, and then a new one. */
    share: 0.5,
    /** Refused requests a second that there must be. */
    minPerSecond: 1,
    for: "10m",
  },
  connectionsDropped: {
    /** Share of the connections that left within the rate window. */
    share: 0.5,
    /** Connections that must have left. */
    min: 20,
    /** How many times more than usual; where sessions are short, many leave all the time. */
    timesUsual: 4,
    /** What was usual over this time is the measure, the rate window before now left out. */
    usualWindow: "1h",
    /** For how long a target must have been watched before anything counts as usual: two rate windows. */
    leastHistory: "10m",
    /** Over this time the most connections that there were are the whole. */
    wholeWindow: "10m",
  },
  dataChannelAbandonment: {
    /** Share of the messages that are abandoned, of those sent and abandoned. */
    share: 0.1,
    /** Abandoned messages a second that there must be. */
    minPerSecond: 1,
    for: "10m",
  },

  authWebhookFailing: {
    /** Share of authentication webhooks without a good answer: the requests failed, they were not denied. */
    share: 0.5,
    /** Failures within the rate window that there must be. */
    min: 5,
    for: "2m",
  },
  license: {
    /** Share of the licence's connections that is in use. */
    nearlyUsedUp: 0.9,
    nearlyUsedUpFor: "5m",
    /** All of them: who comes now is refused. */
    usedUp: 1,
    usedUpFor: "2m",
    /** Seconds before the end of the licence: 14 days. */
    expiringSeconds: 1_209_600,
    /** Seconds before the end of the licence: 2 days. */
    expiringCriticalSeconds: 172_800,
  },
  clusterNodeGone: {
    for: "5m",
    /** For how long a node that is no longer in the list is missed; one taken out on purpose fires this long. */
    memory: "1h",
    /** For how long it is remembered of a node that it is temporary. */
    temporaryMemory: "1d",
  },
  seriesDropped: {
    window: "15m",
    for: "5m",
  },
  engineRestarted: {
    window: "15m",
  },
  configReloadFailed: {
    /** Longer than it takes to correct a mistake that one sees at once. */
    for: "5m",
  },
  webCertificate: {
    /** A week: half of what is left of a certificate of 90 days when whoever renews such begins to. */
    expiringSeconds: 604_800,
  },
  scopesMixed: {
    /** Longer than pods take to be replaced, and than going over from one way to the other takes. */
    for: "10m",
  },
  nodeCountedTwice: {
    /** The smaller number of connections by the larger, at least: two exporters do not ask at the same moment. Nodes of different Soras have different numbers. */
    likeness: 0.8,
    /** Over this time the number is averaged. */
    window: "5m",
    /** See `scopesMixed`. */
    for: "10m",
  },
  countedTwice: {
    /** Share of a target's connections that another exporter has too. */
    share: 0.1,
    /** See `scopesMixed`. */
    for: "10m",
  },
} as const;

/** The same with other numbers, for those who want other rules. */
export type Thresholds = Widen<typeof THRESHOLDS>;

type Widen<T> = {
  readonly [K in keyof T]: T[K] extends number ? number : T[K] extends string ? string : Widen<T[K]>;
};

/**
 * The share of connection-time that may be unstable, so many times over.
 *
 * @returns without what a float adds: 0.02 is 1 - 0.98, not 0.020000000000000018
 */
export function budget({ objective }: Pick<Thresholds, "objective">, times = 1): number {
  return Number((times * (1 - objective)).toPrecision(12));
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * Reads a duration such as `30s` or `6h`.
 *
 * @returns seconds
 * @throws Error where it is no whole number with one of the units s, m, h, d
 */
export function toSeconds(duration: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  if (unit === undefined) throw new Error(`${duration} is no duration`);
  return Number(number) * SECONDS[unit as keyof typeof SECONDS];
}
