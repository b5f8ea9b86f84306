/** What the tests of the choice share. */

import fc from "fast-check";
import type { Label } from "../../src/catalog/resolve.ts";
import {
  type Column,
  countSeries,
  type Family,
  type Row,
  type Snapshot,
} from "../../src/snapshot/snapshot.ts";
import type { Limits } from "../../src/config/config.ts";
import { DEFAULT_LIMITS } from "../support/exporter.ts";

/** A series as one text: its name, its labels, and whom it is about. */
export function seriesOf(snapshots: readonly Snapshot[]): Map<string, number> {
  const series = new Map<string, number>();
  for (const { rows, families } of snapshots) {
    for (const { name, columns } of families) {
      for (const { suffix = "", labels, rows: indices, values, entryLabels } of columns) {
        for (const [i, value] of values.entries()) {
          const { channelId, connectionId } = rows[indices === undefined ? i : indices[i]!]!;
          const own = [...labels, ...(entryLabels?.[i] ?? [])].map((label) => label.join("="));
          const key = [`${name}${suffix}`, ...own, channelId ?? "", connectionId ?? ""].join(" ").trimEnd();
          if (series.has(key)) throw new Error(`${key} is there twice`);
          series.set(key, value);
        }
      }
    }
  }
  return series;
}

/** A snapshot of families; rows are connections unless said otherwise. */
export function snapshotOf(rows: readonly Row[], families: readonly Family[]): Snapshot {
  return { target: "t", timeMs: 0, rows, families, series: countSeries(families), unknownPaths: [] };
}

/** So many connections of channels `ch0`, `ch1` and so on, ten in each. */
export function connections(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    channelId: `ch${Math.floor(i / 10)}`,
    connectionId: `C${i}`,
  }));
}

/** A column that every row has, of ones, or one for the first rows alone. */
export function column(count: number, labels: readonly Label[] = [], ofFirst = false): Column {
  return {
    labels,
    rows: ofFirst ? Uint32Array.from({ length: count }, (_, i) => i) : undefined,
    values: new Float64Array(count).fill(1),
  };
}

export function family(name: string, columns: readonly Column[], section?: string): Family {
  return {
    name,
    help: "",
    type: name.endsWith("_total") ? "counter" : "gauge",
    columns,
    ...(section !== undefined && { section }),
  };
}

export function limits(changes: Partial<Limits>): Limits {
  return { ...DEFAULT_LIMITS, ...changes };
}

/** A column, of a metric whose series are about some of so many rows. */
function anyColumn(rows: number, labels: readonly Label[], entries: boolean): fc.Arbitrary<Column> {
  return fc.array(fc.tuple(fc.boolean(), fc.nat(2)), { minLength: rows, maxLength: rows }).map((found) => {
    const there = found.flatMap(([isThere], row) => (isThere ? [row] : []));
    const indices = Uint32Array.from(there);
    const values = Float64Array.from(there, (row) => found[row]![1]);
    if (entries)
      return {
        labels: [],
        rows: indices,
        values,
        entryLabels: there.map((row): Label[] => [...labels, ["n", `${row % 2}`]]),
      };
    return { labels, rows: there.length === rows ? undefined : indices, values };
  });
}

const LABELS: readonly (readonly Label[])[] = [
  [["type", "x"]],
  [["label", "#a"]],
  [["label", "#b"]],
  [["label", '"} 1']],
  [["path", "a.b"]],
];
const NAMES = [
  ["rtp_received_bytes_total", "rtp"],
  ["unstable_level", "network_status"],
  ["data_channel_sent_messages_total", "data_channel"],
  ["turn_sent_messages_total", "turn"],
  ["new_total", "new"],
  ["old", undefined],
] as const;

function anySnapshot(prefix: string, rows: readonly Row[]): fc.Arbitrary<Snapshot> {
  const families = NAMES.map(([name, section]) =>
    fc
      .tuple(fc.subarray([...LABELS]), fc.boolean())
      .chain(([labels, entries]) =>
        fc.tuple(...[[], ...labels].map((one) => anyColumn(rows.length, one, entries))),
      )
      .map((columns) =>
        family(
          prefix + name,
          columns.filter(({ values }) => values.length > 0),
          section,
        ),
      ),
  );
  return fc.tuple(...families).map((found) =>
    snapshotOf(
      rows,
      found.filter(({ columns }) => columns.length > 0),
    ),
  );
}

/** What is known of a target: connections in two channels, those channels, the target, and a report. */
export const anySnapshots: fc.Arbitrary<Snapshot[]> = fc.nat(6).chain((count) => {
  const rows = Array.from({ length: count }, (_, i) => ({ channelId: `ch${i % 2}`, connectionId: `C${i}` }));
  return fc.tuple(
    anySnapshot("sora_connection_", rows),
    anySnapshot("sora_channel_", [{ channelId: "ch0" }, { channelId: "ch1" }]),
    anySnapshot("sora_target_", [{}]),
    anySnapshot("sora_report_", [{}]),
  );
});
