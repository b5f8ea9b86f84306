/**
 * A Sora that says again what a recording holds: its records, one after the other, at the pace at which they were made.
 * Only the operations that they can answer are known.
 */

import type { Address } from "./listen.ts";
import { listenOn } from "./listen.ts";
import type { Answer } from "./operations/answer.ts";
import type { Body } from "./operations/operation.ts";
import { invalid, readBody, readBoolean, readString, Refusal } from "./operations/operation.ts";
import type { RecordingFile } from "./recording-index.ts";
import { openRecording } from "./recording-index.ts";
import { createApi } from "./server.ts";

/** Where to listen and what to play. */
export interface ReplayOptions extends Address {
  /** Path of the recording. */
  file: string;
  /** The clock, in milliseconds since the epoch; `Date.now` by default. */
  nowMs?: () => number;
}

/** A recording that is being played. */
export interface Replay {
  url: string;
  /** How many records there are. */
  records: number;
  /** From the first record to the last. */
  lengthMs: number;
  /** The number of the last line if that is cut off, and not played. */
  cutOffLine: number | undefined;
  /** Stops listening and ends the connections that are open. */
  close(): Promise<void>;
}

/**
 * Plays a recording: with its first record now, with each other as long after it as it was then, and with the last one
 * for ever.
 *
 * @throws RecordingError for a file that cannot be read or has a malformed line; ListenError
 */
export async function startReplay({ host, port, file, nowMs = Date.now }: ReplayOptions): Promise<Replay> {
  const recording = await openRecording(file);
  const { timesMs } = recording;
  let startMs = nowMs();
  const read = readOnce(recording);
  const server = createApi(async (target, text) => {
    const due = timesMs.findLastIndex((timeMs) => timeMs <= nowMs() - startMs);
    return answer(target, text, () => read(Math.max(0, due)));
  });
  server.addHook("onClose", () => recording.close());
  server.route({
    method: ["GET", "POST"],
    url: "/-/scenario",
    handler: (_request, reply) =>
      reply.code(404).send({ error: "a recording is played (--replay), which has no scenarios" }),
  });
  const { urls, close } = await listenOn([server], [{ host, port }]);
  startMs = nowMs();
  const { cutOffLine } = recording;
  return { url: urls[0]!, records: timesMs.length, lengthMs: timesMs.at(-1)!, cutOffLine, close };
}

/** Reads each record when it is asked for first, and keeps it until another one is. */
function readOnce(recording: RecordingFile): (index: number) => Promise<Buffer> {
  let current: { index: number; values: Promise<Buffer> } | undefined;
  return (index) => {
    if (current?.index !== index) {
      current = { index, values: recording.read(index).then(({ values }) => values) };
    }
    return current.values;
  };
}

/** Answers one call from a record's values. */
async function answer(target: unknown, text: string, values: () => Promise<Buffer>): Promise<Answer> {
  try {
    const operation = typeof target === "string" && OPERATIONS.get(target);
    if (!operation) throw new Refusal("INVALID-TARGET");
    const request = readBody(text);
    return { status: 200, body: operation(request, await values()) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: Buffer.from(JSON.stringify({ error_type: error.errorType })) };
  }
}

const OPERATIONS: ReadonlyMap<string, (request: Body, values: Buffer) => Buffer> = new Map([
  [
    "Sora_20171101.GetStatsAllConnections",
    (request: Body, values: Buffer) => {
      // A recording does not tell which node had a connection, so that all nodes are as one.
      readBoolean(request, "local", true);
      return values;
    },
  ],
  [
    "Sora_20170529.GetStatsConnection",
    (request: Body, values: Buffer) => {
      const [found] = select(request, values, "connection_id");
      if (found === undefined) throw invalid("connection_id");
      return found;
    },
  ],
  [
    "Sora_20170529.GetStatsClient",
    (request: Body, values: Buffer) => array(select(request, values, "client_id")),
  ],
  [
    "Sora_20201013.ListConnections",
    (request: Body, values: Buffer) => {
      readBoolean(request, "local", true);
      return array(cutElements(values).map((element) => Buffer.from(JSON.stringify(identify(element)))));
    },
  ],
]);

/** The connections of the channel that is asked for, by one more key. */
function select(request: Body, values: Buffer, key: "connection_id" | "client_id"): Buffer[] {
  const channelId = readString(request, "channel_id");
  const id = readString(request, key);
  return cutElements(values).filter((element) => {
    const connection = identify(element);
    return connection["channel_id"] === channelId && connection[key] === id;
  });
}

/** What a recorded connection says about who it is. */
function identify(element: Buffer): Record<string, unknown> {
  const connection = JSON.parse(element.toString("utf8")) as Record<string, unknown>;
  return Object.fromEntries(
    ["channel_id", "client_id", "bundle_id", "connection_id", "session_id"]
      .filter((key) => typeof connection[key] === "string")
      .map((key) => [key, connection[key]]),
  );
}

function array(elements: readonly Buffer[]): Buffer {
  return Buffer.from(`[${elements.map((element) => element.toString("utf8")).join(",")}]`);
}

/** Cuts a JSON array of objects into its elements, byte by byte as they stand. */
function cutElements(values: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < values.length; at++) {
    const byte = values[at]!;
    if (byte === QUOTE) {
      for (at++; values[at] !== QUOTE; at++) if (values[at] === BACKSLASH) at++;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth === 1) from = at;
      depth += 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 1) elements.push(values.subarray(from, at + 1));
    }
  }
  return elements;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
