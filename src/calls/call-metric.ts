/** How the metrics of the calls besides GetStatsAllConnections are declared. */

import type { MetricHead } from "../snapshot/draft.ts";

/** A metric of a call: what a snapshot needs to know of it, and what METRICS.md tells. */
export interface CallMetric extends MetricHead {
  /** Besides `target`, and `channel_id` and `connection_id` where the series is about one. */
  readonly labels: readonly string[];
  /** Fields of the call's answer that it comes from, as Markdown. */
  readonly sora: string;
}

/** What of an answer every draft needs. */
export interface AnswerContext {
  /** Name of the target. */
  readonly target: string;
  /** When the answer was there, in milliseconds since the epoch. */
  readonly timeMs: number;
}
