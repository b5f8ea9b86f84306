/** The columns of one poll, put into families. */

import { type Label, sectionOfInfo } from "../catalog/resolve.ts";
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
  /** By family, then by the values of their labels. */
  readonly columns: readonly ColumnPlan[];
  readonly infos: Iterable<InfoEntries>;
}

/** Lays a poll out as a snapshot, to which the numbers are handed over. */
export function layOut(found: Found): StatsSnapshot {
  const unknownPaths = new Set<string>();
  const families: (Family & { readonly columns: Column[] })[] = [];
  for (const plan of found.columns) {
    const column = plan.finish(found.connections.length);
    if (column === undefined) continue;
    if (plan.unknown !== undefined) unknownPaths.add(plan.unknown);
    const { family: name, help, type, section } = plan;
    if (families.at(-1)?.name === name) families.at(-1)!.columns.push(column);
    else families.push({ name, help, type, section, columns: [column] });
  }
  const infos = [...found.infos].map(toInfoFamily);
  const all = [...families, ...infos].sort((a, b) => compareNames(a.name, b.name));
  return {
    target: found.target,
    timeMs: found.timeMs,
    rows: found.connections,
    families: all,
    series: countSeries(all),
    unknownPaths: [...unknownPaths],
  };
}

function toInfoFamily({ family, help, rows, labels }: InfoEntries): Family {
  const column: Column = {
    labels: [],
    rows: Uint32Array.from(rows),
    values: new Float64Array(rows.length).fill(1),
    entryLabels: labels,
  };
  return { name: family, help, type: "gauge", section: sectionOfInfo(family), columns: [column] };
}
