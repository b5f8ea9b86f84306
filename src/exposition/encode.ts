/**
 * The one encoder: snapshots and the exporter's own metrics become Prometheus' text format 0.0.4 or OpenMetrics
 * 1.0.0. It hands out chunks, so that neither a whole exposition nor a long wait for the event loop is needed.
 */

import type { Label } from "../catalog/resolve.ts";
import { compareNames, type Family, type Snapshot, unitOf } from "../snapshot/snapshot.ts";
import { ByteWriter } from "./byte-writer.ts";
import { canonicalBound, escapeLabelValue, formatLabels, numberText } from "./labels.ts";
import { LineWriter } from "./lines.ts";

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
const LINES = new LineWriter();

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
  lines = LINES,
): Generator<Buffer, void, void> {
  const writer = new ByteWriter(CHUNK_BYTES);
  const names = takenNames([...own, ...snapshots.flatMap(({ families }) => families)]);
  for (const family of own) writer.text(ownFamilyText(family, format, names));
  for (const { family, parts } of mergeByFamily(snapshots)) {
    writer.text(familyHead(family, format, names));
    for (const part of parts) {
      for (const chunk of lines.lines(part.snapshot, part.family, format)) {
        for (let at = 0; at < chunk.length;) {
          const end = Math.min(chunk.length, at + Math.max(0, CHUNK_BYTES - writer.length));
          writer.bytes(chunk.subarray(at, end));
          at = end;
          if (writer.length >= CHUNK_BYTES) yield writer.take();
        }
      }
    }
  }
  if (format === "openmetrics") writer.text("# EOF\n");
  if (writer.length > 0) yield writer.take();
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

/**
 * HELP, TYPE and, in OpenMetrics, UNIT.
 *
 * OpenMetrics names a counter's family without `_total`. If something else has that name (Sora may send both `total_active`
 * and `active`), one name would have two types; and a few counters have names, older than this exporter, that do not end
 * in `_total`. Those go out as `unknown` under their full name, so that their series are called the same in both formats.
 *
 * @param names every name that the exposition takes; see `takenNames`
 */
export function familyHead(
  { name, help, type }: { readonly name: string; readonly help: string; readonly type: OwnFamily["type"] },
  format: Format,
  names: ReadonlySet<string>,
): string {
  const counter = format === "openmetrics" && type === "counter";
  const base = counter ? name.replace(/_total$/, "") : name;
  const misfit = counter && (base === name || names.has(base));
  const shown = misfit ? name : base;
  const head = `# HELP ${shown} ${escapeHelp(help, format)}\n# TYPE ${shown} ${misfit ? "unknown" : type}\n`;
  const unit = unitOf(name);
  return format === "openmetrics" && unit !== undefined && shown.endsWith(unit)
    ? `${head}# UNIT ${shown} ${unit}\n`
    : head;
}

/** A metric of the exporter's own, head and samples. */
export function ownFamilyText(family: OwnFamily, format: Format, names: ReadonlySet<string>): string {
  return familyHead(family, format, names) + family.samples.map((one) => sampleText(one, format)).join("");
}

function sampleText({ name, labels, value }: Sample, format: Format): string {
  const shown = format === "openmetrics" ? labels.map(canonicalBound) : labels;
  return `${name}${shown.length === 0 ? "" : `{${formatLabels(shown)}}`} ${numberText(value)}\n`;
}

function escapeHelp(text: string, format: Format): string {
  if (format === "openmetrics") return escapeLabelValue(text);
  return text.replaceAll(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\"));
}

interface MergedFamily {
  readonly family: Family;
  readonly parts: { readonly snapshot: Snapshot; readonly family: Family }[];
}

/** The families of all targets by name; both formats want a family's lines in one block. */
function mergeByFamily(snapshots: readonly Snapshot[]): MergedFamily[] {
  const merged = new Map<string, MergedFamily>();
  for (const snapshot of snapshots) {
    for (const family of snapshot.families) {
      let entry = merged.get(family.name);
      if (entry === undefined) merged.set(family.name, (entry = { family, parts: [] }));
      entry.parts.push({ snapshot, family });
    }
  }
  return [...merged.values()].sort((a, b) => compareNames(a.family.name, b.family.name));
}
