/** Pushes by OTLP, put together. It is loaded only where they are asked for. */

import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { diag, DiagLogLevel } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { openCredentials } from "../config/credentials.ts";
import { readRegularFile } from "../config/read-file.ts";
import type { OtlpConfig } from "../config/otlp-config.ts";
import type { OwnFamily } from "../exposition/compose.ts";
import type { Log } from "../log.ts";
import type { Credentials } from "../sora/client.ts";
import { VERSION } from "../version.ts";
import type { OtlpEvents } from "./events.ts";
import { loadExporter } from "./exporters.ts";
import { createToFailure, HeaderError, printable } from "./failure.ts";
import { Mask } from "../mask.ts";
import { createProducer, type SnapshotProducer, type Told } from "./producer.ts";
import { createPush } from "./push.ts";
import type { Pushable } from "./target.ts";

/** How often it is logged that the receiver does not take some points. */
const TELL_AGAIN_MS = 600_000;

const NAME = "sora-stats-exporter";

export interface Otlp {
  /**
   * Pushes what is new and ends.
   *
   * @param withinMs what has not gone out by then is given up
   */
  close(withinMs: number): Promise<void>;
  /** For the pushes that take the place of these: what was pushed, and of which configuration. */
  readonly memory: { readonly producer: SnapshotProducer; readonly config: OtlpConfig };
}

export interface OtlpEdges {
  /** Read for each push. */
  readonly targets: readonly Pushable[];
  readonly events: OtlpEvents;
  readonly log: Log;
  /** When adding up began, in milliseconds since the epoch. */
  readonly beganMs: number;
  /** Collects the exporter's own metrics. */
  readonly own: () => Promise<readonly OwnFamily[]>;
}

/**
 * Begins to push.
 *
 * @param before of the pushes that have ended, if there were some: what is told goes on being told where it can
 * @throws Error that names a file that cannot be read
 */
export async function startOtlp(
  config: OtlpConfig,
  port: number,
  edges: OtlpEdges,
  before?: Otlp["memory"],
): Promise<Otlp> {
  const { events, log } = edges;
  const { tls, headers } = openCredentials(
    { headers: config.headers, tls: { ...config.tls, serverName: undefined, skipVerify: false } },
    readRegularFile,
  );
  const mask = new Mask();
  const hide = (text: string) => mask.hide(text);
  countRejected(events, log, hide);
  const createExporter = await loadExporter({
    ...config,
    headers: () => readHeaders(headers, mask),
    tls: { ca: tls.ca?.(), cert: tls.cert?.(), key: tls.key?.() },
  });
  const told: Told = {
    levels: new Set(config.levels),
    own: config.ownMetrics ? edges.own : undefined,
    finite: config.protocol === "http/json",
  };
  const producer =
    before !== undefined && goesOn(before.config, config)
      ? before.producer
      : createProducer({
          get targets() {
            return edges.targets;
          },
          told,
          delta: config.temporality !== "cumulative",
          scope: { name: NAME, version: VERSION },
          processStartMs: Date.now() - process.uptime() * 1000,
          beganMs: edges.beganMs,
          now: () => Date.now(),
        });
  producer.tell(told);
  const push = createPush(
    { maxPoints: config.batchSize, timeoutMs: config.timeoutMs, pushMs: config.pushTimeoutMs },
    {
      create: createExporter,
      toFailure: createToFailure(config.protocol === "grpc" ? "grpc" : "http", hide),
      events,
      log,
      onEnd: (outcome) => producer.end(outcome),
    },
  );
  const reader = new PeriodicExportingMetricReader({
    exporter: push,
    metricProducers: [producer],
    exportIntervalMillis: config.intervalMs,
    // Of a whole push; `Push` ends it by itself before that.
    exportTimeoutMillis: config.intervalMs,
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes(resourceOf(config, port)),
    readers: [reader],
  });
  events.otlpStarted();
  log.info({ url: config.url, protocol: config.protocol, levels: config.levels }, "pushes by OTLP");
  return {
    memory: { producer, config },
    close: (withinMs) => {
      push.endWithin(withinMs);
      return provider.shutdown({ timeoutMillis: withinMs }).catch(() => undefined);
    },
  };
}

/**
 * Whether what was told goes on being told. What was added since the last push is known of what was in it alone, so it must have
 * been as much.
 */
function goesOn(before: OtlpConfig, now: OtlpConfig): boolean {
  const toldBy = ({ levels, ownMetrics }: OtlpConfig) => ({ levels, ownMetrics });
  return (
    before.temporality === now.temporality &&
    (now.temporality === "cumulative" || isDeepStrictEqual(toldBy(before), toldBy(now)))
  );
}

/** @throws HeaderError that names the file that cannot be read */
function readHeaders(headers: Credentials["headers"], mask: Mask): Record<string, string> {
  try {
    const read = Object.entries(headers).map(
      ([name, value]) => [name, typeof value === "string" ? value : value()] as const,
    );
    for (const [, value] of read) mask.learn(value);
    return Object.fromEntries(read);
  } catch (error) {
    throw new HeaderError(error instanceof Error ? error.message : String(error));
  }
}

/** What tells this exporter from others: Prometheus makes `job` and `instance` of it. */
function resourceOf({ resource }: OtlpConfig, port: number): Record<string, string> {
  return {
    "service.name": NAME,
    "service.version": VERSION,
    "service.instance.id": `${hostname()}:${port}`,
    ...resource,
  };
}

/** The only place where the exporters of OpenTelemetry tell of points that were not taken is what they log. */
function countRejected(events: OtlpEvents, log: Log, hide: (text: string) => string): void {
  const nothing = () => {};
  let toldMs = -Infinity;
  const logger = {
    verbose: nothing,
    debug: nothing,
    info: nothing,
    error: nothing,
    warn(message: string, ...details: unknown[]) {
      const text = details.find((one) => typeof one === "string" && one.includes("rejectedDataPoints"));
      if (!/partial success/i.test(message) || text === undefined) return;
      const { rejectedDataPoints, errorMessage } = JSON.parse(text as string) as {
        rejectedDataPoints?: number | string;
        errorMessage?: string;
      };
      const points = Number(rejectedDataPoints);
      if (!(points > 0)) return;
      events.otlpRejected(points);
      if (performance.now() - toldMs < TELL_AGAIN_MS) return;
      toldMs = performance.now();
      log.warn(
        { points, told: printable(hide(errorMessage ?? "")) },
        "the receiver did not take some points of a push by OTLP",
      );
    },
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
