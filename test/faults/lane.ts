/** One target: a simulated Sora, a proxy before it that does wrong, and what the exporter has to make of that. */

import { createRandom } from "../../src/simulator/prng.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { FAILURE_REASONS } from "../../src/sora/failure.ts";
import type { Operation } from "../../src/sora/operations.ts";
import { until } from "../support/exporter.ts";
import { keysOf, KINDS } from "./kinds.ts";
import { startFaultProxy } from "./proxy.ts";
import type { Scrapes, Seen } from "./scrapes.ts";
import { ALL_OPERATIONS, type Step } from "./schedule.ts";

export interface Lane {
  readonly name: string;
  readonly url: string;
  readonly tls: boolean;
  /** Waits until everything is known for the first time. */
  begin(scrapes: Scrapes): Promise<void>;
  /** Has something go wrong, and checks what the exporter says of it and after it. */
  take(step: Step, scrapes: Scrapes): Promise<void>;
  /** How often something was tried again because the machine was late. */
  readonly late: number;
  close(): Promise<void>;
}

const BYTES = "rtp_received_bytes_total";
/** For two polls, or for what is known to become stale, on a machine that has much else to do. */
const PATIENCE_MS = 60_000;
/** A fault is tried so often where the machine is late; what is a mistake is one each time. */
const TRIES = 5;

/** What only says that the machine has so much else to do that a good answer came too late. */
export class Late extends Error {
  override readonly name = "Late";
}

export interface LaneOptions {
  readonly name: string;
  readonly seed: number;
  readonly tls: boolean;
  /** See `Exchange.elsewhere`. */
  readonly elsewhere: string;
}

/** Starts a target; its world moves only while something goes wrong. */
export async function startLane({ name, seed, tls, elsewhere }: LaneOptions): Promise<Lane> {
  let nowMs = Date.UTC(2026, 0, 1);
  const world = { seed, channels: 2, connections: 4, nodes: 1, form: "2024", startMs: nowMs } as const;
  const simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => nowMs });
  const move = (seconds: number) => simulator.world.advanceTo((nowMs += seconds * 1000));
  move(60);
  const proxy = await startFaultProxy({
    upstream: simulator.url,
    tls: tls ? keysOf("server") : undefined,
    elsewhere,
    random: createRandom(seed, 2, 0),
  });
  /** Bytes of each connection when the exporter saw it last, and what they have grown by since it saw any. */
  const seen = new Map<string, number>();
  let grown = 0;

  function look(): Map<string, number> {
    const members = simulator.world.members();
    return new Map(
      members.map((one) => [one.plan.connectionId, one.sections.rtp.total_received_rtp_byte_size]),
    );
  }

  async function waitFor(scrapes: Scrapes, holds: (now: Seen) => boolean, what: string): Promise<Seen> {
    let now: Seen | undefined;
    await until(async () => holds((now = (await scrapes.fresh()).targets.get(name)!)), PATIENCE_MS).catch(
      (error: unknown) => {
        if (!String(error).includes("not within")) throw error;
        const own = ALL_OPERATIONS.map((one) => `${one} ${now === undefined ? "?" : failuresOf(now, one)}`);
        throw new Error(`never: ${what}; failures so far: ${own.join("; ")}`);
      },
    );
    return now!;
  }

  const failures = (view: Seen, operation: Operation, reason?: string) =>
    view.own("sora_exporter_call_failures_total", { operation, ...(reason && { reason }) });
  const works = (view: Seen) =>
    ALL_OPERATIONS.every((operation) => view.own("sora_exporter_call_success", { operation }) === 1);
  const good = (view: Seen, operation: Operation) =>
    view.own("sora_exporter_calls_total", { operation }) - failures(view, operation);

  /** Everything that the simulator knows is shown, as it is. */
  function mustBeTrue({ series, own }: Seen): void {
    for (const operation of ALL_OPERATIONS) {
      const success = own("sora_exporter_call_success", { operation });
      if (success !== 1) throw new Error(`${operation} has not recovered`);
    }
    if (own("sora_up") !== 1) throw new Error("sora_up is not 1");
    const truth = look();
    for (const [id, bytes] of truth) grown += bytes - (seen.get(id) ?? 0);
    for (const [id, bytes] of truth) seen.set(id, bytes);
    const shown = new Map<string, number>();
    let sum: number | undefined;
    for (const [key, { value }] of series) {
      if (key.startsWith(`sora_connection_${BYTES}{`))
        shown.set(/"connection_id":"(\w+)"/.exec(key)![1]!, value);
      if (key.startsWith(`sora_target_${BYTES}{`)) sum = value;
    }
    const text = (map: Map<string, number>) => JSON.stringify([...map].sort());
    if (text(shown) !== text(truth))
      throw new Error(`connections are ${text(truth)}, and shown are ${text(shown)}`);
    if (sum !== grown) throw new Error(`the sum is ${sum}, and ${grown} is true`);
  }

  async function attempt(
    { kind, operations, long }: Step,
    scrapes: Scrapes,
    moveOn: () => void,
  ): Promise<void> {
    const { fault, reason: plainly, reasonOverTls } = KINDS[kind]!;
    const reason = (tls ? reasonOverTls : undefined) ?? plainly;
    const before = await waitFor(scrapes, works, "everything works before it is hurt");
    await proxy.inject(fault.at === "request" ? { ...fault, operations } : fault);
    moveOn();
    const met = (view: Seen) =>
      operations.every((one) =>
        reason === undefined
          ? good(view, one) >= good(before, one) + 2
          : failures(view, one, reason) > failures(before, one, reason),
      );
    let during = await waitFor(scrapes, met, `${operations.join()} ${reason ?? "good"}`);
    if (long && reason !== undefined) {
      const gone = ({ series }: Seen) =>
        [...series.values()].every(({ from }) => !from.every((one) => operations.includes(one)));
      during = await waitFor(scrapes, gone, "what was known before is stale");
    }
    for (const operation of ALL_OPERATIONS) {
      const hurt = operations.includes(operation);
      for (const one of Object.keys(FAILURE_REASONS)) {
        const more = failures(during, operation, one) - failures(before, operation, one);
        // What is no fault of requests also ends the calls that are under way.
        const expected =
          one === reason ||
          (one === "connect" && fault.at !== "request") ||
          (one === "timeout" && reason !== undefined);
        if (more > 0 && !(hurt && expected)) {
          const problem = `${operation} fails for ${one}`;
          throw one === "timeout" ? new Late(problem) : new Error(problem);
        }
      }
    }
    if (reason !== undefined) mustBeUnchanged(before, during, operations);

    await proxy.inject(undefined);
    const end = (await scrapes.fresh()).targets.get(name)!;
    // One call may have been under way.
    const over = (view: Seen) =>
      operations.every(
        (one) => good(view, one) > good(during, one) || failures(view, one) > failures(end, one) + 1,
      );
    const after = await waitFor(scrapes, over, "recovery");
    for (const operation of ALL_OPERATIONS) {
      const late = failures(after, operation, "timeout") - failures(end, operation, "timeout");
      const failed = failures(after, operation) - failures(end, operation);
      const problem = `${operation} has failed ${failed} times since the end of the fault`;
      if (late > 0 && (failed > 1 || after.own("sora_exporter_call_success", { operation }) !== 1))
        throw new Late(problem);
      if (failed > 1) throw new Error(problem);
    }
    mustBeTrue(after);
  }

  let late = 0;

  return {
    name,
    tls,
    url: proxy.url,
    async begin(scrapes) {
      for (const [id, bytes] of look()) seen.set(id, bytes);
      mustBeTrue(await waitFor(scrapes, works, "a good answer to every call"));
    },
    get late() {
      return late;
    },
    async take(step, scrapes) {
      let seconds = step.worldSeconds;
      for (let left = TRIES - 1; ; left--) {
        try {
          // Once only, or it would not be clear what the exporter has seen in between.
          await attempt(step, scrapes, () => move(seconds));
          return;
        } catch (error) {
          if (!(error instanceof Late) || left === 0) throw error;
          seconds = 0;
          late++;
        } finally {
          await proxy.inject(undefined);
        }
      }
    },
    async close() {
      await Promise.all([proxy.close(), simulator.close()]);
    },
  };
}

const HISTOGRAM = /_cc_\w+_(bucket|sum|count)\{/;

function failuresOf(view: Seen, operation: Operation): string {
  return Object.keys(FAILURE_REASONS)
    .map((reason) => [reason, view.own("sora_exporter_call_failures_total", { operation, reason })] as const)
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => `${reason} ${n}`)
    .join(" ");
}

/** What a call said stays as it is while it fails, or goes: it is not zero, and not made up. */
function mustBeUnchanged(before: Seen, during: Seen, operations: readonly Operation[]): void {
  for (const [key, { value, from }] of during.series) {
    if (!from.every((one) => operations.includes(one))) continue;
    const was = before.series.get(key)?.value;
    // A poll that was under way before can have observed something; it has not fallen, that is seen to elsewhere.
    // Where one of two calls is stale before the other, what both tell is told by one.
    if (from.length > 1 && was === undefined && value > 0) continue;
    if (HISTOGRAM.test(key) && was !== undefined) continue;
    if (!Object.is(value, was))
      throw new Error(`${key} was ${was}, and is ${value} while ${from.join()} fails`);
  }
}
