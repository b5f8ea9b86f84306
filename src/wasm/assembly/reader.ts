/**
 * Reads connections straight from the bytes of Sora's answer, along a table of the keys that are known. Nothing is decided
 * here: whatever is not plainly what the table expects makes it give up on the one connection, and src/snapshot/ reads
 * that one with JSON.parse. src/snapshot/core.ts is the other half: it lays out the memory and knows the same numbers.
 */

// A node of the table; its key as the bytes of `"key":` follows it, with zeros up to a multiple of 16.
const KEY_LENGTH: usize = 0;
/** The node that came after this one last time: almost always, it does again. */
const NEXT: usize = 4;
/** The node that came first in this object last time. */
const FIRST: usize = 8;
const PARENT: usize = 12;
const COLUMN: usize = 16;
const FLAGS: usize = 20;
/** Number of the last connection that had the key. */
const STAMP: usize = 24;
/** What the other half calls the node. */
const INDEX: usize = 28;
const DIVISOR: usize = 32;
const KEY: usize = 48;

// Flags of a node.
/** A number here has a column. */
const NUMBER: u32 = 1;
/** No number below zero, or above `MAX_SAFE`. */
const COUNTER: u32 = 2;
const DIVIDED: u32 = 4;
const OBJECT: u32 = 8;
/** An object here is noted. */
const NOTED: u32 = 16;
/** A string, true or false may be here. */
const SCALAR: u32 = 32;
/** And is noted. */
const WANTED: u32 = 64;
/** The keys of an object here are labels, and counted. */
const LABELS: u32 = 128;
/** The key is a label; nothing but an object may be here. */
const LABEL: u32 = 256;

// Kinds of notes.
const PLAIN: u32 = 0;
/** A string that holds an escape, or bytes beyond ASCII. */
const SPELLED: u32 = 1;
const TRUE: u32 = 2;
const FALSE: u32 = 3;
const BEGIN: u32 = 4;
/** A number that is left to JavaScript. */
const DIGITS: u32 = 5;

// Why reading stopped.
/** Behind a connection something else follows than another one. */
const BEHIND: i32 = 0;
/** The bytes end before the connection does. */
const INCOMPLETE: i32 = 1;
const GAVE_UP: i32 = 2;
/** No more room for what is found. */
const FULL: i32 = 3;

const NOTE_BYTES: usize = 16;
const ROW_BYTES: usize = 16;
const MAX_PROBES: i32 = 32;
/** Number.MAX_SAFE_INTEGER, and how many digits no number above it can do with. */
const MAX_SAFE: u64 = 9007199254740991;
const SAFE_DIGITS: i32 = 15;

let values: usize = 0;
let columns: usize = 0;
let entryLimit: i32 = 0;
let notes: usize = 0;
let noteLimit: i32 = 0;
let rows: usize = 0;
let rowLimit: i32 = 0;
let labelLimit: i32 = 0;
let root: usize = 0;
let table: usize = 0;
let tableMask: u32 = 0;
let serial: u32 = 0;

/** Where the last `read` stopped: the beginning of the connection that was not read, or behind the last one. */
export let position: usize = 0;
export let entryCount: i32 = 0;
export let noteCount: i32 = 0;
export let rowCount: i32 = 0;

let powers: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
]);

export function placeOutput(
  valuesAt: usize,
  columnsAt: usize,
  maxEntries: i32,
  notesAt: usize,
  maxNotes: i32,
  rowsAt: usize,
  maxRows: i32,
): void {
  values = valuesAt;
  columns = columnsAt;
  entryLimit = maxEntries;
  notes = notesAt;
  noteLimit = maxNotes;
  rows = rowsAt;
  rowLimit = maxRows;
}

/** Numbers of connections begin anew behind `from`; `maxLabels` a connection. */
export function start(rootAt: usize, from: u32, maxLabels: i32): void {
  root = rootAt;
  serial = from;
  labelLimit = maxLabels;
}

/** The number of the last connection. */
export function lastSerial(): u32 {
  return serial;
}

/** The hash table of nodes: `slots` pointers, a power of two, all zero. */
export function placeTable(at: usize, slots: u32): void {
  table = at;
  tableMask = slots - 1;
}

/** Puts a node into the hash table, which has room. */
export function insert(node: usize): void {
  let slot = hashOf(load<u32>(node, PARENT), node + KEY, load<u32>(node, KEY_LENGTH)) & tableMask;
  while (load<u32>(table + (<usize>slot << 2)) != 0) slot = (slot + 1) & tableMask;
  store<u32>(table + (<usize>slot << 2), <u32>node);
}

// @ts-ignore: decorator
@inline
function hashOf(parent: u32, key: usize, length: u32): u32 {
  let hash: u64 = (<u64>parent << 32) | <u64>length;
  let at = key;
  const end = key + length;
  for (; at + 8 <= end; at += 8) hash = (hash ^ load<u64>(at)) * 0x9e3779b97f4a7c15, hash ^= hash >> 29;
  for (; at < end; at++) hash = (hash ^ <u64>load<u8>(at)) * 0x9e3779b97f4a7c15;
  return <u32>(hash >> 32);
}

/** Whether the bytes at `at` are the key of a node. */
// @ts-ignore: decorator
@inline
function matches(at: usize, node: usize): bool {
  let left = <i32>load<u32>(node, KEY_LENGTH);
  let key = node + KEY;
  while (left >= 16) {
    if (i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(key))) != 0xffff) return false;
    at += 16;
    key += 16;
    left -= 16;
  }
  const mask = (1 << left) - 1;
  return (i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(key))) & mask) == mask;
}

/** The node of the key that begins at `at`, below a parent; 0 where there is none. */
function find(at: usize, end: usize, parent: usize): usize {
  if (load<u8>(at) != 0x22) return 0;
  let close = at + 1;
  for (; close < end; close++) {
    const c = load<u8>(close);
    if (c == 0x22) break;
    if (c == 0x5c) close++;
  }
  const length = <u32>(close + 2 - at);
  if (close + 2 > end) return 0;
  let slot = hashOf(<u32>parent, at, length) & tableMask;
  for (let probe = 0; probe < MAX_PROBES; probe++) {
    const node = <usize>load<u32>(table + (<usize>slot << 2));
    if (node == 0) return 0;
    if (
      load<u32>(node, KEY_LENGTH) == length &&
      <usize>load<u32>(node, PARENT) == parent &&
      matches(at, node)
    )
      return node;
    slot = (slot + 1) & tableMask;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function isDigit(c: u32): bool {
  return c - 0x30 <= 9;
}

function isHex(c: u32): bool {
  return isDigit(c) || (c | 0x20) - 0x61 <= 5;
}

let stringKind: u32 = 0;

/** The place of the quote that closes the string whose text begins at `at`, or 0 where it is none; sets `stringKind`. */
function closingQuote(at: usize): usize {
  let kind = PLAIN;
  while (true) {
    const chunk = v128.load(at);
    const special = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(chunk, i8x16.splat(0x22)), i8x16.eq(chunk, i8x16.splat(0x5c))),
        i8x16.lt_u(chunk, i8x16.splat(0x20)),
      ),
    );
    const high = i8x16.bitmask(chunk);
    if (special == 0) {
      if (high != 0) kind = SPELLED;
      at += 16;
      continue;
    }
    const before = ctz(special);
    if ((high & ((1 << before) - 1)) != 0) kind = SPELLED;
    at += before;
    const c = load<u8>(at);
    if (c == 0x22) {
      stringKind = kind;
      return at;
    }
    if (c != 0x5c) {
      position = at;
      return 0;
    }
    kind = SPELLED;
    const escaped = load<u8>(at, 1);
    if (escaped == 0x75) {
      if (!(isHex(load<u8>(at, 2)) && isHex(load<u8>(at, 3)) && isHex(load<u8>(at, 4)) && isHex(load<u8>(at, 5)))) {
        position = at;
        return 0;
      }
      at += 6;
    } else if (
      escaped == 0x22 || escaped == 0x5c || escaped == 0x2f || escaped == 0x62 ||
      escaped == 0x66 || escaped == 0x6e || escaped == 0x72 || escaped == 0x74
    ) {
      at += 2;
    } else {
      position = at;
      return 0;
    }
  }
}

// @ts-ignore: decorator
@inline
function addNote(kind: u32, index: u32, at: usize, length: usize): void {
  const note = notes + <usize>noteCount * NOTE_BYTES;
  store<u32>(note, kind);
  store<u32>(note, index, 4);
  store<u32>(note, <u32>at, 8);
  store<u32>(note, <u32>length, 12);
  noteCount++;
}

let number: f64 = 0;

/**
 * Reads the number at `at` into `number`.
 *
 * @param counter whether it must not be above `MAX_SAFE`
 * @returns where it ends; 0 where it is none, or beyond what is read here
 */
// @ts-ignore: decorator
@inline
function readNumber(at: usize, counter: bool): usize {
  const begin = at;
  let c = <u32>load<u8>(at);
  const negative = c == 0x2d;
  if (negative) c = load<u8>(++at);
  const digitsBegin = at;
  let mantissa: u64 = c - 0x30;
  if (mantissa > 9) return 0;
  c = load<u8>(++at);
  if (mantissa != 0) {
    while (isDigit(c)) {
      mantissa = mantissa * 10 + <u64>(c - 0x30);
      c = load<u8>(++at);
    }
  } else if (isDigit(c)) return 0;
  if (c != 0x2e && (c | 0x20) != 0x65) {
    const digits = <i32>(at - digitsBegin);
    // 19 digits fit 64 bits, and the conversion rounds as JSON.parse does.
    if (digits <= SAFE_DIGITS || (digits <= 19 && !(counter && mantissa > MAX_SAFE))) {
      const value = <f64>mantissa;
      number = negative ? -value : value;
      return at;
    }
    return leave(begin, at, digits, digits, counter);
  }
  return readFraction(begin, digitsBegin, at, mantissa, negative, counter);
}

/**
 * Leaves a number to JavaScript.
 *
 * @param before how many of its digits are before the decimal point, once its exponent has moved that
 * @returns as `readNumber`
 */
function leave(begin: usize, end: usize, digits: i32, before: i32, counter: bool): usize {
  if (digits > 50 || noteCount == noteLimit || (counter && before > SAFE_DIGITS)) return 0;
  addNote(DIGITS, entryCount, begin, end - begin);
  return end;
}

function readFraction(begin: usize, digitsBegin: usize, at: usize, mantissa: u64, negative: bool, counter: bool): usize {
  let digits = <i32>(at - digitsBegin);
  let exponent: i32 = 0;
  let c = <u32>load<u8>(at);
  if (c == 0x2e) {
    const fraction = ++at;
    c = load<u8>(at);
    while (isDigit(c)) {
      mantissa = mantissa * 10 + <u64>(c - 0x30);
      c = load<u8>(++at);
    }
    const places = <i32>(at - fraction);
    if (places == 0) return 0;
    digits += places;
    exponent = -places;
  }
  if ((c | 0x20) == 0x65) {
    c = load<u8>(++at);
    const minus = c == 0x2d;
    if (minus || c == 0x2b) c = load<u8>(++at);
    if (!isDigit(c)) return 0;
    let explicit: i32 = 0;
    while (isDigit(c)) {
      explicit = explicit * 10 + <i32>(c - 0x30);
      if (explicit > 250) return 0;
      c = load<u8>(++at);
    }
    exponent += minus ? -explicit : explicit;
  }
  // Both are exact then, so one division or multiplication rounds right.
  if (digits <= 19 && mantissa <= 0x20000000000000 && exponent >= -22 && exponent <= 22) {
    let value = <f64>mantissa;
    if (exponent < 0) value /= load<f64>(powers + (<usize>-exponent << 3));
    else value *= load<f64>(powers + (<usize>exponent << 3));
    if (counter && value > <f64>MAX_SAFE) return 0;
    number = negative ? -value : value;
    return at;
  }
  return leave(begin, at, digits, digits + exponent, counter);
}

/**
 * Reads connections, the first of which begins at `at` with its brace.
 *
 * @param end behind the last byte; at least 32 zeros follow
 * @returns why it stopped; `position`, `entryCount`, `noteCount` and `rowCount` tell the rest
 */
export function read(at: usize, end: usize): i32 {
  entryCount = 0;
  noteCount = 0;
  rowCount = 0;
  while (true) {
    const entriesBefore = entryCount;
    const notesBefore = noteCount;
    if (rowCount == rowLimit) {
      position = at;
      return FULL;
    }
    serial++;
    const behind = readConnection(at, end);
    if (behind == 0) {
      const full = entryCount == entryLimit || noteCount == noteLimit;
      entryCount = entriesBefore;
      noteCount = notesBefore;
      const stopped = position;
      position = at;
      if (stopped >= end) return INCOMPLETE;
      return full && rowCount > 0 ? FULL : GAVE_UP;
    }
    const row = rows + <usize>rowCount * ROW_BYTES;
    store<u32>(row, <u32>at);
    store<u32>(row, <u32>behind, 4);
    store<u32>(row, entryCount, 8);
    store<u32>(row, noteCount, 12);
    rowCount++;
    at = behind;
    // `,{`
    if (load<u16>(at) != 0x7b2c) {
      position = at;
      return BEHIND;
    }
    at++;
  }
}

/** Reads one connection; returns where it ends, or 0 where it is given up, `position` being where that was found. */
function readConnection(at: usize, end: usize): usize {
  const connection = serial;
  let object = root;
  let objectFlags: u32 = load<u32>(root, FLAGS);
  let labels = 0;
  // Where the guess for the next key is kept: in the key before it, or in the object.
  let link: usize = root + FIRST;
  at++;
  if (load<u8>(at) == 0x7d) return at + 1;
  while (true) {
    let node = <usize>load<u32>(link);
    if (node == 0 || !matches(at, node)) {
      node = find(at, end, object);
      if (node == 0) {
        position = at;
        return 0;
      }
      store<u32>(link, <u32>node);
    }
    if (load<u32>(node, STAMP) == connection) {
      position = at;
      return 0;
    }
    store<u32>(node, connection, STAMP);
    if ((objectFlags & LABELS) != 0 && ++labels > labelLimit) {
      position = at;
      return 0;
    }
    at += load<u32>(node, KEY_LENGTH);
    position = at;
    const flags = load<u32>(node, FLAGS);
    const c = <u32>load<u8>(at);
    if (isDigit(c) || c == 0x2d) {
      if ((flags & (NUMBER | WANTED)) != NUMBER || entryCount == entryLimit) return 0;
      if (c == 0x2d && (flags & COUNTER) != 0) return 0;
      const entry = <usize>entryCount;
      at = readNumber(at, (flags & COUNTER) != 0);
      if (at == 0) return 0;
      store<f64>(values + (entry << 3), (flags & DIVIDED) != 0 ? number / load<f64>(node, DIVISOR) : number);
      store<u32>(columns + (entry << 2), load<u32>(node, COLUMN));
      entryCount++;
    } else if (c == 0x7b) {
      if ((flags & OBJECT) == 0) return 0;
      if ((flags & NOTED) != 0) {
        if (noteCount == noteLimit) return 0;
        addNote(BEGIN, load<u32>(node, INDEX), at, 0);
      }
      if (load<u8>(at, 1) != 0x7d) {
        object = node;
        objectFlags = flags;
        link = node + FIRST;
        at++;
        continue;
      }
      at += 2;
    } else if ((flags & LABEL) != 0) {
      return 0;
    } else if (c == 0x22) {
      if ((flags & SCALAR) == 0) return 0;
      const close = closingQuote(at + 1);
      if (close == 0) return 0;
      if ((flags & WANTED) != 0) {
        if (noteCount == noteLimit) return 0;
        addNote(stringKind, load<u32>(node, INDEX), at, close + 1 - at);
      }
      at = close + 1;
    } else if (c == 0x6e) {
      if (load<u32>(at) != 0x6c6c756e) return 0;
      at += 4;
    } else {
      if ((flags & SCALAR) == 0) return 0;
      const yes = load<u32>(at) == 0x65757274;
      if (!yes && !(c == 0x66 && load<u32>(at, 1) == 0x65736c61)) return 0;
      if ((flags & WANTED) != 0) {
        if (noteCount == noteLimit) return 0;
        addNote(yes ? TRUE : FALSE, load<u32>(node, INDEX), at, 0);
      }
      at += yes ? 4 : 5;
    }
    link = node + NEXT;
    let behind = <u32>load<u8>(at);
    while (behind == 0x7d) {
      at++;
      if (object == root) return at <= end ? at : 0;
      link = object + NEXT;
      object = <usize>load<u32>(object, PARENT);
      behind = load<u8>(at);
      objectFlags = load<u32>(object, FLAGS);
    }
    if (behind != 0x2c) {
      position = at;
      return 0;
    }
    at++;
  }
}
