/**
 * The engine, seen from the main thread: it polls in a thread of its own, and what it renders is kept here, once for each
 * snapshot and format, for as long as a scrape may want it.
 */

import { Worker } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import type { Format } from "../exposition/compose.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import { suspect } from "../end.ts";
import type { Log } from "../log.ts";
import { siblingScript } from "../sibling-script.ts";
import { deliverEvent } from "./forward.ts";
import { FLUSH_MS, type RenderedFamily, type Reply, type Request, type Wanted } from "./messages.ts";
import { createRenderings } from "./renderings.ts";
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

export interface ThreadOptions {
  readonly script: URL;
  /** It answers within milliseconds; where it has not done so for this long it never will, and is ended. */
  readonly answerTimeoutMs: number;
  /** Where it is not gone so long after it is ended, it hangs in the system and never will be. */
  readonly endMs: number;
  /** Before it is started anew where it ended by itself. */
  readonly restartMs: number;
  /** How often it is asked whether it still answers, be there scrapes or not. */
  readonly pingMs: number;
}

const THREAD: ThreadOptions = {
  script: siblingScript("./thread.ts", import.meta.url),
  answerTimeoutMs: 30_000,
  endMs: 10_000,
  restartMs: 5000,
  pingMs: 5000,
};

/** It fails to start so often before it is given up. */
const MAX_FAILED_STARTS = 3;

/**
 * The time to answer passes in so many steps, of which a pause of the process (SIGSTOP, a frozen virtual machine) or of the main
 * thread costs one at most: the first that is done after it are timers, whatever answers are there.
 */
const STEPS = 10;

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
  const { script, answerTimeoutMs, endMs, restartMs, pingMs } = options;
  const attempted = new Set<string>();
  let config = initial;
  let thread = await startThread();
  let closing = false;
  let failedStarts = 0;
  let restart: NodeJS.Timeout | undefined;
  const pings = setInterval(() => void thread.ask({ is: "ping" }), pingMs).unref();

  async function startThread() {
    const startedWith = config;
    const worker = new Worker(script, { workerData: startedWith, name: "engine" });
    // Also while nobody knows that it hangs.
    suspect(worker);
    const renderings = createRenderings((problem) => log.error({ stack: problem }, "not rendered"));
    /** By id, oldest first. */
    const pending = new Map<
      number,
      { readonly settle: (reply: Reply | undefined) => void; waitedMs: number }
    >();
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      worker.once("error", reject);
      void exited.then(() => reject(new Error("the engine has ended before it began")));
      worker.on("message", (reply: Reply) => {
        if (reply.is === "started") {
          worker.off("error", reject);
          resolve();
        } else take(reply);
      });
    });
    worker.on("error", (error) => log.error({ stack: stackOf(error) }, "the engine has failed"));
    let alive = true;
    void exited.then(() => {
      alive = false;
      renderings.clear();
      for (const { settle } of pending.values()) settle(undefined);
      pending.clear();
      if (!closing) startAnew();
    });

    function take(reply: Reply): void {
      switch (reply.is) {
        case "event":
          if (reply.event.name === "pollSucceeded" || reply.event.name === "pollFailed")
            attempted.add(reply.event.args[0]);
          deliverEvent(reply.event, metrics);
          break;
        case "log":
          log[reply.level](reply.details, reply.message);
          break;
        case "own":
          metrics.collect(reply.series).then(
            (families) => post({ is: "own", id: reply.id, families }),
            (error: unknown) => {
              log.error({ stack: stackOf(error) }, "the exporter's own metrics could not be collected");
              post({ is: "own", id: reply.id, families: [] });
            },
          );
          break;
        case "rendered":
          renderings.add(reply.serial, reply.format, reply.families);
          break;
        case "listed":
        case "status":
        case "pong":
        case "reconfigured":
        case "failed":
          if (reply.is === "failed") log.error({ stack: reply.problem }, "the engine could not answer");
          pending.get(reply.id)?.settle(reply);
          pending.delete(reply.id);
      }
    }

    const post = (request: Request) => worker.postMessage(request);
    let lastId = 0;
    /** @returns undefined where the thread ends before it answers */
    async function ask(request: RequestWithoutId): Promise<Reply | undefined> {
      if (!alive) return undefined;
      const id = ++lastId;
      const { promise: answered, resolve: settle } = Promise.withResolvers<Reply | undefined>();
      const waiting = { settle, waitedMs: 0 };
      pending.set(id, waiting);
      const steps = setInterval(() => {
        waiting.waitedMs += answerTimeoutMs / STEPS;
        if (waiting.waitedMs >= answerTimeoutMs) end(request.is);
      }, answerTimeoutMs / STEPS);
      post({ ...request, id });
      const reply = await answered;
      clearInterval(steps);
      return reply;
    }

    let ending = false;
    function end(unanswered: Request["is"]): void {
      if (ending) return;
      ending = true;
      log.error(
        `the engine has not answered a request (${unanswered}) for ${answerTimeoutMs / 1000} s, and is ended`,
      );
      void worker.terminate();
      const timeout = setTimeout(() => onLost?.(new Error("the engine hangs and cannot be ended")), endMs);
      void exited.then(() => clearTimeout(timeout));
    }

    /** For how long the one has waited that has waited longest. */
    function waitingMs(): number {
      const [oldest] = pending.values();
      return oldest?.waitedMs ?? 0;
    }

    return { worker, exited, renderings, ask, post, waitingMs, isAlive: () => alive, startedWith };
  }

  function startAnew(): void {
    log.error(`the engine has ended; it is started anew in ${restartMs / 1000} s`);
    metrics.engineEnded();
    for (const { name } of config.targets) metrics.pollFailed(name, { reason: "internal", seconds: 0 });
    restart = setTimeout(() => {
      startThread().then(
        (started) => {
          failedStarts = 0;
          thread = started;
          started.post({ is: closing ? "stop" : "poll" });
          if (started.startedWith !== config) void started.ask({ is: "reconfigure", config });
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
      const { ask, renderings } = thread;
      const reply = await ask({ is: "list", wanted, format });
      if (reply?.is !== "listed") return NOTHING;
      const { series, serials, live } = reply;
      const taken = await renderings.take(serials, live, format);
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
      const { worker, exited, post } = thread;
      post({ is: "stop" });
      const graceMs = CLOSE_GRACE_MS + (config.otlp === undefined ? 0 : FLUSH_MS);
      const grace = setTimeout(() => void worker.terminate(), graceMs);
      await exited;
      clearTimeout(grace);
    },
  };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : String(error);
}

type WithoutId<R> = R extends { readonly id: number } ? Omit<R, "id"> : never;
type RequestWithoutId = WithoutId<Request>;
