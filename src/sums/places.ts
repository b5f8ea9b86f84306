/** Small indices for names that come and go: a name keeps its index while it is kept in mind, and indices are used again. */

const LEAST_CAPACITY = 64;

interface Place {
  index: number;
  seenMs: number;
}

export class Places {
  readonly #places = new Map<string, Place>();
  readonly #free: number[] = [];
  readonly #keepMs: number;
  #capacity = LEAST_CAPACITY;

  /** @param keepMs for how long a name that is not seen is kept in mind, in milliseconds */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** How many names are kept in mind. */
  get size(): number {
    return this.#places.size;
  }

  /** Above every index. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The names with their indices, in the order in which they came. */
  entries(): { readonly name: string; readonly index: number }[] {
    return [...this.#places].map(([name, { index }]) => ({ name, index }));
  }

  /**
   * Forgets names that have not been seen for long. Those that are there now are not among them, even if they have just
   * come back.
   *
   * @returns the names that are forgotten, and their indices
   */
  forget(names: Iterable<string>, nowMs: number): { readonly name: string; readonly index: number }[] {
    for (const name of names) {
      const place = this.#places.get(name);
      if (place !== undefined) place.seenMs = nowMs;
    }
    const gone: { name: string; index: number }[] = [];
    for (const [name, { index, seenMs }] of this.#places) {
      if (nowMs - seenMs <= this.#keepMs) continue;
      this.#places.delete(name);
      this.#free.push(index);
      gone.push({ name, index });
    }
    return gone;
  }

  /** The index of each name, a new one where it has none. */
  place(names: readonly string[], nowMs: number): Int32Array {
    const indices = Int32Array.from(names, (name) => {
      let place = this.#places.get(name);
      if (place === undefined) {
        place = { index: this.#free.pop() ?? this.#places.size, seenMs: nowMs };
        this.#places.set(name, place);
      }
      return place.index;
    });
    // Indices are never beyond the most that were in use at a time.
    this.#capacity = this.#fit(this.#places.size + this.#free.length);
    return indices;
  }

  /**
   * Where many have left, moves the others to the lowest indices.
   *
   * @returns their new indices by their old ones; undefined where nothing moved
   */
  compact(): ReadonlyMap<number, number> | undefined {
    if (this.#capacity <= LEAST_CAPACITY || this.#places.size >= this.#capacity / 8) return undefined;
    const moved = new Map<number, number>();
    for (const place of this.#places.values()) {
      const index = moved.size;
      moved.set(place.index, index);
      place.index = index;
    }
    this.#free.length = 0;
    this.#capacity = this.#fit(this.#places.size, LEAST_CAPACITY);
    return moved;
  }

  /** A capacity that grows by doubling. */
  #fit(count: number, from = this.#capacity): number {
    let capacity = from;
    while (capacity < count) capacity *= 2;
    return capacity;
  }
}
