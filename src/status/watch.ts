/** What is kept of one target's polls so that people can be told how it is. */

import type { StatsSnapshot } from "../snapshot/snapshot.ts";
import type { FailureReason } from "../sora/failure.ts";
import { Survey } from "./survey.ts";
import { Traffic } from "./traffic.ts";

/** The last good poll of the statistics. Times are milliseconds since the epoch. */
export interface GoodPoll {
  readonly timeMs: number;
  /** From the request's start to the snapshot. */
  readonly seconds: number;
  /** Size of the answer's body. */
  readonly bytes: number;
  /** Series of data channels that were left out, as there are too many labels. */
  readonly droppedLabels: number;
}

/** A poll that failed. */
export interface FailedPoll {
  readonly timeMs: number;
  readonly seconds: number;
  readonly reason: FailureReason;
  /** One line that holds nothing secret. */
  readonly message: string;
}

export class Watch {
  readonly #traffic = new Traffic();
  #survey: Survey | undefined;
  #good: GoodPoll | undefined;
  #failed: FailedPoll | undefined;
  #failing: { sinceMs: number; polls: number } | undefined;

  /** The last good poll, however long ago. */
  get good(): GoodPoll | undefined {
    return this.#good;
  }

  /** The last poll that failed, however long ago. */
  get failed(): FailedPoll | undefined {
    return this.#failed;
  }

  /** Since when polls fail, and how many have; undefined where the last one did not. */
  get failing(): { readonly sinceMs: number; readonly polls: number } | undefined {
    return this.#failing;
  }

  /** @param nowMs of a clock that is never set back */
  succeed(snapshot: StatsSnapshot, good: GoodPoll, nowMs: number): void {
    this.#good = good;
    this.#failing = undefined;
    this.#survey = undefined;
    this.#traffic.take(snapshot, nowMs);
  }

  fail(poll: FailedPoll): void {
    this.#failed = poll;
    this.#failing ??= { sinceMs: poll.timeMs, polls: 0 };
    this.#failing.polls++;
  }

  /** @param snapshot of the last good poll */
  survey(snapshot: StatsSnapshot): Survey {
    if (this.#survey?.rows !== snapshot.rows) this.#survey = new Survey(snapshot, this.#traffic.rates());
    return this.#survey;
  }
}
