/** One thread of the engine, seen from the main thread: what is asked of it, what it tells, and its end. */

import { Worker } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import { suspect } from "../end.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import type { Log } from "../log.ts";
import { siblingScript } from "../sibling-script.ts";
import { stackOf } from "../stack-of.ts";
import { deliverEvent } from "./forward.ts";
import type { Reply, Request } from "./messages.ts";
import { createRenderings, type Renderings } from "./renderings.ts";

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

/** As it runs, but for tests. */
export const THREAD: ThreadOptions = {
  script: siblingScript("./thread.ts", import.meta.url),
  answerTimeoutMs: 30_000,
  endMs: 10_000,
  restartMs: 5000,
  pingMs: 5000,
};

/**
 * The time to answer passes in so many steps, of which a pause of the process (SIGSTOP, a frozen virtual machine) or of the main
 * thread costs one at most: the first that is done after it are timers, whatever answers are there.
 */
const STEPS = 10;

type WithoutId<R> = R extends { readonly id: number } ? Omit<R, "id"> : never;

/** A thread that has started. */
export interface EngineThread {
  /** What it was started with. */
  readonly config: Config;
  /** What it has rendered. */
  readonly renderings: Renderings;
  /** @returns undefined where it ends before it answers */
  ask(request: WithoutId<Request>): Promise<Reply | undefined>;
  post(request: Request): void;
  /** For how long what waits longest for an answer has waited, in milliseconds; 0 where nothing waits. */
  waitingMs(): number;
  isAlive(): boolean;
  /** Settles when it has ended. */
  readonly exited: Promise<void>;
  /** Has it end: by itself, or, where it has not done so within some milliseconds, by force. */
  stop(graceMs: number): Promise<void>;
}

export interface ThreadEdges {
  readonly metrics: OwnMetrics;
  readonly log: Log;
  /** Told that a target's first poll of the statistics has been tried, and each after it. */
  readonly onAttempt: (target: string) => void;
  /** Told that it cannot even be ended. */
  readonly onStuck: (error: Error) => void;
}

/**
 * Starts one; it does not poll yet.
 *
 * @throws Error if it ends before it has started, as where `--record` names a file that cannot be written
 */
export async function startThread(
  config: Config,
  { script, answerTimeoutMs, endMs }: ThreadOptions,
  { metrics, log, onAttempt, onStuck }: ThreadEdges,
): Promise<EngineThread> {
  const worker = new Worker(script, { workerData: config, name: "engine" });
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
  });

  function take(reply: Reply): void {
    switch (reply.is) {
      case "event":
        if (reply.event.name === "pollSucceeded" || reply.event.name === "pollFailed")
          onAttempt(reply.event.args[0]);
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
  async function ask(request: WithoutId<Request>): Promise<Reply | undefined> {
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
    const timeout = setTimeout(() => onStuck(new Error("the engine hangs and cannot be ended")), endMs);
    void exited.then(() => clearTimeout(timeout));
  }

  async function stop(graceMs: number): Promise<void> {
    post({ is: "stop" });
    const grace = setTimeout(() => void worker.terminate(), graceMs);
    await exited;
    clearTimeout(grace);
  }

  function waitingMs(): number {
    const [oldest] = pending.values();
    return oldest?.waitedMs ?? 0;
  }

  return { config, renderings, ask, post, waitingMs, isAlive: () => alive, exited, stop };
}
