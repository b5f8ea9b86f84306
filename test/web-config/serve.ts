/** A server with a web configuration file, without a Sora. */

import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import { LIMITS, type ListenerLimits } from "../../src/server/listener.ts";
import { addLifecycleRoutes } from "../../src/server/lifecycle-routes.ts";
import { createServer } from "../../src/server/server.ts";
import { openWebConfig } from "../../src/web-config/live.ts";
import { encode } from "../support/encode.ts";
import { until } from "../support/exporter.ts";
import { find, samplesOf } from "../support/parse.ts";
import { directoryOf } from "./support.ts";

export interface ServeOptions {
  /** By their names; `web.yml` is the web configuration file. */
  readonly files?: Readonly<Record<string, string>>;
  /** Called before anything is read. */
  readonly prepare?: (path: Serving["path"]) => void;
  readonly healthWithoutAuth?: boolean;
  readonly limits?: Partial<ListenerLimits>;
  /** Waited for by each scrape. */
  readonly render?: () => Promise<unknown>;
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly log: { level: number; msg: string; [detail: string]: unknown }[];
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  /** The value of one of the exporter's own metrics. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number | undefined>;
  /** Waits until the file was read anew so many times in all, well or not. */
  readonly reads: (count: number) => Promise<void>;
  /** Takes no connections any more, and waits until there are none. */
  readonly close: () => Promise<void>;
}

/** Starts one, which ends with the test. Without files it is one without a web configuration. */
export async function serve({
  files,
  prepare,
  healthWithoutAuth = false,
  limits,
  render = () => Promise.resolve(),
}: ServeOptions = {}): Promise<Serving> {
  const log: Serving["log"] = [];
  const logger = pino(
    { base: null },
    { write: (line) => log.push(JSON.parse(line) as (typeof log)[number]) },
  );
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  const { path, write } = directoryOf(files ?? {});
  prepare?.(path);
  const web = files && (await openWebConfig(path("web.yml"), { log: logger, events: metrics, lookMs: 50 }));
  const server = createServer(
    { telemetryPath: "/metrics", maxRequests: 0, version: "1.2.3", healthWithoutAuth },
    {
      engine: {
        targets: [],
        problem: () => undefined,
        status: () => Promise.resolve(undefined),
        render: async () => {
          await render();
          return { series: new Map(), families: [], release: () => {} };
        },
      },
      metrics,
      log: logger,
      web,
      limits: { ...LIMITS, ...limits },
    },
  );
  addLifecycleRoutes(server, {
    yaml: () => "# The configuration.\n",
    mayReload: () => true,
    reload: () => Promise.resolve({ successful: true, later: [] }),
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    web?.close();
    server.server.closeAllConnections();
    await server.close();
  });
  const { port } = server.server.address() as AddressInfo;
  const about = () => log.filter(({ msg }) => msg.startsWith("the web configuration file"));
  return {
    url: `http${web?.current.tls === undefined ? "" : "s"}://localhost:${port}`,
    port,
    log,
    path,
    write,
    async metric(name, labels = {}) {
      const text = encode(await metrics.collect(new Map()), [], "prometheus-text").toString();
      return find(samplesOf(text, "prometheus-text"), name, labels)?.value;
    },
    close: async () => {
      await server.close();
    },
    reads: (count) => until(() => about().length >= count),
  };
}
