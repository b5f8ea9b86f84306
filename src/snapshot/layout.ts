/** The numbers of one poll, found connection by connection, are laid out column by column. */

import { type Label, sectionOfInfo } from "../catalog/resolve.ts";
import {
  compareNames,
  countSeries,
  type Column,
  type Connection,
  type Family,
  type StatsSnapshot,
} from "./snapshot.ts";
import type { ColumnPlan } from "./tree.ts";

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
  /** Index into `columns` of each value, connection after connection. */
  readonly columnOf: Uint32Array;
  readonly values: Float64Array;
  /** For each connection, where its values end. */
  readonly rowEnds: readonly number[];
  readonly infos: Iterable<InfoEntries>;
}

/** Lays a poll's numbers out as a snapshot. Numbers are copied; nothing of `found` is kept but the connections. */
export function layOut(found: Found): StatsSnapshot {
  const used = found.columns.filter(({ count }) => count > 0).sort(byFamilyThenLabels);
  const { values, rows } = scatter(found, used);
  const families: Family[] = [];
  for (let i = 0; i < used.length;) {
    const { family: name, help, type, section } = used[i]!;
    const columns: Column[] = [];
    for (; i < used.length && used[i]!.family === name; i++) columns.push(toColumn(used[i]!, values, rows));
    families.push({ name, help, type, section, columns });
  }
  const infos = [...found.infos].map(toInfoFamily);
  const all = [...families, ...infos].sort((a, b) => compareNames(a.name, b.name));
  return {
    target: found.target,
    timeMs: found.timeMs,
    rows: found.connections,
    families: all,
    series: countSeries(all),
    unknownPaths: [...new Set(used.flatMap(({ unknown }) => unknown ?? []))],
  };
}

/** Puts every value at its place in its column; one pass, each column with a cursor of its own. */
function scatter(found: Found, used: readonly ColumnPlan[]): { values: Float64Array; rows: Uint32Array } {
  const { columns, columnOf, rowEnds } = found;
  let valueCount = 0;
  let rowCount = 0;
  for (const plan of used) {
    plan.cursor = valueCount;
    valueCount += plan.count;
    plan.rowCursor = -1;
    if (plan.count < rowEnds.length) {
      plan.rowCursor = rowCount;
      rowCount += plan.count;
    }
  }
  const values = new Float64Array(valueCount);
  const rows = new Uint32Array(rowCount);
  let entry = 0;
  for (let row = 0; row < rowEnds.length; row++) {
    for (const end = rowEnds[row]!; entry < end; entry++) {
      const plan = columns[columnOf[entry]!]!;
      values[plan.cursor++] = found.values[entry]!;
      if (plan.rowCursor >= 0) rows[plan.rowCursor++] = row;
    }
  }
  return { values, rows };
}

function toColumn(plan: ColumnPlan, values: Float64Array, rows: Uint32Array): Column {
  return {
    labels: plan.labels,
    rows: plan.rowCursor < 0 ? undefined : rows.subarray(plan.rowCursor - plan.count, plan.rowCursor),
    values: values.subarray(plan.cursor - plan.count, plan.cursor),
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

function byFamilyThenLabels(a: ColumnPlan, b: ColumnPlan): number {
  return compareNames(a.family, b.family) || compareNames(labelText(a), labelText(b));
}

function labelText({ labels }: ColumnPlan): string {
  return labels.map(([, value]) => value).join("\0");
}
