/** OpenTelemetry's exporters, one for each protocol; only the one that is configured is loaded. */

import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { OtlpConfig } from "../config/otlp-config.ts";
import { http } from "../http.ts";

/** What a configuration says, its secrets read. */
export interface Sending extends Pick<OtlpConfig, "url" | "protocol" | "compression"> {
  /** By lower-case name; read anew for each request. */
  readonly headers: () => Record<string, string>;
  /** In PEM. */
  readonly tls: Readonly<Record<"ca" | "cert" | "key", string | undefined>>;
}

/** An exporter for one request, which is where OpenTelemetry takes the time from that it may have. */
export interface RequestExporter {
  /** It sends the request again where it may, as long as there is time. */
  readonly exporter: PushMetricExporter;
  /** Ends the request where it is open, and keeps it from being sent again. Over gRPC it ends with its time. */
  readonly giveUp: () => void;
  /** To be called when the request has ended. The connection of one that was not delivered is not used again. */
  readonly end: (delivered: boolean) => void;
}

/** @param timeoutMs for the request, with what it is sent again */
export type CreateExporter = (timeoutMs: number) => RequestExporter;

/** Loads the exporter of a protocol. Connections are shared by all requests. */
export async function loadExporter(sending: Sending): Promise<CreateExporter> {
  return sending.protocol === "grpc" ? loadGrpcExporter(sending) : loadHttpExporter(sending);
}

async function loadHttpExporter({
  url,
  protocol,
  compression,
  headers,
  tls,
}: Sending): Promise<CreateExporter> {
  const { OTLPMetricExporter } =
    protocol === "http/json"
      ? await import("@opentelemetry/exporter-metrics-otlp-http")
      : await import("@opentelemetry/exporter-metrics-otlp-proto");
  const { Agent } = url.startsWith("https:") ? await import("node:https") : http;
  const agent = new Agent({ keepAlive: true, ...tls });
  return (timeoutMillis) => {
    let isGivenUp = false;
    const exporter = new OTLPMetricExporter({
      url,
      timeoutMillis,
      compression: compression as never,
      httpAgentOptions: () => agent,
      // It is asked each time that the request is to be sent.
      headers: () =>
        new Promise((resolve) => {
          if (isGivenUp) throw new Error("given up");
          resolve(headers());
        }),
    });
    const giveUp = () => {
      isGivenUp = true;
      // Not one of the errors after which the exporter would try again.
      for (const sockets of Object.values(agent.sockets))
        for (const socket of sockets ?? []) socket.destroy(new Error("given up"));
    };
    return { exporter, giveUp, end: () => {} };
  };
}

async function loadGrpcExporter({ url, compression, headers, tls }: Sending): Promise<CreateExporter> {
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
  const { credentials: kinds, Metadata } = await import("@grpc/grpc-js");
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const credentials = url.startsWith("https:")
    ? kinds.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
    : kinds.createInsecure();
  // As long as an exporter is there, those that are made besides share its connection.
  let last: PushMetricExporter | undefined;
  return (timeoutMillis) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers())) metadata.set(name, value);
    const exporter = new OTLPMetricExporter({
      url,
      metadata,
      timeoutMillis,
      compression: compression as never,
      credentials,
    });
    const end = (delivered: boolean) => {
      void last?.shutdown();
      last = delivered ? exporter : undefined;
      if (!delivered) void exporter.shutdown();
    };
    return { exporter, giveUp: () => {}, end };
  };
}
