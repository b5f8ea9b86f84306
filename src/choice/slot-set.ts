/** A set of small indices: few are kept one by one, many as bits. */

/** An entry of a Set takes about as many bytes as so many bits. */
const BITS_AN_ENTRY = 256;

export class SlotSet {
  #few: Set<number> | undefined = new Set();
  #bits = new Uint32Array(0);

  /**
   * The set as bits, 32 an element, to be read and written in place; undefined where it holds few.
   *
   * @param capacity above every index
   */
  bits(capacity: number): Uint32Array | undefined {
    if (this.#few !== undefined) return undefined;
    if (this.#bits.length * 32 < capacity) this.#resize(capacity);
    return this.#bits;
  }

  has(index: number): boolean {
    if (this.#few !== undefined) return this.#few.has(index);
    return ((this.#bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** @param capacity above this index and every other */
  add(index: number, capacity: number): void {
    if (this.#few === undefined) {
      this.bits(capacity)![index >>> 5]! |= 1 << (index & 31);
      return;
    }
    this.#few.add(index);
    if (this.#few.size * BITS_AN_ENTRY > capacity) this.#condense(capacity);
  }

  delete(index: number): void {
    if (this.#few !== undefined) this.#few.delete(index);
    else if (index >>> 5 < this.#bits.length) this.#bits[index >>> 5]! &= ~(1 << (index & 31));
  }

  /** Moves every index to its new one; those that have none are forgotten. */
  move(newIndexOf: ReadonlyMap<number, number>, capacity: number): void {
    const moved = [...newIndexOf].filter(([from]) => this.has(from)).map(([, to]) => to);
    this.#few = new Set();
    this.#bits = new Uint32Array(0);
    for (const index of moved) this.add(index, capacity);
  }

  #condense(capacity: number): void {
    const few = this.#few!;
    this.#few = undefined;
    this.#resize(capacity);
    for (const index of few) this.#bits[index >>> 5]! |= 1 << (index & 31);
  }

  #resize(capacity: number): void {
    const wider = new Uint32Array(Math.ceil(capacity / 32));
    wider.set(this.#bits);
    this.#bits = wider;
  }
}
