/** The producer: what the targets know becomes what the metrics SDK exports. */

import { resourceFromAttributes } from "@opentelemetry/resources";
import type { CollectionResult, MetricData, MetricProducer } from "@opentelemetry/sdk-metrics";
import type { OwnFamily } from "../exposition/compose.ts";
import type { Level } from "../snapshot/snapshot.ts";
import type { Outcome } from "./data.ts";
import { otlpNames } from "./names.ts";
import { OwnCollector, pushable } from "./own.ts";
import { type Pushable, TargetCollector } from "./target.ts";

/** What produces, and what is to be told when it has gone out. */
export interface SnapshotProducer extends MetricProducer {
  /** Ends the push of what was collected last. Nothing is collected before it has ended. */
  end(outcome: Outcome): void;
  /** Tells something else from the next push on. What was told before is still known. */
  tell(told: Told): void;
}

/** What is told. */
export interface Told {
  readonly levels: ReadonlySet<Level>;
  /** The exporter's own metrics; undefined where they do not go along. */
  readonly own: (() => Promise<readonly OwnFamily[]>) | undefined;
  /** Whether what is no number cannot be sent. */
  readonly finite: boolean;
}

export interface ProducerOptions {
  /** Read for each push, as targets come and go; those of one name are one, and the first of them is asked. */
  readonly targets: readonly Pushable[];
  readonly told: Told;
  /** Whether counters tell what was added since the last push. */
  readonly delta: boolean;
  readonly scope: { readonly name: string; readonly version: string };
  /** When the process started, in milliseconds since the epoch. */
  readonly processStartMs: number;
  /** When adding up began, in milliseconds since the epoch; now by default. */
  readonly beganMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes a producer. */
export function createProducer(options: ProducerOptions): SnapshotProducer {
  const { delta, scope, now } = options;
  let { told } = options;
  let collectors = new Map<string, TargetCollector>();
  let knownMs = options.beganMs ?? now();
  const ownCollector = new OwnCollector({
    delta,
    startMs: options.processStartMs,
    finite: () => told.finite,
  });
  let ending: ((outcome: Outcome) => void)[] = [];
  /** What was collected has gone out, or has not. */
  let ended = Promise.withResolvers<undefined>();
  ended.resolve(undefined);

  /** Those of the targets that there are. One that is new adds up since the last push at the earliest. */
  function collectorsNow(): readonly TargetCollector[] {
    collectors = new Map(
      options.targets.map((target) => [
        target.name,
        collectors.get(target.name) ??
          new TargetCollector(target, { levels: () => told.levels, delta, beganMs: knownMs }),
      ]),
    );
    knownMs = now();
    return [...collectors.values()];
  }

  async function collect(): Promise<MetricData[]> {
    const ownFamilies = pushable((await told.own?.()) ?? []);
    // Receivers want times in order, also those of what they themselves make of each request.
    const collected = collectorsNow()
      .flatMap((collector) => collector.collect() ?? [])
      .sort((a, b) => a.timeMs - b.timeMs);
    ending = [...collected.map(({ end }) => end), (outcome) => ownCollector.end(outcome)];
    const names = otlpNames([
      ...ownFamilies,
      ...collected.flatMap(({ families }) => families.map(({ family }) => family)),
    ]);
    return [
      ...collected.flatMap(({ metrics }) => metrics(names)),
      ...ownCollector.metrics(ownFamilies, names, now()),
    ];
  }

  return {
    async collect(): Promise<CollectionResult> {
      await ended.promise;
      const metrics = await collect();
      if (metrics.length > 0) ended = Promise.withResolvers();
      const scopeMetrics = metrics.length === 0 ? [] : [{ scope, metrics }];
      return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics }, errors: [] };
    },
    end(outcome) {
      for (const end of ending) end(outcome);
      ending = [];
      ended.resolve(undefined);
    },
    tell(next) {
      told = next;
    },
  };
}
