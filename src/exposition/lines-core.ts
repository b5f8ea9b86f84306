/** The WebAssembly core that writes lines, and the layout of its memory. */

import { loadModule } from "../wasm/load.ts";
import { type Slice, SLICE_BYTES, SLICE_ROWS } from "./identities.ts";
import { numberText } from "./labels.ts";

/** What has room in a core's memory; tests make it small. */
export interface Capacities {
  /** Bytes that are written before they are handed out. */
  readonly chunkBytes: number;
  /** Lines that are laid out before they are written. */
  readonly lines: number;
  /** What stands in lines before and behind the labels of identity. */
  readonly shapes: number;
  readonly shapeBytes: number;
  /** Labels of identity; at least those of one slice. */
  readonly identities: number;
  readonly identityBytes: number;
}

export const CAPACITIES: Capacities = {
  chunkBytes: 256 * 1024,
  lines: 16 * 1024,
  shapes: 8 * 1024,
  shapeBytes: 1024 * 1024,
  identities: 8 * SLICE_ROWS,
  identityBytes: 4 * SLICE_BYTES,
};

/** What is longer (an identity; a shape's head and tail together) is not for the core. */
export const LONGEST_PIECE = 16 * 1024;
/** Beyond their ends the core reads and writes at most this much. */
const SLACK = 256;
const PAGE = 64 * 1024;

/** There is no room until what is laid out has been written. */
export const FULL = -1;

/** Of the core itself; addresses and lengths are in bytes. */
interface Exports {
  readonly write: (
    numbers: number,
    shapeOf: number,
    identityOf: number,
    shapes: number,
    identities: number,
    line: number,
    lines: number,
    to: number,
    limit: number,
  ) => number;
  readonly written: () => number;
}

const module = loadModule("lines");

/** Shapes, identities and lines are laid out here, then written. */
export class LinesCore {
  readonly #capacities: Capacities;
  readonly #exports: Exports;
  readonly #memory: Buffer;

  /** The lines that are laid out. */
  count = 0;
  readonly numbers: Float64Array;
  readonly shapeOf: Uint32Array;
  readonly identityOf: Uint32Array;

  /** Changes when the shapes that were laid out are no longer there. */
  epoch = 0;
  readonly #shapes: Uint32Array;
  #shapeCount = 0;
  readonly #shapeBytes: number;
  #shapeLength = 0;
  #head = "";
  #headAt = 0;
  #headLength = 0;

  readonly #identities: Uint32Array;
  #identityCount = 0;
  readonly #identityBytes: number;
  #identityLength = 0;
  /** Index of the first identity of each slice that is there, by the slice's id. */
  readonly #slices = new Map<number, number>();

  readonly #out: number;

  constructor(capacities: Capacities) {
    this.#capacities = capacities;
    let size = 0;
    const region = (bytes: number) => {
      const at = size;
      size += Math.ceil(bytes / 16) * 16 + SLACK;
      return at;
    };
    const numbers = region(capacities.lines * 8);
    const shapeOf = region(capacities.lines * 4);
    const identityOf = region(capacities.lines * 4);
    const shapes = region(capacities.shapes * 16);
    const identities = region(capacities.identities * 4);
    this.#shapeBytes = region(capacities.shapeBytes);
    this.#identityBytes = region(capacities.identityBytes);
    this.#out = region(capacities.chunkBytes + 2 * LONGEST_PIECE);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(size / PAGE) });
    const bytes = (this.#memory = Buffer.from(memory.buffer));
    this.numbers = new Float64Array(memory.buffer, numbers, capacities.lines);
    this.shapeOf = new Uint32Array(memory.buffer, shapeOf, capacities.lines);
    this.identityOf = new Uint32Array(memory.buffer, identityOf, capacities.lines);
    this.#shapes = new Uint32Array(memory.buffer, shapes, capacities.shapes * 4);
    this.#identities = new Uint32Array(memory.buffer, identities, capacities.identities);
    const text = (value: number, at: number) => bytes.write(numberText(value), at, "latin1");
    this.#exports = new WebAssembly.Instance(module, { env: { memory }, lines: { text } })
      .exports as unknown as Exports;
  }

  /** The size of its memory, in bytes. */
  get bytes(): number {
    return this.#memory.length;
  }

  /** Forgets lines that were laid out and not written, and all shapes. */
  start(): void {
    this.count = 0;
    this.#forgetShapes();
  }

  /**
   * Lays out what stands before and behind the labels of identity; three times their length is at most `LONGEST_PIECE`.
   *
   * @returns the shape's index, or `FULL`
   */
  layShape(head: string, tail: string): number {
    const needed = (head.length + tail.length) * 3;
    const { shapes, shapeBytes } = this.#capacities;
    if (this.#shapeCount === shapes || this.#shapeLength + needed > shapeBytes) {
      if (this.count > 0) return FULL;
      this.#forgetShapes();
    }
    const at = this.#shapeCount * 4;
    if (head !== this.#head) {
      this.#head = head;
      this.#headAt = this.#shapeBytes + this.#shapeLength;
      this.#headLength = this.#memory.write(head, this.#headAt, "utf8");
      this.#shapeLength += this.#headLength;
    }
    const tailAt = this.#shapeBytes + this.#shapeLength;
    const tailLength = this.#memory.write(tail, tailAt, "utf8");
    this.#shapeLength += tailLength;
    this.#shapes[at] = this.#headAt;
    this.#shapes[at + 1] = this.#headLength;
    this.#shapes[at + 2] = tailAt;
    this.#shapes[at + 3] = tailLength;
    return this.#shapeCount++;
  }

  /**
   * Lays out the identities of a slice, unless they are there.
   *
   * @returns the index of the first, or `FULL`
   */
  layIdentities({ id, bytes, ends }: Slice): number {
    const known = this.#slices.get(id);
    if (known !== undefined) return known;
    const { identities, identityBytes } = this.#capacities;
    if (
      this.#identityCount + ends.length + 1 > identities ||
      this.#identityLength + bytes.length > identityBytes
    ) {
      if (this.count > 0) return FULL;
      this.#slices.clear();
      this.#identityCount = this.#identityLength = 0;
    }
    const first = this.#identityCount;
    const at = this.#identityBytes + this.#identityLength;
    this.#memory.set(bytes, at);
    this.#identities[first] = at;
    for (let i = 0; i < ends.length; i++) this.#identities[first + 1 + i] = at + ends[i]!;
    this.#identityLength += bytes.length;
    this.#identityCount += ends.length + 1;
    this.#slices.set(id, first);
    return first;
  }

  /** Writes what is laid out; a chunk is there until the next one is asked for. */
  *flush(): Generator<Uint8Array, void, void> {
    const { write, written } = this.#exports;
    for (let line = 0; line < this.count;) {
      line = write(
        this.numbers.byteOffset,
        this.shapeOf.byteOffset,
        this.identityOf.byteOffset,
        this.#shapes.byteOffset,
        this.#identities.byteOffset,
        line,
        this.count,
        this.#out,
        this.#capacities.chunkBytes,
      );
      yield this.#memory.subarray(this.#out, written());
    }
    this.count = 0;
  }

  #forgetShapes(): void {
    this.epoch++;
    this.#shapeCount = this.#shapeLength = 0;
    this.#head = "";
  }
}
