/** What there is to know of pushes by OTLP. */

import type { Level } from "../snapshot/snapshot.ts";
import type { HeaderConfig, TlsConfig } from "./config.ts";

export const OTLP_PROTOCOLS = ["http/protobuf", "http/json", "grpc"] as const;
export const OTLP_COMPRESSIONS = ["none", "gzip"] as const;
export const OTLP_TEMPORALITIES = ["cumulative", "delta", "lowmemory"] as const;

/** Pushes by OTLP. It is plain data, fit for another thread. */
export interface OtlpConfig {
  /** Over HTTP with its path, over gRPC without one. */
  readonly url: string;
  readonly protocol: (typeof OTLP_PROTOCOLS)[number];
  readonly compression: (typeof OTLP_COMPRESSIONS)[number];
  readonly temporality: (typeof OTLP_TEMPORALITIES)[number];
  /** Of one request, with its retries. */
  readonly timeoutMs: number;
  /** Between pushes. */
  readonly intervalMs: number;
  /** Of all requests of a push; less than the interval. */
  readonly pushTimeoutMs: number;
  /** Whose series are pushed; at least one level. */
  readonly levels: readonly Level[];
  /** How many data points a request has at most. */
  readonly batchSize: number;
  /** Whether the exporter's own metrics go along. */
  readonly ownMetrics: boolean;
  /** By lower-case name. Their values are secrets: never log or show them. */
  readonly headers: Readonly<Record<string, HeaderConfig>>;
  /** Paths of files in PEM. */
  readonly tls: Pick<TlsConfig, "ca" | "cert" | "key">;
  /** Attributes of the resource that the configuration asks for. */
  readonly resource: Readonly<Record<string, string>>;
}
