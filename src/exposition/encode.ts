/**
 * The one encoder: snapshots and the exporter's own metrics become Prometheus' text format 0.0.4 or OpenMetrics
 * 1.0.0. It hands out chunks, so that neither a whole exposition nor a long wait for the event loop is needed.
 */

import type { Label } from "../catalog/resolve.ts";
import {
  type Column,
  compareNames,
  type Family,
  type Row,
  type Snapshot,
  unitOf,
} from "../snapshot/snapshot.ts";
import { ByteWriter } from "./byte-writer.ts";

/** The formats, by the names that their own documents give them. */
export type Format = "prometheus-text" | "openmetrics";

/** One sample of a metric of the exporter's own. */
export interface Sample {
  /** With `_bucket`, `_sum` and `_count` where it belongs to a histogram. */
  readonly name: string;
  readonly labels: readonly Label[];
  readonly value: number;
}

/** A metric of the exporter's own. */
export interface OwnFamily {
  /** Full name, with `_total` where it is a counter. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly samples: readonly Sample[];
}

/** Roughly how many bytes a chunk has. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Encodes everything that one scrape shows.
 *
 * @param own the exporter's own metrics
 * @param snapshots what the targets said; no series may be in two of them
 * @returns chunks of UTF-8; valid under the format's own grammar once they are joined
 */
export function* encode(
  own: readonly OwnFamily[],
  snapshots: readonly Snapshot[],
  format: Format,
): Generator<Buffer, void, void> {
  const writer = new ByteWriter(CHUNK_BYTES + CHUNK_BYTES / 4);
  const names = takenNames([...own, ...snapshots.flatMap(({ families }) => families)]);
  for (const family of own) {
    writeHead(writer, family, format, names);
    for (const sample of family.samples) writeSample(writer, sample, format);
  }
  for (const { family, parts } of mergeByFamily(snapshots)) {
    writeHead(writer, family, format, names);
    for (const { snapshot, columns } of parts) {
      const identities = identitiesOf(snapshot);
      if (family.type === "histogram")
        yield* writeHistogram(writer, family.name, columns, identities, format);
      else for (const column of columns) yield* writeColumn(writer, family.name, column, identities);
    }
  }
  if (format === "openmetrics") writer.text("# EOF\n");
  if (writer.length > 0) yield writer.take();
}

export function ownText(family: OwnFamily, format: Format, names: ReadonlySet<string>): string {
  const writer = new ByteWriter();
  writeHead(writer, family, format, names);
  for (const sample of family.samples) writeSample(writer, sample, format);
  return writer.take().toString();
}
export function familyHead(
  family: Pick<Family, "name" | "help" | "type">,
  format: Format,
  names: ReadonlySet<string>,
): string {
  const writer = new ByteWriter();
  writeHead(writer, family, format, names);
  return writer.take().toString();
}
export function* familyLines(snapshot: Snapshot, family: Family, format: Format): Generator<Uint8Array> {
  const writer = new ByteWriter(CHUNK_BYTES + CHUNK_BYTES / 4);
  const identities = identitiesOf(snapshot);
  if (family.type === "histogram")
    yield* writeHistogram(writer, family.name, family.columns, identities, format);
  else for (const column of family.columns) yield* writeColumn(writer, family.name, column, identities);
  if (writer.length > 0) yield writer.take();
}

/** Text for a label's value or, in OpenMetrics, a HELP line: backslash, quote and line feed are escaped. */
function escapeLabelValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`)) : text;
}

function escapeHelp(text: string, format: Format): string {
  if (format === "openmetrics") return escapeLabelValue(text);
  return text.replaceAll(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\"));
}

/**
 * HELP, TYPE and, in OpenMetrics, UNIT.
 *
 * OpenMetrics names a counter's family without `_total`. If something else has that name (Sora may send both `total_active`
 * and `active`), one name would have two types; and a few counters have names, older than this exporter, that do not end
 * in `_total`. Those go out as `unknown` under their full name, so that their series are called the same in both formats.
 */
function writeHead(
  writer: ByteWriter,
  { name, help, type }: { name: string; help: string; type: OwnFamily["type"] },
  format: Format,
  names: ReadonlySet<string>,
): void {
  const counter = format === "openmetrics" && type === "counter";
  const base = counter ? name.replace(/_total$/, "") : name;
  const misfit = counter && (base === name || names.has(base));
  const shown = misfit ? name : base;
  writer.text(`# HELP ${shown} ${escapeHelp(help, format)}\n# TYPE ${shown} ${misfit ? "unknown" : type}\n`);
  const unit = unitOf(name);
  if (format === "openmetrics" && unit !== undefined && shown.endsWith(unit))
    writer.text(`# UNIT ${shown} ${unit}\n`);
}

function writeSample(writer: ByteWriter, { name, labels, value }: Sample, format: Format): void {
  const shown = format === "openmetrics" ? labels.map(canonicalBound) : labels;
  writer.text(shown.length === 0 ? `${name} ` : `${name}{${formatLabels(shown)}} `);
  writer.number(value);
  writer.text("\n");
}

/** OpenMetrics writes the bounds of buckets as floats: `le="1.0"`. */
function canonicalBound([name, value]: Label): Label {
  return (name === "le" || name === "quantile") && /^-?\d+$/.test(value)
    ? [name, `${value}.0`]
    : [name, value];
}

function formatLabels(labels: readonly Label[]): string {
  return labels.map(([name, value]) => `${name}="${escapeLabelValue(value)}"`).join(",");
}

const NEWLINE = Buffer.from("\n");

function* writeColumn(
  writer: ByteWriter,
  name: string,
  { labels, rows, values, entryLabels }: Column,
  identities: readonly Uint8Array[],
): Generator<Buffer, void, void> {
  const head = Buffer.from(`${name}{`);
  const tail = Buffer.from(labels.length === 0 ? "} " : `,${formatLabels(labels)}} `);
  for (let i = 0; i < values.length; i++) {
    writer.bytes(head);
    writer.bytes(identities[rows === undefined ? i : rows[i]!]!);
    if (entryLabels === undefined) writer.bytes(tail);
    else writer.text(entryLabels[i]!.length === 0 ? "} " : `,${formatLabels(entryLabels[i]!)}} `);
    writer.number(values[i]!);
    writer.bytes(NEWLINE);
    if (writer.length >= CHUNK_BYTES) yield writer.take();
  }
}

/** Row by row, as OpenMetrics wants what belongs to one histogram together. */
function* writeHistogram(
  writer: ByteWriter,
  name: string,
  columns: readonly Column[],
  identities: readonly Uint8Array[],
  format: Format,
): Generator<Buffer, void, void> {
  const parts = columns.map(({ suffix = "", labels, values }) => {
    const shown = format === "openmetrics" ? labels.map(canonicalBound) : labels;
    return {
      head: Buffer.from(`${name}${suffix}{`),
      tail: Buffer.from(shown.length === 0 ? "} " : `,${formatLabels(shown)}} `),
      values,
    };
  });
  const rows = columns[0]?.rows;
  const count = columns[0]?.values.length ?? 0;
  for (let i = 0; i < count; i++) {
    for (const { head, tail, values } of parts) {
      writer.bytes(head);
      writer.bytes(identities[rows === undefined ? i : rows[i]!]!);
      writer.bytes(tail);
      writer.number(values[i]!);
      writer.bytes(NEWLINE);
    }
    if (writer.length >= CHUNK_BYTES) yield writer.take();
  }
}

/** Made once for the rows of a snapshot; all scrapes of it, in both formats, use the same. */
const identitiesByRows = new WeakMap<readonly Row[], readonly Uint8Array[]>();

/** The labels of identity of every row, ready to be copied into a line. */
function identitiesOf({ target, rows }: Snapshot): readonly Uint8Array[] {
  let identities = identitiesByRows.get(rows);
  if (identities === undefined) {
    identities = rows.map((row) => Buffer.from(formatLabels(identityLabels(target, row))));
    identitiesByRows.set(rows, identities);
  }
  return identities;
}

function identityLabels(target: string, { channelId, connectionId }: Row): Label[] {
  const labels: Label[] = [["target", target]];
  if (channelId !== undefined) labels.push(["channel_id", channelId]);
  if (connectionId !== undefined) labels.push(["connection_id", connectionId]);
  return labels;
}

interface MergedFamily {
  readonly family: Family;
  readonly parts: { readonly snapshot: Snapshot; readonly columns: readonly Column[] }[];
}

/** The families of all targets by name; both formats want a family's lines in one block. */
function mergeByFamily(snapshots: readonly Snapshot[]): MergedFamily[] {
  const merged = new Map<string, MergedFamily>();
  for (const snapshot of snapshots) {
    for (const family of snapshot.families) {
      let entry = merged.get(family.name);
      if (entry === undefined) merged.set(family.name, (entry = { family, parts: [] }));
      entry.parts.push({ snapshot, columns: family.columns });
    }
  }
  return [...merged.values()].sort((a, b) => compareNames(a.family.name, b.family.name));
}

/** Every name that is taken; in a histogram those of its samples, too. */
export function takenNames(
  families: readonly { readonly name: string; readonly type: OwnFamily["type"] }[],
): ReadonlySet<string> {
  return new Set(
    families.flatMap(({ name, type }) =>
      type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}
