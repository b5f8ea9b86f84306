/** Numbers and times as the page shows them. */

// Not Intl.NumberFormat: with its first use it takes seven megabytes, of a process that may have little more than a hundred.
/** With commas between thousands, and so many digits behind the point. */
function group(n: number, digits = 0): string {
  const [whole, rest] = n.toFixed(digits).split(".");
  const grouped = whole!.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** In place of what is not known, which is not 0. */
export const UNKNOWN = "–";

/** Such as `12,345`. */
export function formatCount(n: number): string {
  return group(n);
}

/** Bits per second in thousands, without the unit. */
export function formatKilobits(bitsPerSecond: number | undefined): string {
  return formatWhole(bitsPerSecond === undefined ? undefined : bitsPerSecond / 1000);
}

/** A rate without digits behind the point; what is not nothing does not look like it. */
export function formatWhole(rate: number | undefined): string {
  if (rate === undefined) return UNKNOWN;
  return rate > 0 && rate < 0.5 ? "<1" : group(rate);
}

/** A rate of what should not be: a digit behind the point, and plainly 0 where there was none. */
export function formatTrouble(rate: number | undefined): string {
  if (rate === undefined) return UNKNOWN;
  if (rate === 0) return "0";
  return rate < 0.05 ? "<0.1" : group(rate, 1);
}

const BYTE_UNITS = ["B", "kB", "MB", "GB"];

/** Such as `13.1 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 99.95 ? group(value, 1) : group(value)} ${BYTE_UNITS[unit]!}`;
}

/** How long something took: `4 ms`, `1.2 s`, `10 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.9995) return `${group(seconds * 1000)} ms`;
  return `${seconds < 100 ? group(seconds, 1).replace(/\.0$/, "") : group(seconds)} s`;
}

/** Names of the units of time. */
export type TimeUnits = Readonly<Record<"s" | "min" | "h" | "d", string>>;

/** How long ago something was, in whole units: `5 s`, `3 min`, `2 h 5 min`, `4 d 2 h`. Never negative. */
export function formatAge(ms: number, units: TimeUnits): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} ${units.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${units.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, units.h, minutes % 60, units.min);
  return join(Math.floor(hours / 24), units.d, hours % 24, units.h);
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large} ${largeUnit}${small === 0 ? "" : ` ${small} ${smallUnit}`}`;
}

/** Such as `2026-01-31 03:04:05 UTC`. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
