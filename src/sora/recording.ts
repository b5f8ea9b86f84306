/**
 * Recordings of polls, as sorastats writes and reads them: JSON Lines, one answer of GetStatsAllConnections a line,
 * `{"time":{"secs_since_epoch":N,"nanos_since_epoch":N},"values":[...]}`.
 *
 * `nanos_since_epoch` is, despite its name, the part of the time below a second, as Rust's `SystemTime` serializes
 * itself. That is what is written; read is also what the name says, the whole time in nanoseconds.
 */

import { isObject } from "./json.ts";

/** One poll of a recording. */
export interface RecordedPoll {
  /** When it was, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The answer: a JSON array of connections. */
  readonly values: Buffer;
}

const NANOS_PER_SECOND = 1_000_000_000;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;
const END = Buffer.from("}\n");
/** What comes before the values where the time comes first, as everybody writes it. */
const HEAD = /^\s*\{\s*"time"\s*:\s*(\{[^{}]*\})\s*,\s*"values"\s*:\s*(?=\[)/;
/** More than any head is long. */
const HEAD_BYTES = 512;
const TAIL = /\]\s*\}\s*$/;

/**
 * One line of a recording, with the line feed that ends it.
 *
 * @param timeMs when the poll was, in milliseconds since the epoch; at least 0
 * @param body a good answer of GetStatsAllConnections as it was sent: a JSON array. Of it only line breaks are changed,
 *   to blanks, as a line of JSON Lines cannot hold any; inside of a string JSON has none
 */
export function formatRecord(timeMs: number, body: Buffer): Buffer {
  const wholeMs = Math.floor(timeMs);
  const seconds = Math.floor(wholeMs / 1_000);
  const nanos = (wholeMs - seconds * 1_000) * 1_000_000;
  const head = `{"time":{"secs_since_epoch":${seconds},"nanos_since_epoch":${nanos}},"values":`;
  const line = Buffer.concat([Buffer.from(head), body, END]);
  blankOut(line.subarray(head.length, -END.length), LINE_FEED);
  blankOut(line.subarray(head.length, -END.length), CARRIAGE_RETURN);
  return line;
}

function blankOut(bytes: Buffer, byte: number): void {
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) bytes[at] = BLANK;
}

/**
 * Reads one line of a recording, and checks all of it.
 *
 * @param line with or without the line break that ends it
 * @returns with `values` as they stand in the line where `time` and `values` are all there is, in this order; else written anew
 * @throws SyntaxError that says what is wrong with the line
 */
export function readRecord(line: Buffer): RecordedPoll {
  const record = parse(line);
  if (!isObject(record)) throw new SyntaxError("not an object");
  const timeMs = readTime(record["time"]);
  const values = record["values"];
  if (!Array.isArray(values) || !values.every(isObject)) {
    throw new SyntaxError('"values" must be an array of connections');
  }
  // Nothing but the two, so that what stands behind the head is the values alone.
  const plain = Object.keys(record).join() === "time,values" ? cutValues(line) : undefined;
  return { timeMs, values: plain ?? Buffer.from(JSON.stringify(values)) };
}

/** Cuts the values out as they stand; undefined where the line is not laid out as everybody does it. */
function cutValues(line: Buffer): Buffer | undefined {
  const head = HEAD.exec(line.toString("latin1", 0, HEAD_BYTES));
  const tail = TAIL.exec(line.toString("latin1", Math.max(0, line.length - HEAD_BYTES)));
  if (head === null || tail === null) return undefined;
  return line.subarray(head[0].length, line.length - tail[0].length + 1);
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    throw new SyntaxError("not JSON");
  }
}

function readTime(time: unknown): number {
  if (!isObject(time)) throw new SyntaxError('"time" must be an object');
  const { secs_since_epoch: seconds, nanos_since_epoch: nanos } = time;
  if (!isCount(seconds)) throw new SyntaxError('"time.secs_since_epoch" must be an integer of at least 0');
  if (!isCount(nanos)) throw new SyntaxError('"time.nanos_since_epoch" must be an integer of at least 0');
  if (nanos < NANOS_PER_SECOND) return seconds * 1_000 + Math.floor(nanos / 1_000_000);
  // A whole time in nanoseconds is more than a number holds; what it loses is less than a microsecond.
  const timeMs = Math.floor(Math.round(nanos / 1_000) / 1_000);
  if (Math.abs(timeMs - seconds * 1_000 - 500) > 501) {
    throw new SyntaxError(
      '"time.nanos_since_epoch" is neither below a second nor the time of "secs_since_epoch"',
    );
  }
  return timeMs;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
