/** A real Prometheus that scrapes one exporter every second, and is asked what it has. */

import {
  JOB,
  type PrometheusOptions,
  type RunningPrometheus,
  startPrometheus as start,
} from "../../src/simulator/prometheus.ts";
import { until } from "./exporter.ts";

/** One series of an answer: its labels, and a value or several, each with its time in seconds. */
export interface FoundSeries {
  readonly metric: Record<string, string>;
  readonly value?: [time: number, value: string];
  readonly values?: [time: number, value: string][];
}

export interface Prometheus extends RunningPrometheus {
  /** What a path of its API answers, such as `rules` or `series?match[]=up`. Fails if that is an error. */
  readonly get: (path: string) => Promise<unknown>;
  /** Asks at a time, in seconds since the epoch, or now. Fails for a query that Prometheus does not understand. */
  readonly ask: (promql: string, time?: number) => Promise<FoundSeries[]>;
  /** Asks for one value a series. */
  readonly query: (
    promql: string,
    time?: number,
  ) => Promise<{ metric: Record<string, string>; value: number }[]>;
  /** Waits until Prometheus has scraped so many more times. */
  readonly scrapes: (more: number) => Promise<void>;
}

/** Starts a Prometheus on loopback, with what it stores in a directory that goes with it. */
export async function startPrometheus(
  exporterUrl: string,
  options: Pick<PrometheusOptions, "ruleFiles" | "alertmanagerUrl" | "jobs"> = {},
): Promise<Prometheus> {
  const prometheus = await start({ ...options, exporterUrl, intervalS: 1 });

  async function get(path: string): Promise<unknown> {
    const response = await fetch(`${prometheus.url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as {
      status: string;
      data: unknown;
      error?: string;
    };
    if (status !== "success") throw new Error(`${decodeURIComponent(path)}: ${error}`);
    return data;
  }

  async function ask(promql: string, time?: number): Promise<FoundSeries[]> {
    const parameters = new URLSearchParams({ query: promql, ...(time && { time: String(time) }) });
    const { result } = (await get(`query?${String(parameters)}`)) as { result: FoundSeries[] };
    return result;
  }

  async function query(promql: string, time?: number) {
    const found = await ask(promql, time);
    return found.map(({ metric, value }) => ({ metric, value: Number(value![1]) }));
  }

  return {
    ...prometheus,
    get,
    ask,
    query,
    async scrapes(more) {
      const count = async () => (await query(`count_over_time(up{job='${JOB}'}[1h])`))[0]?.value ?? 0;
      const start = await count();
      await until(async () => (await count()) >= start + more, 25_000);
    },
  };
}
