/** The configuration that the exporter runs with: every default filled in, every secret looked up. */
import type { ListenAddress } from "./addresses.ts";

/** All of it. */
export interface Config {
  /** The Soras to poll, at least one, with unique names. */
  readonly targets: readonly TargetConfig[];
  readonly web: {
    readonly listenAddress: ListenAddress;
    /** Path of the metrics; starts with `/`. */
    readonly telemetryPath: string;
  };
  readonly log: {
    readonly level: "debug" | "info" | "warn" | "error";
    readonly format: "text" | "json";
  };
}

/** One Sora to poll. */
export interface TargetConfig {
  /** Value of the `target` label. */
  readonly name: string;
  /** URL of the API, as `URL` writes it. */
  readonly url: string;
  /** Whether to ask for this node's connections alone instead of the cluster's. */
  readonly local: boolean;
  readonly intervalMs: number;
  /** At most `intervalMs`. */
  readonly timeoutMs: number;
  readonly bodySizeLimitBytes: number;
  /** Headers to send, by lower-case name. Their values are secrets: never log or show them. */
  readonly headers: Readonly<Record<string, string>>;
}
