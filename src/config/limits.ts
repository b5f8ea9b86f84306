/** How much may be exported of one target: the keys of `limits`, of the file and of each target. */
import type { z } from "zod";
import type { Limits } from "./config.ts";
import { count, map, size } from "./values.ts";

const RULES = {
  series_per_target: count(1, 100_000_000),
  series_per_metric: count(1, 100_000_000),
  data_channel_labels: count(0, 10_000),
  label_value_length: count(32, 65_536),
  answer_size: size(),
};
type Key = keyof typeof RULES;

/** With its defaults. */
export const LIMITS = {
  series_per_target: RULES.series_per_target
    .prefault(10_000_000)
    .describe(
      "How many series a target may have, 1 to 100000000; past it the detail goes first, and the sums last.",
    ),
  series_per_metric: RULES.series_per_metric
    .prefault(1_000_000)
    .describe(
      "How many series a metric of one target may have, 1 to 100000000; labels that users choose go first.",
    ),
  data_channel_labels: RULES.data_channel_labels
    .prefault(64)
    .describe("How many data channels of a connection are exported, 0 to 10000."),
  label_value_length: RULES.label_value_length
    .prefault(256)
    .describe("How many characters the value of a label may have, 32 to 65536; a longer one is shortened."),
  answer_size: RULES.answer_size
    .prefault("256MB")
    .describe(
      "Largest answer with statistics to take from Sora, 1KB to 511MB, where each connection counts as 1KB at least; one of another call may have an eighth of it, or 1MB.",
    ),
} satisfies Record<Key, z.ZodType>;

/** Of a target, which sets any of them. */
export const TARGET_LIMITS = map({
  series_per_target: RULES.series_per_target.optional().describe(ofTarget("series_per_target")),
  series_per_metric: RULES.series_per_metric.optional().describe(ofTarget("series_per_metric")),
  data_channel_labels: RULES.data_channel_labels.optional().describe(ofTarget("data_channel_labels")),
  label_value_length: RULES.label_value_length.optional().describe(ofTarget("label_value_length")),
  answer_size: RULES.answer_size.optional().describe(ofTarget("answer_size")),
});

type AllLimits = { readonly [K in Key]: number };

/** The limits of a target; what it does not set is as for all. */
export function resolveLimits(given: z.output<typeof TARGET_LIMITS>, all: AllLimits): Limits {
  const limit = (key: Key) => given[key] ?? all[key];
  return {
    seriesPerTarget: limit("series_per_target"),
    seriesPerMetric: limit("series_per_metric"),
    dataChannelLabels: limit("data_channel_labels"),
    labelValueLength: limit("label_value_length"),
    answerSizeBytes: limit("answer_size"),
  };
}

function ofTarget(key: Key): string {
  return `As limits.${key}, which is the default.`;
}
