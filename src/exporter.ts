/** The exporter, put together: targets that are polled, and a server that shows what they said. */

import { lookup } from "node:dns/promises";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Config, TargetConfig } from "./config/config.ts";
import { startEngine } from "./engine/engine.ts";
import type { StatusQuery, TargetStatus } from "./engine/status.ts";
import { createOwnMetrics } from "./exposition/own-metrics.ts";
import { systemClock } from "./poller/clock.ts";
import { createReloads, type ReadConfig, type Reloaded } from "./reload.ts";
import { addLifecycleRoutes } from "./server/lifecycle-routes.ts";
import { createServer } from "./server/server.ts";
import { openWebConfig } from "./web-config/live.ts";

/** A running exporter. */
export interface Exporter {
  /** Where it listens, without a path, such as `http://127.0.0.1:10490`. */
  readonly url: string;
  /** What the targets said last, in a few words. */
  status(): Promise<readonly TargetStatus[]>;
  /** Reads the configuration anew. Never rejects. */
  reload(): Promise<Reloaded>;
  /** Resolves, if ever, when nothing will be polled any more and the exporter had better be started anew. */
  readonly lost: Promise<Error>;
  /** Lets answers under way finish, for `CLOSE_GRACE_MS` at most, then ends polls and pushes. */
  close(): Promise<void>;
}

export interface ExporterEdges {
  readonly log: Logger;
  /** How many lines the log has dropped so far; undefined where it drops none. */
  readonly linesDropped?: () => number;
  /** Version of this package. */
  readonly version: string;
  /** Undefined where the configuration cannot be read anew, or shown. */
  readonly reading?: {
    /** What `ReadConfig.yaml` is of the configuration that is started with. */
    readonly yaml: string;
    /** See `ReloadEdges.read`. */
    readonly read: () => Promise<ReadConfig>;
  };
}

const NO_READING: NonNullable<ExporterEdges["reading"]> = {
  yaml: "",
  read: () => Promise.reject(new Error("this exporter cannot read its configuration anew")),
};

const TARGETS_ALONE: StatusQuery = { text: "", channels: 0, connections: 0 };

/** How long answers under way have to finish. */
const CLOSE_GRACE_MS = 2000;

/**
 * Starts an exporter.
 *
 * @throws Error, with that of Node.js (`EADDRINUSE` and so on) as its cause and the name of the flag if it cannot listen; the error of
 *   Node.js if it cannot record; nothing is left running then
 */
export async function startExporter(
  config: Config,
  { log, linesDropped = () => 0, version, reading = NO_READING }: ExporterEdges,
): Promise<Exporter> {
  const metrics = createOwnMetrics({
    version,
    process: !config.web.disableExporterMetrics,
    now: () => systemClock.now(),
    linesDropped,
  });
  const { configFile } = config.web;
  const web =
    configFile === undefined ? undefined : await openWebConfig(configFile, { log, events: metrics });
  metrics.configRead(true);
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Error>();
  const engine = await startEngine(config, { metrics, log, onLost }).catch((error: unknown) => {
    web?.close();
    throw error;
  });
  const reloads = createReloads(
    { config, yaml: reading.yaml },
    {
      read: reading.read,
      async apply(next) {
        const take = () => engine.reconfigure(next);
        // What may still refuse comes before anything is in force.
        if (web === undefined) await take();
        const problem = await web?.reload(take);
        if (problem !== undefined) throw new Error(problem);
        log.level = next.log.level;
      },
      onEnd: (successful) => metrics.configRead(successful),
      log,
    },
  );
  const server = createServer(
    {
      telemetryPath: config.web.telemetryPath,
      // Read for each scrape.
      get maxRequests() {
        return reloads.running.web.maxRequests;
      },
      healthWithoutAuth: config.web.healthWithoutAuth,
      version,
    },
    { engine, metrics, log, web },
  );
  addLifecycleRoutes(server, {
    yaml: () => reloads.yaml,
    mayReload: () => reloads.running.web.enableLifecycle,
    reload: () => reloads.reload(),
  });
  try {
    await listen(server, config.web.listenAddress);
  } catch (error) {
    web?.close();
    await engine.close();
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}; --web.listen-address=HOST:PORT takes another one, port 0 any that is free`, {
      cause: error,
    });
  }
  engine.poll();
  const scheme = web?.current.tls === undefined ? "http" : "https";
  const url = urlOf(scheme, server.server.address() as AddressInfo);
  log.info(
    { version, targets: config.targets.map(describeTarget) },
    `listening on ${url}${config.web.telemetryPath}`,
  );
  return {
    url,
    lost,
    reload: () => reloads.reload(),
    status: async () => (await engine.status(TARGETS_ALONE))?.targets ?? [],
    async close() {
      web?.close();
      // A reader that has stopped reading, or a request that never ends, must not keep the process.
      const grace = setTimeout(() => server.server.closeAllConnections(), CLOSE_GRACE_MS);
      // The engine renders what they wait for.
      await server.close();
      clearTimeout(grace);
      await engine.close();
    },
  };
}

/**
 * Listens on one address: without a host on that for all, IPv6 and IPv4 or IPv4 alone where the machine has no IPv6. A name
 * is looked up here, as fastify would listen on every address of `localhost` and `close` could not end all of them.
 */
async function listen(
  server: FastifyInstance,
  { host, port }: Config["web"]["listenAddress"],
): Promise<void> {
  if (host !== undefined) {
    await server.listen({ host: (await lookup(host)).address, port });
    return;
  }
  try {
    await server.listen({ host: "::", port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
    await server.listen({ host: "0.0.0.0", port });
  }
}

function urlOf(scheme: string, { address, family, port }: AddressInfo): string {
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** What the log may say of a target: no headers. */
function describeTarget({ name, urls, local, intervalMs, timeoutMs }: TargetConfig) {
  return { name, urls, local, intervalMs, timeoutMs };
}
