/** What of an answer is left out of a snapshot, and why. */

/** Why a whole connection is left out of a snapshot. */
export const CONNECTION_REJECTIONS = {
  not_an_object: "the element of the answer is no object",
  no_connection_id: "`connection_id` is missing, empty or no string",
  no_channel_id: "`channel_id` is missing, empty or no string",
  duplicate_connection_id: "another connection of the answer has the same `connection_id`; the first is kept",
  invalid_utf8: "an id holds bytes that are no UTF-8",
} as const;
export type ConnectionRejection = keyof typeof CONNECTION_REJECTIONS;

/** Why one value of an answer is left out of a snapshot. */
export const VALUE_REJECTIONS = {
  not_a_number: "a string or a boolean where a number is expected",
  not_an_object: "a string or a boolean where a section is expected",
  array: "an array; none is exported",
  negative: "a number below zero where none can be, such as a counter",
  too_large:
    "a counter of a connection above 9007199254740991 (2^53 - 1), as no connection can count so far, and sums would lose what is added to it",
  not_finite: "a number beyond what a float can hold",
  too_deep: "nested more than 16 deep",
  too_many_fields: "more than 1,000 fields that the catalog does not know",
  too_many_sums:
    "more than 4,000 counters, each set of labels by itself, to be added up by channel and target",
  malformed: "not of the form that Sora documents, such as the month of a licence",
  no_name: "an element of a list that lacks what tells it from the others, such as a node without its name",
  duplicate: "an element of a list that has the name of another one; the first is kept",
} as const;
export type ValueRejection = keyof typeof VALUE_REJECTIONS;

/** Why series that could be exported are not: there would be too many. */
export const DROP_REASONS = {
  series_per_target: "the target has more series than `limits.series_per_target`",
  series_per_metric: "the metric has more series than `limits.series_per_metric`",
  data_channel_labels:
    "the connection has more data channels than `limits.data_channel_labels`, or the target more than 2,000 different labels",
} as const;
export type DropReason = keyof typeof DROP_REASONS;

/** How often something was left out, by reason, and where it happened first. */
export interface Rejections<Reason extends string> {
  readonly counts: ReadonlyMap<Reason, number>;
  /** Such as `connection "ABC": rtp.total_sent (not_a_number)`; undefined where nothing was left out. */
  readonly first: string | undefined;
}

/** Counts what is left out, and remembers where it happened first. */
export class Tally<Reason extends string> {
  readonly #counts = new Map<Reason, number>();
  #first: string | undefined;

  add(reason: Reason, where: () => string, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
    this.#first ??= where();
  }

  result(): Rejections<Reason> {
    return { counts: this.#counts, first: this.#first };
  }
}
