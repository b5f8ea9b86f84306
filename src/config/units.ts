/** Durations and sizes, written as Prometheus writes them. */

const DURATION_UNITS = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const SIZE_UNITS = [
  ["GB", 1024 ** 3],
  ["MB", 1024 ** 2],
  ["KB", 1024],
  ["B", 1],
] as const;

/** The form of a duration: units from the largest to the smallest, each at most once. */
export const DURATION_PATTERN = new RegExp(
  `^(?=\\d)${DURATION_UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`,
);

/** The form of a size: a whole number and its unit. */
export const SIZE_PATTERN = /^(\d+)(GB|MB|KB|B)$/;

/** Milliseconds of a duration such as `500ms`, `10s` or `1m30s`; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const counts = DURATION_PATTERN.exec(text)?.slice(1);
  if (counts === undefined) return undefined;
  const total = DURATION_UNITS.reduce((sum, [, ms], i) => sum + Number(counts[i] ?? 0) * ms, 0);
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A whole number of milliseconds as a duration; like Prometheus, in years or weeks only where nothing remains. */
export function formatDuration(ms: number): string {
  let text = "";
  let rest = ms;
  for (const [unit, size] of DURATION_UNITS) {
    if (rest < size || ((unit === "y" || unit === "w") && rest % size !== 0)) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text === "" ? "0s" : text;
}

/** Bytes of a size such as `256MB`, whose units are powers of 1024; undefined when the text is none. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * SIZE_UNITS.find(([unit]) => unit === match[2])![1];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A whole number of bytes as a size, in the largest unit that divides it. */
export function formatSize(bytes: number): string {
  const [unit, size] = SIZE_UNITS.find(([, size]) => bytes >= size && bytes % size === 0) ?? ["B", 1];
  return `${bytes / size}${unit}`;
}
