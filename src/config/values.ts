/**
 * The kinds of values that keys of the configuration file hold. Each reads what the file says into what the exporter
 * works with, and says in one sentence what is wrong with it.
 */
import { z } from "zod";
import { quote } from "./errors.ts";
import { readUrl } from "./addresses.ts";
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from "./units.ts";

const DAY_MS = 86_400_000;
const MIN_BODY_BYTES = 1024;

/** Least time from one poll or call to the next. */
export const MIN_INTERVAL_MS = 100;

/** Least time that a poll may be given. */
export const MIN_TIMEOUT_MS = 10;

/** An answer is decoded as one string, and the engine's longest is 24 bytes short of 512MB. */
const MAX_BODY_BYTES = 511 * 1024 ** 2;

/** A map of these keys and no others. */
export function map<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? `unknown key; allowed here: ${keys}` : `is not a map of ${keys}`,
  });
}

/** What a text may be. */
export interface TextRules<T> {
  /** What the text has to be, for messages. */
  readonly expected: string;
  /** What the text means; undefined where it is not what was expected. */
  readonly read: (text: string) => T | undefined;
  /** Forms that are refused first, with messages that do not repeat the text. */
  readonly refused?: readonly (readonly [form: RegExp, message: string])[];
  /** The form of the text, for the JSON Schema. */
  readonly pattern?: RegExp;
}

/** A text that means something. */
export function text<T>({ expected, read, refused = [], pattern }: TextRules<T>) {
  return z
    .string({
      error: ({ input }) => (input === undefined ? "is missing" : `${quote(input)} is not ${expected}`),
    })
    .meta(pattern === undefined ? {} : { pattern: pattern.source })
    .transform((input, context) => {
      const value = read(input);
      const refusal = refused.find(([form]) => form.test(input))?.[1];
      if (value !== undefined && refusal === undefined) return value;
      context.addIssue({ code: "custom", message: refusal ?? `${quote(input)} is not ${expected}` });
      return z.NEVER;
    });
}

/** A URL of Sora's API, in its normal form. */
export function url() {
  return text({
    expected: "an http or https URL",
    read: readUrl,
    refused: [
      [/@/, "a user or password in the URL is not allowed; use basic_auth of a target"],
      [/[?#]/, "a query or fragment in the URL is not allowed"],
    ],
    pattern: /^https?:\/\//,
  });
}

const PATH: Pick<TextRules<string>, "expected" | "refused"> = {
  expected: "the path of a file",
  // What is in a file may be a secret.
  refused: [
    [
      /-----BEGIN|[\r\n]|\$2[abxy]?\$|^[A-Za-z0-9+][A-Za-z0-9+/=]{59,}$/,
      "takes the path of a file, not what is in it",
    ],
  ],
};

/** The path of a file. */
export function path() {
  return text({ ...PATH, read: (path) => (path === "" ? undefined : path) });
}

/** The path of a file, or an empty text for none. */
export function pathOrNone() {
  return text({ ...PATH, read: (path) => path });
}

/** A duration from `min` to a day, in milliseconds. */
export function duration(min: number) {
  return anyDuration().refine((ms) => ms >= min && ms <= DAY_MS, {
    error: ({ input }) => `${formatDuration(Number(input))} is not between ${formatDuration(min)} and 1d`,
  });
}

/** As `duration`, or 0 for never. */
export function durationOrNever(min: number) {
  return anyDuration().refine((ms) => ms === 0 || (ms >= min && ms <= DAY_MS), {
    error: ({ input }) =>
      `${formatDuration(Number(input))} is neither 0s nor between ${formatDuration(min)} and 1d`,
  });
}

function anyDuration() {
  const expected = "a duration such as 500ms, 10s or 1m30s";
  return text({ expected, read: parseDuration, pattern: DURATION_PATTERN });
}

/** The size of an answer, in bytes. */
export function size() {
  return text({ expected: "a size such as 512KB or 256MB", read: parseSize, pattern: SIZE_PATTERN }).refine(
    (bytes) => bytes >= MIN_BODY_BYTES && bytes <= MAX_BODY_BYTES,
    { error: ({ input }) => `${formatSize(Number(input))} is not between 1KB and 511MB` },
  );
}

/** A whole number. */
export function count(min: number, max: number) {
  const rule = {
    error: ({ input }: { input?: unknown }) => `${quote(input)} is not a whole number from ${min} to ${max}`,
  };
  return z.int(rule).min(min, rule).max(max, rule);
}

/** A switch. */
export function boolean() {
  return z.boolean({ error: ({ input }) => `${quote(input)} is not true or false` });
}

/** One of several words. */
export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: ({ input }) => `${quote(input)} is not one of ${values.join(", ")}` });
}

/** A list of values that are all different. */
export function distinct<T extends z.ZodType<string>>(item: T, what: string) {
  return z
    .array(item, { error: `is not a list of ${what}` })
    .superRefine((items, context) => {
      for (const [i, value] of items.entries()) {
        if (items.indexOf(value) === i) continue;
        context.addIssue({ code: "custom", path: [i], message: `${quote(value)} is there twice` });
      }
    })
    .meta({ uniqueItems: true });
}
