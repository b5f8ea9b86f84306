/**
 * Writes the lines of an exposition; src/exposition/lines.ts lays out the memory and says where in it everything is.
 *
 * A line is a number and two indices: of its shape (what stands before the labels of identity, and what behind them up to
 * the number) and of the identity. Bytes are copied in blocks, beyond their end; whatever is copied too much is written
 * over by what follows, so there has to be room for it behind every region.
 */

/** Writes a number that takes more than a few steps as ASCII, and tells its length. */
declare function text(value: f64, to: usize): usize;

let end: usize = 0;

/** Where the bytes end that the last call of `write` wrote. */
export function written(): usize {
  return end;
}

/**
 * Writes lines until there are `limit` bytes, or no more lines.
 *
 * @param numbers f64 of each line
 * @param shapeOf u32 of each line: index of its shape
 * @param identityOf u32 of each line: index of its identity
 * @param shapes for each shape the address and the length of its head, those of its tail
 * @param identities address of each identity's bytes; each ends where the next one begins
 * @param line the first line
 * @param lines where the lines end
 * @returns the line to go on with
 */
export function write(
  numbers: usize,
  shapeOf: usize,
  identityOf: usize,
  shapes: usize,
  identities: usize,
  line: u32,
  lines: u32,
  to: usize,
  limit: usize,
): u32 {
  let out = to;
  const full = to + limit;
  while (line < lines && out < full) {
    const shape = shapes + ((<usize>load<u32>(shapeOf + ((<usize>line) << 2))) << 4);
    const identity = identities + ((<usize>load<u32>(identityOf + ((<usize>line) << 2))) << 2);
    const identityBytes = <usize>load<u32>(identity);
    // Most have no more bytes than are copied without a branch.
    const head = <usize>load<u32>(shape);
    const headLength = <usize>load<u32>(shape, 4);
    copy32(out, head);
    copy32(out + 32, head + 32);
    if (headLength > 64) copyRest(out, head, 64, headLength);
    out += headLength;
    const length = <usize>load<u32>(identity, 4) - identityBytes;
    copy32(out, identityBytes);
    copy32(out + 32, identityBytes + 32);
    copy32(out + 64, identityBytes + 64);
    copy32(out + 96, identityBytes + 96);
    if (length > 128) copyRest(out, identityBytes, 128, length);
    out += length;
    const tail = <usize>load<u32>(shape, 8);
    const tailLength = <usize>load<u32>(shape, 12);
    copy32(out, tail);
    if (tailLength > 32) copyRest(out, tail, 32, tailLength);
    out += tailLength;
    out = number(out, load<f64>(numbers + ((<usize>line) << 3)));
    store<u8>(out++, 0x0a);
    line++;
  }
  end = out;
  return line;
}

function copyRest(to: usize, from: usize, at: usize, length: usize): void {
  for (; at < length; at += 32) copy32(to + at, from + at);
}

function copy32(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

const SAFE: f64 = 9007199254740992;
/** What has no more digits than this is the shortest decimal that reads back the same. */
const DIGITS_15: f64 = 1e15;

/** Writes a number as `numberText` of src/exposition/lines.ts does. */
function number(to: usize, value: f64): usize {
  if (value >= 0 && value < SAFE) {
    const whole = <u64>value;
    if (<f64>whole == value) return integer(to, whole);
  }
  return other(to, value);
}

function other(to: usize, value: f64): usize {
  const size = abs<f64>(value);
  // Whatever is no number, or infinite, is not less than anything that it would have to be less than.
  if (size < SAFE) {
    const start = to;
    if (value < 0) store<u8>(to++, 0x2d);
    if (trunc<f64>(size) == size) return integer(to, <u64>size);
    const thousandths = nearest<f64>(size * 1000);
    if (thousandths < DIGITS_15 && thousandths / 1000 == size)
      return decimal(to, <u64>thousandths, 1000, 100000);
    const millionths = nearest<f64>(size * 1000000);
    if (millionths < DIGITS_15 && millionths / 1000000 == size)
      return decimal(to, <u64>millionths, 1000000, 100);
    to = start;
  }
  return to + text(value, to);
}

/** Writes `scaled / scale`, which is no integer; `scale * rest` is 10^8. */
function decimal(to: usize, scaled: u64, scale: u64, rest: u64): usize {
  const whole = scaled / scale;
  to = integer(to, whole);
  store<u8>(to, 0x2e);
  const fraction = digits((scaled - whole * scale) * rest);
  store<u64>(to, fraction + ZEROS, 1);
  return to + 9 - <usize>(clz<u64>(fraction) >>> 3);
}

/** Writes an integer below 2^53. */
function integer(to: usize, value: u64): usize {
  if (value < 100000000) return leading(to, value);
  const high = value / 100000000;
  to = leading(to, high);
  store<u64>(to, digits(value - high * 100000000) + ZEROS);
  return to + 8;
}

/** Writes an integer below 10^8 without zeros in front. */
function leading(to: usize, value: u64): usize {
  const all = digits(value);
  // The last digit stays, even if it is zero.
  const zeros = ctz<u64>(all | 0x0100000000000000) & 56;
  store<u64>(to, (all + ZEROS) >>> zeros);
  return to + 8 - <usize>(zeros >>> 3);
}

const ZEROS: u64 = 0x3030303030303030;

/** The eight digits of a number below 10^8, the first one in the lowest byte: halved three times, in parallel. */
function digits(value: u64): u64 {
  const fours = value / 10000;
  const byFour = fours | ((value - fours * 10000) << 32);
  const twos = ((byFour * 10486) >>> 20) & 0x0000007f0000007f;
  const byTwo = twos | ((byFour - twos * 100) << 16);
  const ones = ((byTwo * 103) >>> 10) & 0x000f000f000f000f;
  return ones | ((byTwo - ones * 10) << 8);
}
