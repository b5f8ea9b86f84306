/** What the main thread and the engine's thread say to each other. */

import type { Config } from "../config/config.ts";
import type { Part } from "../exposition/gzip.ts";
import type { Format, OwnFamily, WrittenFamily } from "../exposition/compose.ts";
import type { OtlpEvents } from "../otlp/events.ts";
import type { PollEvents } from "../poller/events.ts";
import type { Group } from "../poller/groups.ts";
import type { Level } from "../snapshot/snapshot.ts";
import type { Status, StatusQuery } from "./status.ts";

/** How long the last push by OTLP may take when the exporter ends, in milliseconds. */
export const FLUSH_MS = 3000;

/** What of all targets' series is wanted; undefined for all of them. */
export interface Wanted {
  readonly target?: string;
  readonly levels?: ReadonlySet<Level>;
  readonly groups?: ReadonlySet<Group>;
}

/** One metric of one snapshot: its lines, compressed. */
export interface RenderedFamily extends WrittenFamily<Part> {
  readonly parts: readonly Part[];
}

/** To the engine. */
export type Request =
  | { readonly is: "list"; readonly id: number; readonly wanted: Wanted; readonly format: Format }
  | { readonly is: "status"; readonly id: number; readonly query: StatusQuery }
  /** The answer to `own`. */
  | { readonly is: "own"; readonly id: number; readonly families: readonly OwnFamily[] }
  /** Does it answer? */
  | { readonly is: "ping"; readonly id: number }
  /** Polls begin. */
  | { readonly is: "poll" }
  /** Another configuration, in place of the one until now. */
  | { readonly is: "reconfigure"; readonly id: number; readonly config: Config }
  | { readonly is: "stop" };

/** What the engine tells of as it ends. */
export interface EngineEvents extends PollEvents, OtlpEvents {}

/** A call of one of `EngineEvents`. */
export type EngineEvent = {
  [Name in keyof EngineEvents]: { readonly name: Name; readonly args: Parameters<EngineEvents[Name]> };
}[keyof EngineEvents];

/** From the engine. */
export type Reply =
  /** Everything is there that polls need. */
  | { readonly is: "started" }
  | { readonly is: "event"; readonly event: EngineEvent }
  | {
      readonly is: "log";
      readonly level: "info" | "warn" | "error";
      readonly details: object;
      readonly message: string;
    }
  /** What is wanted, snapshot by snapshot. Those that have not been sent in this format yet follow as `rendered`. */
  | {
      readonly is: "listed";
      readonly id: number;
      /** Of each target that is wanted, how many series all its snapshots have. */
      readonly series: ReadonlyMap<string, number>;
      readonly serials: readonly number[];
      /** All snapshots that may be listed again. */
      readonly live: ReadonlySet<number>;
    }
  | {
      readonly is: "rendered";
      readonly serial: number;
      readonly format: Format;
      /** With `problem`, why it could not be rendered. */
      readonly families: readonly RenderedFamily[] | { readonly problem: string };
    }
  | { readonly is: "status"; readonly id: number; readonly status: Status }
  /** The answer to `ping`. */
  | { readonly is: "pong"; readonly id: number }
  /** Everything is as the configuration says. */
  | { readonly is: "reconfigured"; readonly id: number }
  /** The exporter's own metrics are wanted; `series` as for `OwnMetrics.collect`. */
  | { readonly is: "own"; readonly id: number; readonly series: ReadonlyMap<string, number> }
  /** A request went wrong. */
  | { readonly is: "failed"; readonly id: number; readonly problem: string };
