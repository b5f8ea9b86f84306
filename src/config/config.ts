/**
 * The configuration that the exporter runs with: every default filled in, every secret looked up. It is plain data, as it
 * is sent to another thread.
 */
import type { Level } from "../snapshot/snapshot.ts";
import type { Bounds } from "../sums/observations.ts";
import type { ListenAddress } from "./addresses.ts";
import type { OtlpConfig } from "./otlp-config.ts";

/** All of it. */
export interface Config {
  /** The Soras to poll, at least one, with unique names. */
  readonly targets: readonly TargetConfig[];
  readonly report: ReportGroups;
  readonly info: InfoConfig;
  /** Whose series are exported; at least one level. */
  readonly levels: readonly Level[];
  readonly choice: ChoiceConfig;
  /** Of the histograms of channels and targets. */
  readonly bounds: Bounds;
  readonly web: {
    readonly listenAddress: ListenAddress;
    /** Path of the metrics; starts with `/`. */
    readonly telemetryPath: string;
    /** How many scrapes may be answered at a time; 0 for no limit. */
    readonly maxRequests: number;
    /** Whether to leave out the metrics of the process and of Node.js. */
    readonly disableExporterMetrics: boolean;
    /** Path of the file that says how to serve: TLS, passwords; undefined where there is none. */
    readonly configFile: string | undefined;
    /** Whether the health endpoints are answered whoever asks. */
    readonly healthWithoutAuth: boolean;
  };
  readonly log: {
    readonly level: "debug" | "info" | "warn" | "error";
    readonly format: "text" | "json";
  };
  /** Pushes by OTLP; undefined where there are none. */
  readonly otlp: OtlpConfig | undefined;
  /** File to which each good answer of GetStatsAllConnections is appended; only with one target. */
  readonly record: string | undefined;
}

/**
 * Which series of those levels are exported. Patterns are texts in which `*` stands for any characters; an empty list to
 * include means everything. It is plain data, fit for another thread.
 */
export interface ChoiceConfig {
  /** Patterns of the metrics' full names. */
  readonly include: readonly string[];
  /** As `include`, and before it. */
  readonly exclude: readonly string[];
  /** Sora's sections of a connection. */
  readonly includeSections: readonly string[];
  readonly excludeSections: readonly string[];
  /** Patterns of channel_id. */
  readonly includeChannels: readonly string[];
  readonly excludeChannels: readonly string[];
  /** `omit` leaves out the series of counters that were never above zero. */
  readonly zero: "keep" | "omit";
}

/** How much of one target is taken and exported. It is plain data, fit for another thread. */
export interface Limits {
  readonly seriesPerTarget: number;
  readonly seriesPerMetric: number;
  /** Of one connection. */
  readonly dataChannelLabels: number;
  /** In characters. */
  readonly labelValueLength: number;
  /** Of one answer of Sora's. */
  readonly answerSizeBytes: number;
}

/** How often each call besides GetStatsAllConnections is made, in milliseconds; 0 for never. */
export interface CallIntervals {
  readonly ListConnections: number;
  readonly GetStatsReport: number;
  readonly ListClusterNodes: number;
  readonly GetLicense: number;
  readonly ListStartedRecording: number;
  readonly ListArchiving: number;
}

/** Which of the optional groups of metrics are exported. */
export interface ReportGroups {
  readonly client: boolean;
  readonly connectionError: boolean;
  readonly erlangVm: boolean;
  /** Of GetStatsReport; without it ListClusterNodes is not called either. */
  readonly cluster: boolean;
}

/** Labels that `sora_connection_info` may have besides target, channel_id and connection_id, in this order. */
export const INFO_LABELS = [
  "client_id",
  "bundle_id",
  "session_id",
  "node_name",
  "role",
  "audio_codec",
  "video_codec",
  "simulcast",
  "spotlight",
  "multistream",
] as const;
export type InfoLabel = (typeof INFO_LABELS)[number];

/** What is told of who a connection is. */
export interface InfoConfig {
  /** In the order of `INFO_LABELS`; without `client_id` where that is omitted. */
  readonly labels: readonly InfoLabel[];
  /** Whether client_id is hashed; `key` makes the hash one that cannot be found by trying names. */
  readonly clientIdHash: { readonly key: string | undefined } | undefined;
}

/** One Sora to poll. */
export interface TargetConfig {
  /** Value of the `target` label. */
  readonly name: string;
  /** URLs of the API, as `URL` writes them: the first that answers is used. At least one, all different. */
  readonly urls: readonly string[];
  /** Whether to ask for this node's connections alone instead of the cluster's. */
  readonly local: boolean;
  readonly intervalMs: number;
  /** At most `intervalMs`. */
  readonly timeoutMs: number;
  readonly limits: Limits;
  readonly calls: CallIntervals;
  /** Headers to send, by lower-case name. Their values are secrets: never log or show them. */
  readonly headers: Readonly<Record<string, HeaderConfig>>;
  readonly tls: TlsConfig;
}

/** A header's value, or the file that it is read from anew for each call, as such files are replaced. */
export type HeaderConfig = string | { readonly path: string; readonly scheme: HeaderScheme };

/** How what is in a file becomes a header's value. */
export type HeaderScheme =
  { readonly is: "value" | "bearer" } | { readonly is: "basic"; readonly username: string };

/** TLS towards Sora, or the proxy in front of it: paths of files in PEM, which are read anew as they are replaced. */
export interface TlsConfig {
  /** Undefined for the authorities that Node.js knows. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Name to ask for and to check; undefined for the URL's host. */
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}
