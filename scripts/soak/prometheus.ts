/** What a Prometheus has seen of the exporter. */

import type { SoakResults } from "./results.ts";

type Query = (path: string) => Promise<unknown>;

/** What asks a Prometheus' API, such as `label/__name__/values`. */
export function queryOf(url: string): Query {
  return async (path) => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as {
      status: string;
      data: unknown;
      error?: string;
    };
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  };
}

/** A counter that has fallen. */
export interface Fall {
  /** With its labels, as PromQL has it. */
  readonly series: string;
  readonly from: number;
  readonly to: number;
  /** Unix seconds of the value that is lower. */
  readonly at: number;
  /** Between the two values. */
  readonly absentSeconds: number;
}

interface Series<Values> {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: Values;
}

/** Its scrapes, and how the counters of channels and of the target have fallen, in the last so many milliseconds. */
export async function scrapesOf(
  query: Query,
  by: string,
  ms: number,
): Promise<{ scrapes: SoakResults["scrapes"][number]; falls: Fall[] }> {
  const range = `[${Math.ceil(ms / 1000)}s]`;
  const ask = async <Result>(promql: string): Promise<Result> =>
    ((await query(`query?${String(new URLSearchParams({ query: promql }))}`)) as { result: Result }).result;
  const one = async (promql: string): Promise<number> =>
    Number((await ask<{ value: [number, string] }[]>(promql))[0]?.value[1] ?? 0);
  const names = (await query("label/__name__/values")) as string[];
  const counters = names.filter((name) => /^sora_(channel|target)_.*_total$/.test(name));
  if (counters.length === 0) throw new Error("Prometheus has no counters");
  const falls: Fall[] = [];
  for (const name of counters) {
    for (const { metric } of await ask<Series<undefined>[]>(`resets(${name}${range}) > 0`)) {
      const labels = Object.entries(metric).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
      const series = `${name}{${labels.join()}}`;
      const [raw] = await ask<Series<[number, string][]>[]>(series + range);
      falls.push(...fallsOf(series, raw?.values ?? []));
    }
  }
  const count = await one(`sum(count_over_time(up${range}))`);
  const scrapes = {
    ...{ by, count },
    unanswered: count - (await one(`sum(sum_over_time(up${range}))`)),
    longestMs: 1000 * (await one(`max(max_over_time(scrape_duration_seconds${range}))`)),
  };
  return { scrapes, falls };
}

/** Where the values of a counter, with their Unix seconds, are lower than those before them. */
export function fallsOf(series: string, values: readonly (readonly [number, string])[]): Fall[] {
  return values.flatMap(([at, value], i) => {
    const [before, from] = values[i - 1] ?? [at, value];
    if (!(Number(value) < Number(from))) return [];
    return [{ series, from: Number(from), to: Number(value), at, absentSeconds: at - before }];
  });
}
