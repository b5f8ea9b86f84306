/** Comparisons of passwords with hashes, made in another thread. */

import { Worker } from "node:worker_threads";
import { siblingScript } from "../sibling-script.ts";
import type { Compared, Comparison } from "./bcrypt-thread.ts";

/** Compares a password with hashes, with each of them whatever the others are like. */
export type Compare = (password: string, hashes: readonly string[]) => Promise<readonly boolean[]>;

/** A thread that has nothing to do is ended: with good passwords remembered it is seldom needed. */
const IDLE_MS = 10_000;

/** Makes comparisons in a thread that is there only while it is needed; `close` ends it. */
export function createCompare(): { readonly compare: Compare; readonly close: () => Promise<void> } {
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;
  let lastId = 0;
  const waiting = new Map<number, PromiseWithResolvers<readonly boolean[]>>();

  function start(): Worker {
    const started = new Worker(siblingScript("./bcrypt-thread.ts", import.meta.url), { name: "bcrypt" });
    started.unref();
    started.on("message", ({ id, equal }: Compared) => {
      waiting.get(id)?.resolve(equal);
      waiting.delete(id);
      if (waiting.size === 0) idle = setTimeout(() => void end(), IDLE_MS).unref();
    });
    started.on("error", (error) => fail(started, error));
    started.on("exit", () => fail(started, new Error("the thread that compares passwords has ended")));
    return started;
  }

  function fail(failed: Worker, error: unknown): void {
    if (failed !== thread) return;
    thread = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  function end(): Promise<unknown> | undefined {
    const ended = thread;
    thread = undefined;
    return ended?.terminate();
  }

  return {
    compare(password, hashes) {
      if (closed) return Promise.reject(new Error("the exporter ends"));
      clearTimeout(idle);
      thread ??= start();
      const comparison: Comparison = { id: ++lastId, password, hashes };
      const result = Promise.withResolvers<readonly boolean[]>();
      waiting.set(comparison.id, result);
      thread.postMessage(comparison);
      return result.promise;
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      const ended = thread;
      if (ended !== undefined) fail(ended, new Error("the exporter ends"));
      await ended?.terminate();
    },
  };
}
