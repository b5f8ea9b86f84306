/**
 * The WebAssembly core (src/wasm/assembly/reader.ts) and its memory: the bytes that wait to be read, the table of the keys
 * that are known, and what was found. Whatever the core gives up on is read by others; nothing here changes what comes out.
 */

import { isUtf8 } from "node:buffer";
import { originalKey, parseJson } from "../sora/json.ts";
import { loadModule } from "../wasm/load.ts";
import { type BuildLimits, type Ids, MAX_DEPTH } from "./poll.ts";
import type { Node, Tree } from "./tree.ts";

/** Why the core stopped. */
export const STOPPED = {
  /** Behind a connection, something else follows than another one. */
  behind: 0,
  /** In front of a connection that may not be there to its end. */
  incomplete: 1,
  /** In front of a connection that is to be read otherwise. */
  gaveUp: 2,
  /** In front of a connection; what was found before is to be taken first. */
  full: 3,
} as const;

const PAGE = 65_536;
const WINDOW_BYTES = 4 * PAGE;
/** Zeros behind the bytes to read, where the core stops by itself. */
const PADDING = 64;
const MAX_ENTRIES = 32_768;
const MAX_NOTES = 8_192;
/** Strings up to this length are compared with the last one at their node. */
const REPEATED_BYTES = 24;
const MAX_ROWS = 2_048;
const FIRST_SLOTS = 4_096;
/** Memory cannot be given back but all of it; above this it is. */
const LARGE = 8 * 1024 * 1024;
/** Before the numbers of connections are used up. */
const MAX_SERIAL = 2 ** 31;

// The fields of a node of the table, in words of four bytes; its key follows.
const KEY_LENGTH = 0;
const PARENT = 3;
const COLUMN = 4;
const FLAGS = 5;
const STAMP = 6;
const INDEX = 7;
const DIVISOR = 8;
const NODE_BYTES = 48;

const FLAG = {
  number: 1,
  counter: 2,
  divided: 4,
  object: 8,
  noted: 16,
  scalar: 32,
  wanted: 64,
  labels: 128,
  label: 256,
} as const;

// Kinds of notes.
/** A string of ASCII without escapes; other strings are of kind 1. */
const PLAIN = 0;
const TRUE = 2;
const FALSE = 3;
const BEGIN = 4;
const DIGITS = 5;
const NOTE_WORDS = 4;
const ROW_WORDS = 4;

const ID_KEYS: ReadonlySet<string> = new Set(["connection_id", "channel_id", "client_id", "bundle_id"]);

interface Exports {
  readonly position: { readonly value: number };
  readonly entryCount: { readonly value: number };
  readonly noteCount: { readonly value: number };
  readonly rowCount: { readonly value: number };
  placeOutput(
    values: number,
    columns: number,
    maxEntries: number,
    notes: number,
    maxNotes: number,
    rows: number,
    maxRows: number,
  ): void;
  placeTable(at: number, slots: number): void;
  insert(node: number): void;
  start(root: number, serial: number, maxLabels: number): void;
  lastSerial(): number;
  read(at: number, end: number): number;
}

let compiled: WebAssembly.Module | undefined;

export class Core {
  /** Column of each number that was found, connection after connection. */
  columnOf!: Uint32Array;
  /** The numbers, in the units of their columns. */
  values!: Float64Array;
  /** How many connections were read. */
  rowCount = 0;
  /** The window's bytes. Reading or growing may put another buffer here, and what was here is empty then. */
  window!: Buffer;

  readonly #limits: BuildLimits;
  #memory!: WebAssembly.Memory;
  #core!: Exports;
  /** Where the next thing is put; nothing is ever freed but all. */
  #top = 0;
  #windowAt = 0;
  #windowBytes = 0;
  #notesAt = 0;
  #rowsAt = 0;
  #entriesAt = 0;
  #words!: Uint32Array;
  #doubles!: Float64Array;
  #bytes!: Buffer;
  #slots = 0;
  /** The nodes in the table, by their index there. */
  #nodes: Node[] = [];
  /** What stood at a node last, where it was short. */
  #last: ({ readonly bytes: Uint8Array; readonly text: unknown } | undefined)[] = [];
  #tree: Tree | undefined;
  /** Number of the last connection before the poll at hand. */
  #serialBefore = 0;

  constructor(limits: BuildLimits) {
    this.#limits = limits;
  }

  /** Begins a poll; the window is empty then. */
  begin(tree: Tree): void {
    const large = this.#tree !== undefined && this.#memory.buffer.byteLength > LARGE;
    if (tree !== this.#tree || large || this.#lastSerial() > MAX_SERIAL) this.#reset(tree, large);
    this.#serialBefore = this.#lastSerial();
  }

  /** Makes the window at least so large; what is in it stays. */
  growWindow(bytes: number): void {
    const from = this.#windowAt;
    const length = this.#windowBytes;
    this.#placeWindow(bytes);
    this.#bytes.copyWithin(this.#windowAt, from, from + length);
  }

  /**
   * Reads connections, the first of which begins at `at` with its brace; what was read before is forgotten.
   *
   * @param end behind the last byte of the window that is there
   * @returns why it stopped, and where
   */
  read(at: number, end: number): { readonly stopped: number; readonly at: number } {
    this.#learn();
    const base = this.#windowAt;
    this.#bytes.fill(0, base + end, base + end + PADDING);
    const stopped = this.#core.read(base + at, base + end);
    this.rowCount = this.#core.rowCount.value;
    this.#readLeftNumbers();
    return { stopped, at: this.#core.position.value - base };
  }

  /** Where the numbers of a connection end. */
  entriesEnd(row: number): number {
    return this.#words[this.#rowWord(row) + 2]!;
  }

  /** The ids of a connection. */
  ids(row: number): Ids {
    const ids: Record<string, unknown> = {};
    const { root } = this.#tree!;
    for (let note = this.#notesBegin(row); note < this.#notesEnd(row); note += NOTE_WORDS) {
      const kind = this.#words[note]!;
      if (kind >= BEGIN) continue;
      const node = this.#nodes[this.#words[note + 1]!]!;
      if (node.parent === root) ids[node.key] = this.#readScalar(note, kind);
    }
    return ids;
  }

  /** Whether all bytes of a connection are UTF-8. */
  isUtf8(row: number): boolean {
    const at = this.#rowWord(row);
    return isUtf8(this.#bytes.subarray(this.#words[at], this.#words[at + 1]));
  }

  /** Tells of each object that has an info metric or is below a label, and what it has where the metric has labels. */
  eachInfo(row: number, tell: (node: Node, given: readonly unknown[] | undefined) => void): void {
    let at: Node | undefined;
    let given: unknown[] | undefined;
    for (let note = this.#notesBegin(row); note < this.#notesEnd(row); note += NOTE_WORDS) {
      const kind = this.#words[note]!;
      if (kind === DIGITS) continue;
      const node = this.#nodes[this.#words[note + 1]!]!;
      if (kind === BEGIN) {
        if (at !== undefined) tell(at, given);
        at = node;
        given = node.info?.rule.labels.map(() => undefined);
      } else if (at !== undefined && node.parent === at)
        given![at.info!.rule.labels.indexOf(node.key)] = this.#readRepeated(note, kind);
    }
    if (at !== undefined) tell(at, given);
  }

  /** Tells of each key that the core has met since the poll began. */
  eachSeen(tell: (node: Node) => void): void {
    for (const node of this.#nodes)
      if (this.#words[(node.address >> 2) + STAMP]! > this.#serialBefore) tell(node);
  }

  #lastSerial(): number {
    return this.#core.lastSerial() >>> 0;
  }

  #rowWord(row: number): number {
    return (this.#rowsAt >> 2) + row * ROW_WORDS;
  }

  #notesEnd(row: number): number {
    return (this.#notesAt >> 2) + this.#words[this.#rowWord(row) + 3]! * NOTE_WORDS;
  }

  #notesBegin(row: number): number {
    return row === 0 ? this.#notesAt >> 2 : this.#notesEnd(row - 1);
  }

  #readScalar(note: number, kind: number): unknown {
    if (kind === TRUE || kind === FALSE) return kind === TRUE;
    const at = this.#words[note + 2]!;
    const end = at + this.#words[note + 3]!;
    if (kind === PLAIN) return this.#bytes.toString("latin1", at + 1, end - 1);
    return parseJson(this.#bytes.toString("utf8", at, end));
  }

  /** As `#readScalar`, for what is mostly the same as it was there last time. */
  #readRepeated(note: number, kind: number): unknown {
    const length = this.#words[note + 3]!;
    if (kind !== PLAIN || length > REPEATED_BYTES) return this.#readScalar(note, kind);
    const at = this.#words[note + 2]!;
    const index = this.#words[note + 1]!;
    const last = this.#last[index];
    if (last?.bytes.length === length) {
      let i = 0;
      while (i < length && last.bytes[i] === this.#bytes[at + i]) i++;
      if (i === length) return last.text;
    }
    const text = this.#readScalar(note, kind);
    this.#last[index] = { bytes: Uint8Array.from(this.#bytes.subarray(at, at + length)), text };
    return text;
  }

  /** Numbers of so many digits that they are not read in a step or two. */
  #readLeftNumbers(): void {
    const end = (this.#notesAt >> 2) + this.#core.noteCount.value * NOTE_WORDS;
    for (let note = this.#notesAt >> 2; note < end; note += NOTE_WORDS) {
      if (this.#words[note] !== DIGITS) continue;
      const entry = this.#words[note + 1]!;
      const at = this.#words[note + 2]!;
      const value = Number(this.#bytes.toString("latin1", at, at + this.#words[note + 3]!));
      this.values[entry] = value / this.#tree!.columns[this.columnOf[entry]!]!.divisor;
    }
  }

  #reset(tree: Tree, anew: boolean): void {
    if (this.#tree === undefined || anew) {
      this.#memory = new WebAssembly.Memory({ initial: 16 });
      compiled ??= loadModule("reader");
      const env = { memory: this.#memory, abort: () => {} };
      this.#core = new WebAssembly.Instance(compiled, { env }).exports as unknown as Exports;
      this.#look();
    }
    // The module's own constants are in front.
    this.#top = 4096;
    this.#tree = tree;
    this.#nodes = [];
    this.#last = [];
    this.#entriesAt = this.#allocate(MAX_ENTRIES * 12);
    this.#notesAt = this.#allocate(MAX_NOTES * NOTE_WORDS * 4);
    this.#rowsAt = this.#allocate(MAX_ROWS * ROW_WORDS * 4);
    this.#core.placeOutput(
      this.#entriesAt,
      this.#entriesAt + MAX_ENTRIES * 8,
      MAX_ENTRIES,
      this.#notesAt,
      MAX_NOTES,
      this.#rowsAt,
      MAX_ROWS,
    );
    this.#placeWindow(WINDOW_BYTES);
    this.#placeTable(FIRST_SLOTS);
    tree.changed = [];
    this.#forget(tree.root);
    this.#put(tree.root);
    this.#core.start(tree.root.address, 0, this.#limits.dataChannelLabels);
  }

  /** Puts a node and those below it on the list of what is to be learnt. */
  #forget(node: Node): void {
    node.address = 0;
    for (const child of node.order) {
      this.#tree!.changed.push(child);
      this.#forget(child);
    }
  }

  /** Brings the table up to what the tree has learnt. */
  #learn(): void {
    const tree = this.#tree!;
    if (tree.changed.length === 0) return;
    for (const node of tree.changed) this.#put(node);
    tree.changed = [];
  }

  /** Puts a node into the table, or brings it up to date there. */
  #put(node: Node): void {
    if (node.address === 0) {
      const parent = node.parent?.address;
      // Parents come first, so one without a place has a key that is not for the table.
      if (parent === 0) return;
      const key = spelling(node.key);
      if (key === undefined) return;
      const at = this.#allocate(NODE_BYTES + key.length);
      this.#bytes.fill(0, at, this.#top);
      this.#bytes.set(key, at + NODE_BYTES);
      node.address = at;
      this.#words[(at >> 2) + KEY_LENGTH] = key.length;
      this.#words[(at >> 2) + PARENT] = parent ?? 0;
      this.#words[(at >> 2) + INDEX] = this.#nodes.length;
      this.#nodes.push(node);
      if (parent !== undefined) this.#insert(at);
    }
    const word = node.address >> 2;
    this.#words[word + COLUMN] = node.column?.index ?? 0;
    this.#words[word + FLAGS] = flagsOf(node);
    this.#doubles[(word + DIVISOR) >> 1] = node.column?.divisor ?? 1;
  }

  #insert(node: number): void {
    if (this.#nodes.length * 2 <= this.#slots) this.#core.insert(node);
    else this.#placeTable(this.#slots * 2);
  }

  #placeTable(slots: number): void {
    this.#slots = slots;
    const at = this.#allocate(slots * 4);
    this.#bytes.fill(0, at, at + slots * 4);
    this.#core.placeTable(at, slots);
    for (const { parent, address } of this.#nodes) if (parent !== undefined) this.#core.insert(address);
  }

  #placeWindow(bytes: number): void {
    this.#windowAt = this.#allocate(bytes + PADDING);
    this.#windowBytes = bytes;
    this.#look();
  }

  #allocate(bytes: number): number {
    const at = this.#top;
    this.#top = (at + bytes + 15) & ~15;
    // The core looks at some bytes more than it needs.
    const missing = this.#top + PADDING - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE) + 3);
      this.#look();
    }
    return at;
  }

  /** Memory that has grown is another buffer. */
  #look(): void {
    const { buffer } = this.#memory;
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#bytes = Buffer.from(buffer);
    this.values = new Float64Array(buffer, this.#entriesAt, MAX_ENTRIES);
    this.columnOf = new Uint32Array(buffer, this.#entriesAt + MAX_ENTRIES * 8, MAX_ENTRIES);
    this.window = this.#bytes.subarray(this.#windowAt, this.#windowAt + this.#windowBytes);
  }
}

function flagsOf({ parent, path, column, info, scalar, isLabel, holdsLabels, key }: Node): number {
  const isId = parent?.parent === undefined && ID_KEYS.has(key);
  const wanted = isId || parent?.info?.rule.labels.includes(key) === true;
  let flags = 0;
  if (column !== undefined && !isLabel) flags |= FLAG.number;
  if (column?.type === "counter") flags |= FLAG.counter;
  if (column !== undefined && column.divisor !== 1) flags |= FLAG.divided;
  if (path.length <= MAX_DEPTH) flags |= FLAG.object;
  if (info !== undefined || isLabel) flags |= FLAG.noted;
  if (scalar) flags |= FLAG.scalar;
  if (wanted) flags |= FLAG.wanted;
  if (holdsLabels) flags |= FLAG.labels;
  if (isLabel) flags |= FLAG.label;
  return flags;
}

/**
 * The bytes of a key and its colon as JSON writers spell it, or undefined where another key could be spelled so, or
 * JavaScript has its place among the others changed.
 */
function spelling(key: string): Buffer | undefined {
  // Indices come first in an object; a backslash that is none of the stand-ins was spelled in another way.
  if (/^(0|[1-9][0-9]*)$/.test(key) || /[\p{Cc}\\\u{fffd}]/u.test(key) || !key.isWellFormed())
    return undefined;
  return Buffer.from(`${JSON.stringify(originalKey(key))}:`);
}
