/**
 * A gzip file put together from parts that were compressed apart: once for many scrapes, in another thread, and in any order.
 * Each part ends on a byte's boundary and looks back at nothing before it; checksums are combined without the text.
 */

import { constants, crc32, createDeflateRaw, type DeflateRaw, deflateRawSync } from "node:zlib";

/** Some text, compressed. */
export interface Part {
  /** Blocks of DEFLATE, none of them the last one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the text. */
  readonly length: number;
  /** Of the text. */
  readonly crc: number;
}

/** Fast rather than small: the text is made anew every few seconds. */
const LEVEL = constants.Z_BEST_SPEED;
/** What is no longer is compressed at once; to hand it to another thread would take longer. */
const SMALL = 64 * 1024;

const AT_ONCE_OPTIONS = { level: LEVEL, chunkSize: 4096, finishFlush: constants.Z_SYNC_FLUSH };
const STREAM_OPTIONS = {
  level: LEVEL,
  chunkSize: SMALL,
  // What is compressed is taken out part by part, however large a part is.
  readableHighWaterMark: Number.MAX_SAFE_INTEGER,
};

/** Compresses one text after the other, what is large in Node.js' threads for such work. */
export class PartCompressor {
  #deflate: DeflateRaw | undefined;

  /**
   * Compresses a text.
   *
   * @param chunks a chunk need not be there any more once the next one is asked for
   */
  async compress(chunks: Iterable<Uint8Array>): Promise<Part[]> {
    const parts: Part[] = [];
    let length = 0;
    let crc = 0;
    for (const chunk of chunks) {
      if (length === 0 && chunk.length <= SMALL) {
        parts.push(compressAtOnce(chunk));
        continue;
      }
      length += chunk.length;
      crc = crc32(chunk, crc);
      await this.#write(chunk);
    }
    if (length > 0) parts.push({ bytes: await this.#flush(), length, crc });
    return parts;
  }

  /** Gives its memory back. */
  close(): void {
    this.#deflate?.destroy();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const deflate = (this.#deflate ??= createDeflateRaw(STREAM_OPTIONS));
    await new Promise<void>((resolve, reject) =>
      deflate.write(chunk, (error) => (error ? reject(error) : resolve())),
    );
  }

  async #flush(): Promise<Uint8Array<ArrayBuffer>> {
    const deflate = this.#deflate!;
    // Nothing of this part is looked back at by the next one.
    await new Promise<void>((resolve) => deflate.flush(constants.Z_FULL_FLUSH, resolve));
    const bytes = new Uint8Array(deflate.readableLength);
    const read = () => deflate.read() as Buffer | null;
    let at = 0;
    for (let next = read(); next !== null; next = read()) {
      bytes.set(next, at);
      at += next.length;
    }
    return bytes;
  }
}

function compressAtOnce(text: Uint8Array): Part {
  const bytes = deflateRawSync(text, AT_ONCE_OPTIONS);
  return { bytes: new Uint8Array(bytes), length: text.length, crc: crc32(text) };
}

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty block that is the last one. */
const LAST_BLOCK = Buffer.from([3, 0]);
/** What a stored block can hold. */
const MAX_STORED = 65_535;

/**
 * Puts a gzip file together.
 *
 * @param pieces parts, and texts that are not worth compressing
 */
export function* gzip(pieces: Iterable<Part | string>): Generator<Uint8Array, void, void> {
  let crc = 0;
  let length = 0;
  yield HEADER;
  for (const piece of pieces) {
    if (typeof piece === "string") {
      const text = Buffer.from(piece);
      yield* stored(text);
      crc = crc32(text, crc);
      length += text.length;
    } else {
      yield piece.bytes;
      crc = combineCrc(crc, piece.crc, piece.length);
      length += piece.length;
    }
  }
  yield LAST_BLOCK;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc >>> 0, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  yield trailer;
}

function* stored(text: Buffer): Generator<Uint8Array, void, void> {
  for (let from = 0; from < text.length; from += MAX_STORED) {
    const slice = text.subarray(from, from + MAX_STORED);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(slice.length, 1);
    head.writeUInt16LE(~slice.length & 0xffff, 3);
    yield Buffer.concat([head, slice]);
  }
}

/** The checksum of two texts, one behind the other. */
function combineCrc(first: number, second: number, secondLength: number): number {
  return (multiply(first, powerOfX(8 * secondLength)) ^ second) >>> 0;
}

/** CRC-32 counts with polynomials over GF(2) modulo this one; the bit of x^0 is the highest. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b;
    b = (b & 1) !== 0 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

/** x^(2^i) at index i. */
const SQUARES: readonly number[] = Array.from({ length: 53 }).reduce<number[]>((squares) => {
  const last = squares.at(-1);
  return [...squares, last === undefined ? ONE >>> 1 : multiply(last, last)];
}, []);

function powerOfX(exponent: number): number {
  let power = ONE;
  for (let i = 0, rest = exponent; rest > 0; i++, rest = Math.floor(rest / 2))
    if (rest % 2 === 1) power = multiply(power, SQUARES[i]!);
  return power;
}
