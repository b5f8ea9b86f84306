/** OpenTelemetry's exporters, one for each protocol; only the one that is configured is loaded. */

import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { OtlpConfig } from "../config/otlp-config.ts";

/** What a configuration says, its secrets read. */
export interface Sending extends Pick<OtlpConfig, "url" | "protocol" | "compression" | "timeoutMs"> {
  /** By lower-case name; read anew for each request over HTTP, once over gRPC. */
  readonly headers: () => Record<string, string>;
  /** In PEM. */
  readonly tls: Readonly<Record<"ca" | "cert" | "key", string | undefined>>;
}

/** Makes the exporter of a protocol. */
export async function createExporter(sending: Sending): Promise<PushMetricExporter> {
  if (sending.protocol === "grpc") return createGrpcExporter(sending);
  const { ca, cert, key } = sending.tls;
  const { OTLPMetricExporter } =
    sending.protocol === "http/json"
      ? await import("@opentelemetry/exporter-metrics-otlp-http")
      : await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new OTLPMetricExporter({
    url: sending.url,
    headers: () => new Promise((resolve) => resolve(sending.headers())),
    timeoutMillis: sending.timeoutMs,
    compression: sending.compression as never,
    httpAgentOptions: {
      keepAlive: true,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
  });
}

async function createGrpcExporter(sending: Sending): Promise<PushMetricExporter> {
  const { url, compression, timeoutMs, headers, tls } = sending;
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
  const { credentials, Metadata } = await import("@grpc/grpc-js");
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers())) metadata.set(name, value);
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return new OTLPMetricExporter({
    url,
    metadata,
    timeoutMillis: timeoutMs,
    compression: compression as never,
    credentials: url.startsWith("https:")
      ? credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
      : credentials.createInsecure(),
  });
}
