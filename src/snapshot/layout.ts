/** The columns of one poll, put into families. */

import type { Label } from "../catalog/resolve.ts";
import type { ColumnPlan } from "./columns.ts";
import {
  compareNames,
  countSeries,
  type Column,
  type Connection,
  type Family,
  type StatsSnapshot,
} from "./snapshot.ts";

/** The series of one info metric, as they were found. */
export interface InfoEntries {
  readonly family: string;
  readonly help: string;
  readonly rows: number[];
  readonly labels: (readonly Label[])[];
}

/** What the walk over an answer has found. */
export interface Found {
  readonly target: string;
  readonly timeMs: number;
  readonly connections: readonly Connection[];
  readonly columns: readonly ColumnPlan[];
  readonly infos: Iterable<InfoEntries>;
}

/** Lays a poll out as a snapshot, to which the numbers are handed over. */
export function layOut(found: Found): StatsSnapshot {
  const used = found.columns.filter(({ count }) => count > 0).sort(byFamilyThenLabels);
  const unknownPaths = [...new Set(used.flatMap(({ unknown }) => unknown ?? []))];
  const families: Family[] = [];
  for (let i = 0; i < used.length;) {
    const { family: name, help, type } = used[i]!;
    const columns: Column[] = [];
    for (; i < used.length && used[i]!.family === name; i++)
      columns.push(used[i]!.finish(found.connections.length)!);
    families.push({ name, help, type, columns });
  }
  const infos = [...found.infos].map(toInfoFamily);
  const all = [...families, ...infos].sort((a, b) => compareNames(a.name, b.name));
  return {
    target: found.target,
    timeMs: found.timeMs,
    rows: found.connections,
    families: all,
    series: countSeries(all),
    unknownPaths,
  };
}

function toInfoFamily({ family, help, rows, labels }: InfoEntries): Family {
  const column: Column = {
    labels: [],
    rows: Uint32Array.from(rows),
    values: new Float64Array(rows.length).fill(1),
    entryLabels: labels,
  };
  return { name: family, help, type: "gauge", columns: [column] };
}

function byFamilyThenLabels(a: ColumnPlan, b: ColumnPlan): number {
  return compareNames(a.family, b.family) || compareNames(labelText(a), labelText(b));
}

function labelText({ labels }: ColumnPlan): string {
  return labels.map(([, value]) => value).join("\0");
}
