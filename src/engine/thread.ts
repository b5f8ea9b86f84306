/**
 * The engine's thread: everything that has to do with Sora's answers happens here, so that the main thread is free to
 * answer at any time.
 */

import { isDeepStrictEqual } from "node:util";
import { setFlagsFromString } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import type { Format, OwnFamily } from "../exposition/compose.ts";
import { systemClock } from "../poller/clock.ts";
import type { PollEvents } from "../poller/events.ts";
import type { Target } from "../poller/target.ts";
import { createRecorder } from "../recorder.ts";
import { selectLevels, seriesOf, type Snapshot } from "../snapshot/snapshot.ts";
import { stackOf } from "../stack-of.ts";
import { createFleet } from "./fleet.ts";
import { forwardEvents, forwardLog } from "./forward.ts";
import type { Reply, Request, Wanted } from "./messages.ts";
import { createPushes } from "./pushes.ts";
import { renderSnapshot } from "./render.ts";
import { statusOf } from "../status/status.ts";

if (parentPort === null) throw new Error("not a thread");
const port = parentPort;
let config = workerData as Config;

const log = forwardLog(post);
/** The size of an answer from which on speed counts more than little memory: some 300 connections. */
const LARGE_BYTES = 4_000_000;
const events = forwardEvents(post);
const metrics: PollEvents = {
  ...events,
  pollSucceeded(target, poll) {
    // What main.ts saves for an exporter of few connections would cost much time with many.
    if (poll.bytes > LARGE_BYTES) setFlagsFromString("--no-optimize-for-size");
    events.pollSucceeded(target, poll);
  },
};
const record = config.record === undefined ? undefined : await createRecorder(config.record, log);
const fleet = createFleet(config, {
  clock: systemClock,
  metrics,
  logOf: (target) => forwardLog(post, { target }),
  record,
});
const pushes = createPushes({ targets: () => fleet.targets, events, log, own, beganMs: systemClock.now() });

/** Snapshots are named by numbers towards the main thread, which keeps what is made of them. */
const serials = new WeakMap<Snapshot, number>();
let lastSerial = 0;
/** In which formats a snapshot was rendered. It is never rendered again, as the main thread has that. */
const renderedIn = new WeakMap<Snapshot, Set<Format>>();

/** What is large does not keep what is small waiting; of either kind one is rendered at a time, as each takes memory. */
const queues = { large: Promise.resolve(), small: Promise.resolve() };
const LARGE_SERIES = 100_000;

const stop = Promise.withResolvers<unknown>();
port.on("message", (request: Request) => {
  try {
    answer(request);
  } catch (error) {
    if ("id" in request) post({ is: "failed", id: request.id, problem: stackOf(error) });
  }
});
/** Whoever waits for the exporter's own metrics. */
const owns = new Map<number, (families: readonly OwnFamily[]) => void>();
let lastOwn = 0;
post({ is: "started" });
await stop.promise;
await fleet.close();
await pushes.close();
// Of this thread alone. What a library still waits for, such as to push again, keeps nobody.
process.exit();

function answer(request: Request): void {
  switch (request.is) {
    case "list":
      list(request.id, request.wanted, request.format);
      break;
    case "status":
      post({
        is: "status",
        id: request.id,
        status: statusOf(
          fleet.targets.map((target) => target.watched()),
          request.query,
          systemClock.now(),
        ),
      });
      break;
    case "own":
      owns.get(request.id)?.(request.families);
      owns.delete(request.id);
      break;
    case "ping":
      post({ is: "pong", id: request.id });
      break;
    case "poll":
      fleet.poll();
      void pushes.start(config);
      break;
    case "reconfigure":
      reconfigure(request.config).then(
        () => post({ is: "reconfigured", id: request.id }),
        (error: unknown) => post({ is: "failed", id: request.id, problem: stackOf(error) }),
      );
      break;
    case "stop":
      stop.resolve(undefined);
  }
}

async function reconfigure(next: Config): Promise<void> {
  const samePushes = isDeepStrictEqual(config.otlp, next.otlp);
  await fleet.reconfigure(next);
  config = next;
  if (!samePushes) await pushes.start(next);
}

/** The exporter's own metrics, which the main thread has. */
function own(): Promise<readonly OwnFamily[]> {
  const id = ++lastOwn;
  const series = new Map(fleet.targets.map((target) => [target.name, seriesOf(snapshotsOf(target))]));
  return new Promise((resolve) => {
    owns.set(id, resolve);
    post({ is: "own", id, series });
  });
}

/** What scrapes show of a target; what goes wrong with one costs the others nothing. */
function snapshotsOf(target: Target, groups?: Wanted["groups"]): readonly Snapshot[] {
  try {
    return shownOf(target.snapshots(groups));
  } catch (error) {
    forwardLog(post, { target: target.name }).error(
      { stack: stackOf(error) },
      "the target could not be listed",
    );
    return [];
  }
}

/** What scrapes show. */
function shownOf(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return selectLevels(snapshots, new Set(config.levels));
}

function list(id: number, wanted: Wanted, format: Format): void {
  const { targets } = fleet;
  const shown = targets.map((target) => ({ name: target.name, all: snapshotsOf(target) }));
  const listed = targets.flatMap((target, i) => {
    if (wanted.target !== undefined && wanted.target !== target.name) return [];
    const ofGroups = wanted.groups === undefined ? shown[i]!.all : snapshotsOf(target, wanted.groups);
    return wanted.levels === undefined ? ofGroups : selectLevels(ofGroups, wanted.levels);
  });
  post({
    is: "listed",
    id,
    series: new Map(shown.map(({ name, all }) => [name, seriesOf(all)])),
    serials: listed.map(serialOf),
    live: new Set(shown.flatMap(({ all }) => all.map(serialOf))),
  });
  for (const snapshot of listed) enqueue(snapshot, format);
}

function enqueue(snapshot: Snapshot, format: Format): void {
  const formats = renderedIn.get(snapshot) ?? new Set();
  if (formats.has(format)) return;
  renderedIn.set(snapshot, formats.add(format));
  const size = snapshot.series > LARGE_SERIES ? "large" : "small";
  queues[size] = queues[size].then(() => render(snapshot, format));
}

async function render(snapshot: Snapshot, format: Format): Promise<void> {
  const head = { is: "rendered", serial: serialOf(snapshot), format } as const;
  try {
    const families = await renderSnapshot(snapshot, format);
    post(
      { ...head, families },
      families.flatMap(({ parts }) => parts.map(({ bytes }) => bytes.buffer)),
    );
  } catch (error) {
    post({ ...head, families: { problem: stackOf(error) } });
  }
}

function serialOf(snapshot: Snapshot): number {
  let serial = serials.get(snapshot);
  if (serial === undefined) serials.set(snapshot, (serial = ++lastSerial));
  return serial;
}

function post(reply: Reply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(reply, transfer);
}
