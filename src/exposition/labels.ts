/** Labels and numbers as text, for both formats. */

import type { Label } from "../catalog/resolve.ts";

/** Text for a label's value or, in OpenMetrics, a HELP line: backslash, quote and line feed are escaped. */
export function escapeLabelValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`)) : text;
}

/** Labels as they stand between the braces. */
export function formatLabels(labels: readonly Label[]): string {
  let text = "";
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    text += `${i === 0 ? "" : ","}${label[0]}="${escapeLabelValue(label[1])}"`;
  }
  return text;
}

/** A number as Prometheus reads it: shortest form that reads back the same, `NaN`, `+Inf`, `-Inf`. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/** A label of a histogram or a summary as OpenMetrics has it: its bound is a canonical number. */
export function canonicalBound(label: Label): Label {
  const [name, value] = label;
  return name === "le" || name === "quantile" ? [name, canonicalNumber(value)] : label;
}

/**
 * OpenMetrics 1.0, "Canonical Numbers": as Go writes a float with %g, with `.0` where neither a point nor an exponent shows
 * that it is one.
 */
function canonicalNumber(text: string): string {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return text;
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  const [, digits, sign, exponent] = /^(.*)e([+-])(\d+)$/.exec(value.toExponential()) as unknown as string[];
  const power = Number(`${sign}${exponent}`);
  if (power < -4 || power >= 6) return `${digits}e${sign}${exponent!.padStart(2, "0")}`;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
