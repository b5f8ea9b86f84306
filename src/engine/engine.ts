/**
 * The engine, seen from the main thread: it polls in a thread of its own, and what it renders is kept here, once for each
 * snapshot and format, for as long as a scrape may want it.
 */

import type { Config } from "../config/config.ts";
import type { Format } from "../exposition/compose.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import type { Log } from "../log.ts";
import { stackOf } from "../stack-of.ts";
import { type EngineThread, startThread, THREAD, type ThreadOptions } from "./handle.ts";
import { FLUSH_MS, type RenderedFamily, type Wanted } from "./messages.ts";
import type { Status, StatusQuery } from "./status.ts";

/** What a scrape shows of the targets. */
export interface Rendering {
  /** Of each target, how many series a scrape of all of them shows. */
  readonly series: ReadonlyMap<string, number>;
  /** Those of each snapshot. */
  readonly families: readonly (readonly RenderedFamily[])[];
  /** To be called when the families are not needed any more; they are gone then. */
  release(): void;
}

export interface Engine {
  readonly targets: readonly EngineTarget[];
  /**
   * Renders what is wanted of what the targets said last; nothing while the thread is being started anew.
   *
   * What cannot be rendered is logged and left out.
   */
  render(wanted: Wanted, format: Format): Promise<Rendering>;
  /** How the targets are; undefined while the thread is being started anew. */
  status(query: StatusQuery): Promise<Status | undefined>;
  /** Polls begin. */
  poll(): void;
  /**
   * Another configuration takes the place of the one until now, with the same `record`. What has not changed goes on; where the
   * thread is being started anew, it begins with it. Calls must not overlap.
   *
   * @throws Error if the thread could not take it; the one until now is in force then
   */
  reconfigure(config: Config): Promise<void>;
  /** Why nothing is polled or rendered now, in a few words; undefined where all is well. */
  problem(): string | undefined;
  /** Gives up polls under way and ends the thread. */
  close(): Promise<void>;
}

export interface EngineTarget {
  readonly name: string;
  /** Whether a first poll of the statistics has been tried. */
  readonly attempted: boolean;
}

export interface EngineEdges {
  readonly metrics: OwnMetrics;
  readonly log: Log;
  /** Told that the thread has ended and cannot be started anew; nothing will be polled any more. */
  readonly onLost?: (error: Error) => void;
  /** What runs in the thread, and how long to wait for it; tests have another. */
  readonly thread?: ThreadOptions;
}

/** It fails to start so often before it is given up. */
const MAX_FAILED_STARTS = 3;

/** For the part of the time to answer that something is taken to be wrong after. */
const LATE = 0.5;

/** How long the thread has to end, besides the time for a last push. */
const CLOSE_GRACE_MS = 2000;

const NOTHING: Rendering = { series: new Map(), families: [], release: () => {} };

/**
 * Starts the engine; it does not poll yet.
 *
 * @throws Error if it cannot start, as where `--record` names a file that cannot be written
 */
export async function startEngine(
  initial: Config,
  { metrics, log, onLost, thread: options = THREAD }: EngineEdges,
): Promise<Engine> {
  const { answerTimeoutMs, restartMs, pingMs } = options;
  const attempted = new Set<string>();
  let config = initial;
  let closing = false;
  let thread = await begin();
  let failedStarts = 0;
  let restart: NodeJS.Timeout | undefined;
  const pings = setInterval(() => void thread.ask({ is: "ping" }), pingMs).unref();

  async function begin(): Promise<EngineThread> {
    const started = await startThread(config, options, {
      metrics,
      log,
      onAttempt: (target) => attempted.add(target),
      onStuck: (error) => onLost?.(error),
    });
    void started.exited.then(() => {
      if (!closing) startAnew();
    });
    return started;
  }

  function startAnew(): void {
    log.error(`the engine has ended; it is started anew in ${restartMs / 1000} s`);
    metrics.engineEnded();
    for (const { name } of config.targets) metrics.pollFailed(name, { reason: "internal", seconds: 0 });
    restart = setTimeout(() => {
      begin().then(
        (started) => {
          failedStarts = 0;
          thread = started;
          started.post({ is: closing ? "stop" : "poll" });
          if (started.config !== config) void started.ask({ is: "reconfigure", config });
        },
        (error: unknown) => {
          log.error({ stack: stackOf(error) }, "the engine cannot start");
          if (closing) return;
          if (++failedStarts < MAX_FAILED_STARTS) startAnew();
          else onLost?.(new Error(`the engine could not be started ${MAX_FAILED_STARTS} times in a row`));
        },
      );
    }, restartMs);
  }

  return {
    get targets() {
      return config.targets.map(({ name }) => ({ name, attempted: attempted.has(name) }));
    },
    async render(wanted, format) {
      // It may be another one when the answer is there.
      const asked = thread;
      const reply = await asked.ask({ is: "list", wanted, format });
      if (reply?.is !== "listed") return NOTHING;
      const { series, serials, live } = reply;
      const taken = await asked.renderings.take(serials, live, format);
      // A part would look like the whole.
      return taken === undefined ? NOTHING : { series, ...taken };
    },
    async status(query) {
      const reply = await thread.ask({ is: "status", query });
      return reply?.is === "status" ? reply.status : undefined;
    },
    poll: () => thread.post({ is: "poll" }),
    async reconfigure(next) {
      const gone = config.targets.filter(({ name }) => next.targets.every((target) => target.name !== name));
      const before = config;
      config = next;
      const reply = await thread.ask({ is: "reconfigure", config });
      if (reply?.is === "failed") {
        config = before;
        throw new Error("the engine could not take it; the log tells more");
      }
      for (const { name } of gone) {
        attempted.delete(name);
        metrics.removeTarget(name);
      }
    },
    problem() {
      if (!thread.isAlive()) return "the engine has ended; it is started anew";
      const waitingMs = thread.waitingMs();
      if (waitingMs <= answerTimeoutMs * LATE) return undefined;
      return `the engine has not answered for ${Math.floor(waitingMs / 1000)} s`;
    },
    async close() {
      closing = true;
      clearTimeout(restart);
      clearInterval(pings);
      await thread.stop(CLOSE_GRACE_MS + (config.otlp === undefined ? 0 : FLUSH_MS));
    },
  };
}
