/** The slow and obvious encoder that the fast one must agree with, byte by byte: one line after the other. */

import type { Format, OwnFamily } from "../../src/exposition/compose.ts";
import type { Family, Snapshot } from "../../src/snapshot/snapshot.ts";

type Labels = readonly (readonly [name: string, value: string])[];

/** What `encode` says, as text. */
export function reference(own: readonly OwnFamily[], snapshots: readonly Snapshot[], format: Format): string {
  const all = [...own, ...snapshots.flatMap(({ families }) => families)];
  const names = new Set(all.map(({ name }) => name));
  for (const { name, type } of all)
    if (type === "histogram") for (const end of ["_bucket", "_sum", "_count"]) names.add(name + end);
  let text = "";
  for (const family of own) {
    text += head(family, names, format);
    for (const { name, labels, value } of family.samples) text += line(name, labels, value, format, true);
  }
  for (const name of [
    ...new Set(snapshots.flatMap(({ families }) => families.map((one) => one.name))),
  ].sort()) {
    const parts = snapshots.flatMap((snapshot) =>
      snapshot.families.filter((one) => one.name === name).map((family) => ({ snapshot, family })),
    );
    text += head(parts[0]!.family, names, format);
    for (const { snapshot, family } of parts) text += lines(snapshot, family, format);
  }
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

/** The lines of one family. */
export function lines(snapshot: Snapshot, family: Family, format: Format): string {
  let text = "";
  for (const [row, { channelId, connectionId }] of snapshot.rows.entries()) {
    const identity: [string, string][] = [["target", snapshot.target]];
    if (channelId !== undefined) identity.push(["channel_id", channelId]);
    if (connectionId !== undefined) identity.push(["connection_id", connectionId]);
    for (const { suffix = "", labels, rows, values, entryLabels } of family.columns) {
      const first = rows === undefined ? row : rows.indexOf(row);
      for (let i = first; i >= 0 && i < values.length && (rows?.[i] ?? i) === row; i++) {
        const all = [...identity, ...(entryLabels?.[i] ?? labels)];
        text += line(family.name + suffix, all, values[i]!, format, family.type === "histogram");
      }
    }
  }
  return text;
}

function head(
  { name, help, type }: { name: string; help: string; type: string },
  names: ReadonlySet<string>,
  format: Format,
): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  if (format === "prometheus-text") return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
  const base = name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
  const fits = type !== "counter" || (base !== name && !names.has(base));
  const shown = type === "counter" && fits ? base : name;
  const unit = /_(bytes|seconds)$/.exec(shown)?.[1];
  return (
    `# HELP ${shown} ${escaped.replaceAll('"', '\\"')}\n# TYPE ${shown} ${fits ? type : "unknown"}\n` +
    (unit === undefined ? "" : `# UNIT ${shown} ${unit}\n`)
  );
}

function line(name: string, labels: Labels, value: number, format: Format, bounds: boolean): string {
  const shown = labels.map(([label, text]) => {
    const bound = bounds && format === "openmetrics" && /^(le|quantile)$/.test(label);
    return `${label}="${(bound ? canonical(text) : text)
      .replaceAll("\\", "\\\\")
      .replaceAll('"', '\\"')
      .replaceAll("\n", "\\n")}"`;
  });
  const number = String(value).replace(/^(-?)Infinity$/, (_, sign) => `${sign === "-" ? "-" : "+"}Inf`);
  return `${name}${shown.length > 0 ? `{${shown.join(",")}}` : ""} ${number}\n`;
}

/** The bounds that OpenMetrics' document gives as examples of canonical numbers, and what there is of other kinds. */
export const CANONICAL: Readonly<Record<string, string>> = {
  "0": "0.0",
  "0.001": "0.001",
  "0.01": "0.01",
  "0.1": "0.1",
  "0.99": "0.99",
  "1": "1.0",
  "1.7": "1.7",
  "10": "10.0",
  "1e-10": "1e-10",
  "1e-9": "1e-09",
  "0.00001": "1e-05",
  "0.0001": "0.0001",
  "100000": "100000.0",
  "1000000": "1e+06",
  "1.0e6": "1e+06",
  "1234567": "1.234567e+06",
  "16000000": "1.6e+07",
  "10000000000": "1e+10",
  "-2": "-2.0",
  "+Inf": "+Inf",
  x: "x",
};

function canonical(text: string): string {
  const known = CANONICAL[text];
  if (known === undefined) throw new Error(`what is the canonical form of ${text}?`);
  return known;
}
