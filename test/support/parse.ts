/**
 * A strict reader of both exposition formats, written from their grammars and not from the encoder, that tests hold
 * the encoder against. It throws at whatever the formats do not allow.
 */

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  help: string | undefined;
  type: string;
  unit: string | undefined;
  samples: ParsedSample[];
}

export type ParsedFormat = "prometheus-text" | "openmetrics";

const SUFFIXES: Record<ParsedFormat, Record<string, string[]>> = {
  "prometheus-text": {
    counter: [""],
    gauge: [""],
    untyped: [""],
    histogram: ["_bucket", "_sum", "_count"],
    summary: ["", "_sum", "_count"],
  },
  openmetrics: {
    counter: ["_total"],
    gauge: [""],
    unknown: [""],
    histogram: ["_bucket", "_sum", "_count"],
    summary: ["", "_sum", "_count"],
  },
};

/** Parses an exposition; every sample must belong to the family whose TYPE stands before it. */
export function parseExposition(text: string, format: ParsedFormat): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let current: ParsedFamily | undefined;
  let rest = text;
  if (format === "openmetrics") {
    if (!rest.endsWith("# EOF\n")) throw new Error("no # EOF at the end");
    rest = rest.slice(0, -"# EOF\n".length);
  }
  if (rest !== "" && !rest.endsWith("\n")) throw new Error("no line feed at the end");
  for (const line of rest.split("\n").slice(0, -1)) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (meta) {
      const [, kind, name, content] = meta as unknown as [string, string, string, string];
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`family ${name} comes twice`);
        current = { name, help: undefined, type: "", unit: undefined, samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) throw new Error(`${kind} of ${name} behind its samples`);
      if (kind === "HELP") current.help = unescape(content, format === "openmetrics");
      else if (kind === "TYPE") current.type = content;
      else if (format === "prometheus-text" || !name.endsWith(`_${content}`)) throw new Error(`UNIT ${line}`);
      else current.unit = content;
      continue;
    }
    if (line.startsWith("#")) throw new Error(`comment: ${line}`);
    const sample = parseSample(line);
    const suffixes = SUFFIXES[format][current?.type ?? ""];
    if (!current || !suffixes?.some((suffix) => sample.name === current!.name + suffix)) {
      throw new Error(`sample outside its family: ${line}`);
    }
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`series comes twice: ${line}`);
    seen.add(key);
    current.samples.push(sample);
  }
  return families;
}

/** All samples of an exposition. */
export function samplesOf(text: string, format: ParsedFormat): ParsedSample[] {
  return [...parseExposition(text, format).values()].flatMap(({ samples }) => samples);
}

/** The one sample of a name whose labels include the given ones. */
export function find(
  samples: readonly ParsedSample[],
  name: string,
  labels: Record<string, string> = {},
): ParsedSample | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
  return found[0];
}

function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`no metric name: ${line}`);
  let at = name.length;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    at++;
    while (line[at] !== "}") {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"/.exec(line.slice(at));
      if (!pair) throw new Error(`label: ${line}`);
      if (Object.hasOwn(labels, pair[1]!)) throw new Error(`label twice: ${line}`);
      labels[pair[1]!] = unescape(pair[2]!, true);
      at += pair[0].length;
      if (line[at] === ",") at++;
      else if (line[at] !== "}") throw new Error(`behind a label: ${line}`);
    }
    at++;
  }
  const value = /^ (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(line.slice(at))?.[1];
  if (value === undefined) throw new Error(`value: ${line}`);
  return { name, labels, value: value.endsWith("Inf") ? Number(`${value}inity`) : Number(value) };
}

function unescape(text: string, quotes: boolean): string {
  return text.replaceAll(/\\(.)/g, (whole, c: string) => {
    if (c === "n") return "\n";
    if (c === "\\" || (quotes && c === '"')) return c;
    throw new Error(`escape ${whole}`);
  });
}
