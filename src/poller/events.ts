/** What is told of polls and calls as they end. All of it is plain data: it is told to another thread. */

import type { ConnectionRejection, DropReason, Rejections, ValueRejection } from "../snapshot/rejections.ts";
import type { FailureReason } from "../sora/failure.ts";
import type { Operation } from "../sora/operations.ts";

/** What a good poll brought. */
export interface PollSuccess {
  /** When the answer was there, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** Size of the answer's body. */
  readonly bytes: number;
  /** From the request's start to the snapshot. */
  readonly seconds: number;
  /** Fields that the catalog does not know. */
  readonly unknownFields: number;
  readonly connections: Rejections<ConnectionRejection>;
  readonly values: Rejections<ValueRejection>;
}

/** What a failed poll brought. */
export interface PollFailure {
  readonly reason: FailureReason;
  readonly seconds: number;
}

/** Whose connections are asked for: those of the whole cluster, or of the node that is asked (`local`). */
export type Scope = "cluster" | "node";

/** How a target presents itself. */
export interface TargetView {
  /** Operations that are called. */
  readonly operations: readonly Operation[];
  /** URL that was asked first. */
  readonly url: string;
  /** Whose connections it asks for. */
  readonly scope: Scope;
}

/** Whoever wants to be told. */
export interface PollEvents {
  /** A target is there from now on. */
  addTarget(target: string, view: TargetView): void;
  /** A poll of GetStatsAllConnections, over however many addresses it went. */
  pollSucceeded(target: string, success: PollSuccess): void;
  pollFailed(target: string, failure: PollFailure): void;
  /** A single call that brought data; `timeMs` is when, in milliseconds since the epoch. */
  callSucceeded(target: string, operation: Operation, timeMs: number): void;
  callFailed(target: string, operation: Operation, reason: FailureReason): void;
  /** What a good answer of another call than GetStatsAllConnections had to leave out. */
  valuesRejected(target: string, values: Rejections<ValueRejection>): void;
  /** Series that there would be too many of; each is counted once for each poll that it is left out of. */
  seriesDropped(target: string, series: Rejections<DropReason>): void;
  /** Values of labels in a good answer that were longer than they may be. */
  labelValuesShortened(target: string, n: number): void;
  /** The target's data come from another address now. */
  failedOver(target: string, urls: { from: string; to: string }): void;
}
