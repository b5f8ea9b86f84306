/** What the tests of the calls share. */

import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { exposition, fixture } from "../support/build.ts";
import { parseExposition } from "../support/parse.ts";

export const CONTEXT = { target: "t", timeMs: 1_700_000_000_000 } as const;

/** A sample of Sora's answer to a call: an array or an object, as the call has it. */
export function sample(name: string): readonly unknown[] & Readonly<Record<string, unknown>> {
  return JSON.parse(fixture(`sora/${name}.json`)) as ReturnType<typeof sample>;
}

/** The series of snapshots, such as `gauge sora_license_max_nodes 3`, without the target; both formats must agree. */
export function seriesOf(...snapshots: readonly Snapshot[]): string[] {
  const series = (["prometheus-text", "openmetrics"] as const).map((format) =>
    [...parseExposition(exposition(snapshots, format), format).values()].flatMap(({ type, samples }) =>
      samples.map(({ name, labels, value }) => {
        const besides = Object.entries(labels).filter(([label]) => label !== "target");
        const shown = besides.map(([label, text]) => `${label}=${JSON.stringify(text)}`);
        return { type, text: `${name}${shown.length > 0 ? `{${shown.join(",")}}` : ""} ${value}` };
      }),
    ),
  );
  const [text, openMetrics] = series.map((all) => all.map((one) => one.text));
  // OpenMetrics writes the bounds of buckets as floats.
  if (text!.join() !== openMetrics!.join().replaceAll(/le="(\d+)\.0"/g, 'le="$1"'))
    throw new Error("the formats differ");
  return series[0]!.map((one) => `${one.type} ${one.text}`);
}
