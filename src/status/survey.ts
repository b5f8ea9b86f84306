/** One poll of one target, looked over: its levels, and its connections and channels with the worst first. */

import type { Connection, StatsSnapshot } from "../snapshot/snapshot.ts";
import { LEVEL_METRIC, LEVELS } from "../sums/unstable-levels.ts";
import { type Rate, RATES, type Rates } from "./rates.ts";
import { bitsOf, compareTrouble, pointsOf, type Trouble } from "./trouble.ts";

/** Connections by unstable level, ascending. */
export type LevelCounts = readonly { readonly level: number; readonly connections: number }[];

/** Rates per second; what is not known is undefined, and never 0. */
export type RatesOfOne = Readonly<Record<Rate, number | undefined>>;

/** A connection, by its row in the snapshot. */
export interface SurveyedConnection extends Trouble {
  readonly row: number;
  /** Whether Sora said its level. */
  readonly hasLevel: boolean;
}

export interface SurveyedChannel extends Trouble {
  /** Of its connections. */
  readonly rows: readonly number[];
  /** Undefined where Sora does not send them. */
  readonly levels: LevelCounts | undefined;
  /** Added up over the connections that have one. */
  readonly rates: RatesOfOne;
}

/** Made when it is asked for, as nobody may look at all; what it has worked out it keeps. */
export class Survey {
  /** The poll's connections. */
  readonly rows: readonly Connection[];
  readonly rates: Rates | undefined;
  readonly #target: string;
  readonly #levels: Float64Array;
  #connections: readonly SurveyedConnection[] | undefined;
  #channels: readonly SurveyedChannel[] | undefined;

  /** @param rates of the snapshot's rows; undefined where there was no poll before */
  constructor(snapshot: StatsSnapshot, rates: Rates | undefined) {
    // Not the snapshot itself: its numbers are many, and may be gone before this is.
    this.rows = snapshot.rows;
    this.#target = snapshot.target;
    this.rates = rates;
    this.#levels = readLevels(snapshot);
  }

  /** Undefined where Sora does not send `unstable_level`. */
  levels(): LevelCounts | undefined {
    return countLevels(this.#levels);
  }

  /** Worst first. */
  connections(): readonly SurveyedConnection[] {
    this.#connections ??= this.rows
      .map(({ channelId, connectionId }, row): SurveyedConnection => {
        const level = this.#levels[row]!;
        const hasLevel = !Number.isNaN(level);
        return {
          row,
          hasLevel,
          level: hasLevel ? level : 0,
          atLevel: 1,
          points: this.rates === undefined ? 0 : pointsOf(this.rates, row),
          bits: this.rates === undefined ? 0 : bitsOf(this.rates, row),
          channelId,
          connectionId,
          target: this.#target,
        };
      })
      .sort(compareTrouble);
    return this.#connections;
  }

  /** Worst first. */
  channels(): readonly SurveyedChannel[] {
    if (this.#channels === undefined) {
      const byChannel = new Map<string, SurveyedConnection[]>();
      for (const connection of this.connections()) {
        const list = byChannel.get(connection.channelId);
        if (list === undefined) byChannel.set(connection.channelId, [connection]);
        else list.push(connection);
      }
      this.#channels = [...byChannel.values()].map((list) => this.#toChannel(list)).sort(compareTrouble);
    }
    return this.#channels;
  }

  /** The rates of a row. */
  ratesOf(row: number): RatesOfOne {
    return this.#sum([row]);
  }

  /** @param list worst first, at least one */
  #toChannel(list: readonly SurveyedConnection[]): SurveyedChannel {
    const { level, channelId, target } = list[0]!;
    const rows = list.map(({ row }) => row);
    return {
      rows,
      levels: countLevels(rows.map((row) => this.#levels[row]!)),
      rates: this.#sum(rows),
      level,
      atLevel: level > 0 ? list.filter((one) => one.level === level).length : 0,
      points: list.reduce((sum, { points }) => sum + points, 0),
      bits: list.reduce((sum, { bits }) => sum + bits, 0),
      channelId,
      connectionId: "",
      target,
    };
  }

  #sum(rows: readonly number[]): RatesOfOne {
    const perSecond = this.rates?.perSecond;
    const entries = RATES.map((rate, at): [Rate, number | undefined] => {
      let sum: number | undefined;
      for (const row of perSecond === undefined ? [] : rows) {
        const value = perSecond![row * RATES.length + at]!;
        if (!Number.isNaN(value)) sum = (sum ?? 0) + value;
      }
      return [rate, sum];
    });
    return Object.fromEntries(entries) as RatesOfOne;
  }
}

/** By row; NaN where Sora sent none. */
function readLevels({ rows, families }: StatsSnapshot): Float64Array {
  const levels = new Float64Array(rows.length).fill(NaN);
  const family = families.find(({ name }) => name === LEVEL_METRIC);
  for (const { rows: indices, values } of family?.columns ?? [])
    for (let i = 0; i < values.length; i++) levels[indices === undefined ? i : indices[i]!] = values[i]!;
  return levels;
}

function countLevels(levels: Iterable<number>): LevelCounts | undefined {
  const counts = new Map(LEVELS.map((level) => [level, 0]));
  let known = false;
  for (const level of levels) {
    if (Number.isNaN(level)) continue;
    counts.set(level, (counts.get(level) ?? 0) + 1);
    known = true;
  }
  if (!known) return undefined;
  return [...counts].sort(([a], [b]) => a - b).map(([level, connections]) => ({ level, connections }));
}
