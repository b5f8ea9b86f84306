/** The exporter's own metrics, which another thread collects, as metrics of OTLP. */

import type { DataPoint, Histogram, MetricData } from "@opentelemetry/sdk-metrics";
import type { Label } from "../catalog/resolve.ts";
import type { OwnFamily, Sample } from "../exposition/compose.ts";
import type { MetricType } from "../snapshot/snapshot.ts";
import { addLabels, hrTime, metricData, NO_START, type Outcome, type Point, withPoints } from "./data.ts";
import type { OtlpName } from "./names.ts";

/** Counts requests, whoever sent them. */
const EXPORTS = "sora_exporter_otlp_exports_total";

/** An own metric that goes out; a summary, of which there is none, would not. */
export interface OwnMetric extends OwnFamily {
  readonly type: MetricType;
}

/** Those that go out. */
export function pushable(families: readonly OwnFamily[]): OwnMetric[] {
  return families.filter((family): family is OwnMetric => family.type !== "summary");
}

/** Makes metrics, push after push. They count since the process started. */
export class OwnCollector {
  readonly #delta: boolean;
  readonly #startMs: number;
  readonly #isSendable: (sample: Sample) => boolean;
  /** What was pushed last, by series; only where what was added is told. */
  #last = new Map<string, number>();
  #lastMs: number | undefined;
  /** Whether the first push tells nothing of what was counted before; undefined before there was one. */
  #isBaseline: boolean | undefined;
  #next: { readonly values: Map<string, number>; readonly timeMs: number } | undefined;

  /** @param options `finite` where what is no number cannot be sent, as in JSON, and one such point would cost all of a request */
  constructor({ delta, startMs, finite }: { delta: boolean; startMs: number; finite: () => boolean }) {
    this.#delta = delta;
    this.#isSendable = ({ value }) => Number.isFinite(value) || !finite();
    this.#startMs = startMs;
  }

  metrics(
    families: readonly OwnMetric[],
    names: ReadonlyMap<string, OtlpName>,
    timeMs: number,
  ): MetricData[] {
    const last = this.#last;
    const next = new Map<string, number>();
    // Counters go on where the thread that pushes has begun anew; what was told of them then is not known.
    this.#isBaseline ??= families.some(
      ({ name, samples }) => name === EXPORTS && samples.some(({ value }) => value > 0),
    );
    const since = this.#lastMs ?? (this.#isBaseline ? timeMs : this.#startMs);
    const startTime = hrTime(Math.min(this.#delta ? since : this.#startMs, timeMs));
    const endTime = hrTime(timeMs);
    const added = (sample: Sample): number => {
      if (!this.#delta) return sample.value;
      const key = JSON.stringify([sample.name, sample.labels]);
      next.set(key, sample.value);
      // What was not there has begun at 0, when the process started at the earliest.
      return (
        sample.value - (last.get(key) ?? (this.#lastMs === undefined && this.#isBaseline ? sample.value : 0))
      );
    };
    const metrics = families.map(({ samples, ...head }) => {
      const family = { ...head, samples: samples.filter(this.#isSendable) };
      const name = names.get(family.name)!;
      const toPoints = { gauge: toGauges, counter: toSums, histogram: toHistograms }[family.type];
      const value =
        family.type === "gauge" || name.kind === "unsteady" ? (sample: Sample) => sample.value : added;
      return withPoints(
        metricData(name, family.help, this.#delta),
        toPoints(family, { startTime, endTime, value }),
      );
    });
    this.#next = { values: next, timeMs };
    return metrics;
  }

  /** Ends the push of what was made last. */
  end(outcome: Outcome): void {
    if (this.#next === undefined || outcome === "none") return;
    this.#last = this.#next.values;
    this.#lastMs = this.#next.timeMs;
  }
}

type Times = Pick<DataPoint<number>, "startTime" | "endTime"> & {
  readonly value: (sample: Sample) => number;
};

function toGauges({ samples }: OwnMetric, { endTime, value }: Times): Point[] {
  return samples.map((sample) => ({
    attributes: attributesOf(sample.labels),
    startTime: NO_START,
    endTime,
    value: value(sample),
  }));
}

function toSums(family: OwnMetric, times: Times): Point[] {
  return toGauges(family, times).map((point) => ({ ...point, startTime: times.startTime }));
}

function toHistograms({ name, samples }: OwnMetric, { startTime, endTime, value }: Times): Point[] {
  const withoutBound = ({ labels }: Sample) => labels.filter(([label]) => label !== "le");
  const bySeries = Map.groupBy(samples, (sample) => JSON.stringify(withoutBound(sample)));
  return [...bySeries.values()].map((series): DataPoint<Histogram> => {
    const read = (suffix: string) => series.filter((sample) => sample.name === name + suffix);
    const bounds = read("_bucket").map((sample) => ({
      bound: Number(sample.labels.find(([label]) => label === "le")![1]),
      upTo: value(sample),
    }));
    const upTo = bounds.map((one) => one.upTo);
    return {
      attributes: attributesOf(withoutBound(series[0]!)),
      startTime,
      endTime,
      value: {
        buckets: {
          boundaries: bounds.map(({ bound }) => bound).filter(Number.isFinite),
          counts: upTo.map((n, i) => n - (upTo[i - 1] ?? 0)),
        },
        sum: value(read("_sum")[0]!),
        count: value(read("_count")[0]!),
      },
    };
  });
}

function attributesOf(labels: readonly Label[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  addLabels(attributes, labels);
  return attributes;
}
