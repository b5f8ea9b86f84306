/** A recording on disk that may be larger than memory: where its records are, and one of them at a time. */

import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { RecordedPoll } from "../sora/recording.ts";
import { readRecord } from "../sora/recording.ts";

/** An open recording. */
export interface RecordingFile {
  /** When each record was, in milliseconds after the first; never falling, even if the clock of the recording did. */
  readonly timesMs: readonly number[];
  /**
   * Reads a record again.
   *
   * @throws RecordingError if the file has changed since it was opened
   */
  read(index: number): Promise<RecordedPoll>;
  /** The number of the last line where that is cut off, as by a writer that was killed: it is left out. */
  readonly cutOffLine: number | undefined;
  close(): Promise<void>;
}

/** A recording that cannot be read, with the file, quoted, and where it is a line's fault the line in the message. */
export class RecordingError extends Error {
  override name = "RecordingError";
}

const LINE_FEED = 0x0a;
const OPEN_OBJECT = 0x7b;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const CHUNK_BYTES = 1 << 20;

/** A line of the file, without its line feed. */
interface Line {
  number: number;
  /** Where it begins, in bytes. */
  offset: number;
  bytes: Buffer;
  /** Whether a line feed ends it: of the last line that cannot be said. */
  isWhole: boolean;
}

/**
 * Opens a recording and checks every line of it; no more than one line is in memory at a time. Blank lines
 * are skipped, as is a byte order mark; and the last line where it is cut off and not the only one.
 *
 * @throws RecordingError
 */
export async function openRecording(file: string): Promise<RecordingFile> {
  const name = JSON.stringify(file);
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    throw unreadable(name, error);
  }
  try {
    return await indexLines(handle, name);
  } catch (error) {
    await handle.close();
    if (error instanceof RecordingError) throw error;
    throw unreadable(name, error);
  }
}

/** Says why, without the call and the path that Node.js adds. */
function unreadable(name: string, error: unknown): RecordingError {
  return new RecordingError(`${name}: ${(error as Error).message.split(", ")[0]}`, { cause: error });
}

async function indexLines(handle: FileHandle, name: string): Promise<RecordingFile> {
  const places: Pick<Line, "number" | "offset">[] = [];
  const lengths: number[] = [];
  const timesMs: number[] = [];
  let firstMs = 0;
  let cutOffLine: number | undefined;
  for await (const { bytes, isWhole, ...place } of lines(handle)) {
    if (isBlank(bytes)) continue;
    if (!isWhole && places.length > 0 && isCutOff(bytes)) {
      cutOffLine = place.number;
      break;
    }
    const { timeMs } = check(bytes, name, place.number);
    if (timesMs.length === 0) firstMs = timeMs;
    timesMs.push(Math.max(timesMs.at(-1) ?? 0, timeMs - firstMs));
    places.push(place);
    lengths.push(bytes.length);
  }
  if (places.length === 0) throw new RecordingError(`${name}: there is no record in it`);
  return {
    timesMs,
    cutOffLine,
    async read(index) {
      const { number, offset } = places[index]!;
      const bytes = Buffer.alloc(lengths[index]!);
      let size = 0;
      while (size < bytes.length) {
        const { bytesRead } = await handle.read(bytes, size, bytes.length - size, offset + size);
        if (bytesRead === 0) break;
        size += bytesRead;
      }
      return check(bytes.subarray(0, size), name, number);
    },
    close: () => handle.close(),
  };
}

async function* lines(handle: FileHandle): AsyncGenerator<Line> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pieces: Buffer[] = [];
  let number = 1;
  const head = await handle.read(chunk, 0, BYTE_ORDER_MARK.length, 0);
  let offset = chunk.subarray(0, head.bytesRead).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  let position = offset;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) break;
    let from = 0;
    for (
      let at = chunk.indexOf(LINE_FEED);
      at !== -1 && at < bytesRead;
      at = chunk.indexOf(LINE_FEED, from)
    ) {
      yield { number, offset, bytes: Buffer.concat([...pieces, chunk.subarray(from, at)]), isWhole: true };
      pieces = [];
      from = at + 1;
      number += 1;
      offset = position + from;
    }
    // The chunk is read into again.
    if (from < bytesRead) pieces.push(Buffer.from(chunk.subarray(from, bytesRead)));
    position += bytesRead;
  }
  if (pieces.length > 0) yield { number, offset, bytes: Buffer.concat(pieces), isWhole: false };
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length < 100 && bytes.toString("latin1").trim() === "";
}

/** Whether this is the beginning of a record and no more. */
function isCutOff(bytes: Buffer): boolean {
  if (bytes.find((byte) => byte > 0x20) !== OPEN_OBJECT) return false;
  try {
    JSON.parse(bytes.toString("utf8"));
    return false;
  } catch {
    return true;
  }
}

function check(bytes: Buffer, name: string, line: number): RecordedPoll {
  try {
    return readRecord(bytes);
  } catch (error) {
    throw new RecordingError(`${name}, line ${line}: ${(error as Error).message}`, { cause: error });
  }
}
