/** What Grafana makes of the variables in a query before Prometheus sees it. */

/** What is chosen: one value, several, or what a variable's "All" stands for as it is written (`{ all: ".+" }`). */
export type Choice = string | readonly string[] | { readonly all: string };

/** What there is to fill in. All times are seconds. */
export interface Filling {
  readonly variables: Readonly<Record<string, Choice>>;
  /** From the beginning of the dashboard's time range to its end. */
  readonly rangeS: number;
  /** Between two points of a panel. */
  readonly stepS: number;
  /** What the datasource says of the time between scrapes. */
  readonly scrapeS: number;
}

/**
 * Fills in `$name`, `${name}` and `${name:format}`, also Grafana's own names (`$__rate_interval` and the like).
 *
 * @throws Error for a variable or a format that it does not know: a query must not reach Prometheus with either
 */
export function interpolate(query: string, filling: Filling): string {
  return query.replaceAll(
    /\$(?:(\w+)|\{(\w+)(?::(\w+))?\})|\[\[(\w+)/g,
    (_, bare?: string, braced?: string, format?: string, old?: string) => {
      const name = bare ?? braced ?? old!;
      const own = ownValue(name, filling);
      if (own !== undefined) return own;
      const choice = filling.variables[name];
      if (choice === undefined) throw new Error(`unknown variable ${name} in ${query}`);
      return write(choice, format ?? "", `${name} in ${query}`);
    },
  );
}

function ownValue(name: string, { rangeS, stepS, scrapeS }: Filling): string | undefined {
  switch (name) {
    case "__rate_interval":
      return `${Math.max(stepS + scrapeS, 4 * scrapeS)}s`;
    case "__interval":
      return `${Math.max(stepS, scrapeS)}s`;
    case "__range":
      return `${rangeS}s`;
    case "__range_s":
      return String(rangeS);
    default:
      return undefined;
  }
}

function write(choice: Choice, format: string, where: string): string {
  // Whoever writes what "All" stands for writes it as it shall be.
  if (typeof choice === "object" && "all" in choice) return choice.all;
  const values = typeof choice === "string" ? [choice] : choice;
  if (format === "regex") return either(values.map(escape));
  // Of Prometheus' own escapes one is for the quotes around the value.
  if (format === "") return either(values.map((value) => escape(value).replaceAll("\\", "\\\\")));
  throw new Error(`unknown format ${format} of ${where}`);
}

function either(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `(${values.join("|")})`;
}

function escape(value: string): string {
  return value.replaceAll(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}
