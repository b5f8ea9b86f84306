/**
 * Numbers by a small index. Most metrics have one for almost every connection, and are fast in an array; a data channel's
 * label, which users choose, may be that of one connection alone, and ten thousand labels must not be ten thousand arrays.
 */

/** Below this share of the capacity the numbers are kept in a map. */
const SPARSE_SHARE = 1 / 8;

export class Numbers {
  #sparse: Map<number, number> | undefined = new Map();
  #dense = new Float64Array(0);

  /**
   * The numbers as an array of at least the capacity, NaN where there is none, to be read and written in place; undefined
   * where they are few.
   */
  array(capacity: number): Float64Array | undefined {
    if (this.#sparse !== undefined) return undefined;
    if (this.#dense.length < capacity) this.#widen(capacity);
    return this.#dense;
  }

  /** @returns NaN where there is none */
  get(index: number): number {
    if (this.#sparse !== undefined) return this.#sparse.get(index) ?? NaN;
    return this.#dense[index] ?? NaN;
  }

  /** @param capacity no index is this large, or will be before the next `set` says so */
  set(index: number, value: number, capacity: number): void {
    if (this.#sparse === undefined) {
      this.array(capacity)![index] = value;
      return;
    }
    this.#sparse.set(index, value);
    if (this.#sparse.size > capacity * SPARSE_SHARE) this.#condense(capacity);
  }

  delete(index: number): void {
    if (this.#sparse !== undefined) this.#sparse.delete(index);
    else if (index < this.#dense.length) this.#dense[index] = NaN;
  }

  /** Moves every number to the new index of its old one; what has none is forgotten. */
  move(newIndexOf: ReadonlyMap<number, number>, capacity: number): void {
    const moved = [...newIndexOf].map(([from, to]) => [to, this.get(from)] as const);
    this.#sparse = new Map();
    this.#dense = new Float64Array(0);
    for (const [index, value] of moved) if (!Number.isNaN(value)) this.set(index, value, capacity);
  }

  #condense(capacity: number): void {
    this.#dense = new Float64Array(capacity).fill(NaN);
    for (const [index, value] of this.#sparse!) this.#dense[index] = value;
    this.#sparse = undefined;
  }

  #widen(capacity: number): void {
    const wider = new Float64Array(capacity).fill(NaN);
    wider.set(this.#dense);
    this.#dense = wider;
  }
}
