/** How values of connections are distributed: histograms, to which every poll adds one observation a connection. */

import { CONNECTION_PREFIX, type Label } from "../catalog/resolve.ts";
import {
  type Column,
  countSeries,
  type Family,
  type Row,
  type Snapshot,
  type StatsSnapshot,
} from "../snapshot/snapshot.ts";

/** A gauge of connections that is observed, by the end of its name. */
export type Observed = "cc_round_trip_time" | "cc_target_bitrate";

/** Upper bounds of the buckets, ascending, without the last one, which has none. */
export type Bounds = Readonly<Record<Observed, readonly number[]>>;

/** Bounds for what the values look like: milliseconds and bits per second, though Sora documents no unit. */
export const DEFAULT_BOUNDS: Bounds = {
  cc_round_trip_time: [10, 25, 50, 75, 100, 150, 200, 300, 500, 1000, 2000],
  cc_target_bitrate: [100_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000],
};

/** HELP texts, by what is observed. */
export const OBSERVED: Readonly<Record<Observed, string>> = {
  cc_round_trip_time:
    "cc.round_trip_time of connections, one observation a connection a poll; Sora documents no unit",
  cc_target_bitrate:
    "cc.target_bitrate of connections, one observation a connection a poll; Sora documents no unit",
};

/** The section of all that is observed. */
const SECTION = "cc";

/** What every metric of a channel, or of the target, has in front in place of `sora_connection_`. */
export const SUM_PREFIXES = { channel: "sora_channel_", target: "sora_target_" } as const;

interface Distribution {
  /** By bucket, those below not included; the last is for what is above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

/** The distributions of one target's connections. */
export class Observations {
  readonly #target: string;
  readonly #bounds: Bounds;
  readonly #whole = new Map<Observed, Distribution>();
  readonly #channels = new Map<string, Map<Observed, Distribution>>();

  /** @param target name of the target, which becomes the label `target` */
  constructor(target: string, bounds: Bounds) {
    this.#target = target;
    this.#bounds = bounds;
  }

  /** Forgets a channel; it begins anew with its next connection. */
  forget(channelId: string): void {
    this.#channels.delete(channelId);
  }

  /**
   * Takes the next poll.
   *
   * @returns a snapshot of the channels and one of the target
   */
  add(snapshot: StatsSnapshot): Snapshot[] {
    for (const name of Object.keys(this.#bounds) as Observed[]) {
      const family = snapshot.families.find((one) => one.name === CONNECTION_PREFIX + name);
      for (const column of family?.columns ?? []) this.#observe(name, column, snapshot.rows);
    }
    const channels = [...this.#channels];
    const rows = channels.map(([channelId]) => ({ channelId }));
    return [
      this.#toSnapshot(
        snapshot.timeMs,
        "channel",
        rows,
        channels.map(([, byName]) => byName),
      ),
      this.#toSnapshot(snapshot.timeMs, "target", [{}], [this.#whole]),
    ];
  }

  #observe(name: Observed, { rows: indices, values }: Column, rows: StatsSnapshot["rows"]): void {
    const bounds = this.#bounds[name];
    const whole = distributionOf(this.#whole, name, bounds);
    for (const [i, value] of values.entries()) {
      // A sum that falls would be read as one that has begun anew; one that is huge would not grow any more.
      if (value < 0 || value > Number.MAX_SAFE_INTEGER) continue;
      const { channelId } = rows[indices === undefined ? i : indices[i]!]!;
      let byName = this.#channels.get(channelId);
      if (byName === undefined) this.#channels.set(channelId, (byName = new Map<Observed, Distribution>()));
      const above = bounds.findIndex((bound) => value <= bound);
      const bucket = above === -1 ? bounds.length : above;
      for (const distribution of [whole, distributionOf(byName, name, bounds)]) {
        distribution.counts[bucket]! += 1;
        distribution.sum += value;
      }
    }
  }

  #toSnapshot(
    timeMs: number,
    level: keyof typeof SUM_PREFIXES,
    rows: readonly Row[],
    distributions: readonly ReadonlyMap<Observed, Distribution>[],
  ): Snapshot {
    const families = (Object.keys(this.#bounds) as Observed[]).flatMap((name): Family[] => {
      const found = distributions.flatMap((byName, row) => {
        const distribution = byName.get(name);
        return distribution === undefined ? [] : [{ row, distribution }];
      });
      if (found.length === 0) return [];
      const columns = toColumns(found, this.#bounds[name]);
      const help = OBSERVED[name];
      return [{ name: SUM_PREFIXES[level] + name, help, type: "histogram", section: SECTION, columns }];
    });
    return { target: this.#target, timeMs, rows, families, series: countSeries(families), unknownPaths: [] };
  }
}

function distributionOf(
  byName: Map<Observed, Distribution>,
  name: Observed,
  bounds: readonly number[],
): Distribution {
  let distribution = byName.get(name);
  if (distribution === undefined) {
    distribution = { counts: new Float64Array(bounds.length + 1), sum: 0 };
    byName.set(name, distribution);
  }
  return distribution;
}

/** The buckets, each with those below it, then the sum and the count, in the order in which they are written. */
function toColumns(
  found: readonly { readonly row: number; readonly distribution: Distribution }[],
  bounds: readonly number[],
): Column[] {
  const rows = Uint32Array.from(found, ({ row }) => row);
  const column = (suffix: string, labels: readonly Label[], read: (one: Distribution) => number): Column => ({
    suffix,
    labels,
    rows,
    values: Float64Array.from(found, ({ distribution }) => read(distribution)),
  });
  const upTo = (bucket: number) => (one: Distribution) =>
    one.counts.subarray(0, bucket + 1).reduce((sum, count) => sum + count, 0);
  return [
    ...[...bounds.map(String), "+Inf"].map((le, bucket) => column("_bucket", [["le", le]], upTo(bucket))),
    column("_sum", [], ({ sum }) => sum),
    column("_count", [], upTo(bounds.length)),
  ];
}
