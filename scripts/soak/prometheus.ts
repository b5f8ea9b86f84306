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

/** Its scrapes, and how often the counters of channels and of the target have fallen, in the last so many milliseconds. */
export async function scrapesOf(
  query: Query,
  by: string,
  ms: number,
): Promise<{ scrapes: SoakResults["scrapes"][number]; resets: number }> {
  const range = `[${Math.ceil(ms / 1000)}s]`;
  const one = async (promql: string): Promise<number> => {
    const { result } = (await query(`query?${String(new URLSearchParams({ query: promql }))}`)) as {
      result: { value: [number, string] }[];
    };
    return Number(result[0]?.value[1] ?? 0);
  };
  const names = (await query("label/__name__/values")) as string[];
  const counters = names.filter((name) => /^sora_(channel|target)_.*_total$/.test(name));
  if (counters.length === 0) throw new Error("Prometheus has no counters");
  let resets = 0;
  for (const name of counters) resets += await one(`sum(resets(${name}${range}))`);
  const count = await one(`sum(count_over_time(up${range}))`);
  const scrapes = {
    ...{ by, count },
    unanswered: count - (await one(`sum(sum_over_time(up${range}))`)),
    longestMs: 1000 * (await one(`max(max_over_time(scrape_duration_seconds${range}))`)),
  };
  return { scrapes, resets };
}
