/** A buffer that grows while text is written into it; the hot end of the exposition. */

/** Ten to the ninth: an integer is written as two halves that fit into 32 bits. */
const BILLION = 1_000_000_000;
const DIGIT_0 = 0x30;

export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param capacity bytes to start with */
  constructor(capacity = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** Writes any text, as UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, "utf8");
  }

  /** Writes bytes. A whole array with `set` is several times faster than a loop over, or a view of, a part of one. */
  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** Writes a number as Prometheus reads it: shortest form that reads back the same, `NaN`, `+Inf`, `-Inf`. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0) this.#integer(value);
    else if (value === Infinity) this.text("+Inf");
    else this.text(value === -Infinity ? "-Inf" : String(value));
  }

  /** Hands over what was written and starts anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#length = 0;
    return taken;
  }

  #integer(value: number): void {
    this.#reserve(16);
    if (value < 10) {
      this.#bytes[this.#length++] = DIGIT_0 + value;
      return;
    }
    const high = Math.floor(value / BILLION);
    const low = value - high * BILLION;
    if (high > 0) this.#digits(high, digitCount(high));
    this.#digits(low, high > 0 ? 9 : digitCount(low));
  }

  #digits(value: number, count: number): void {
    const target = this.#bytes;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0;
      target[at] = DIGIT_0 + rest - tenth * 10;
      rest = tenth;
    }
    this.#length += count;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let bound = 10; value >= bound; bound *= 10) count++;
  return count;
}
