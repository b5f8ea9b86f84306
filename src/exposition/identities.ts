/** The labels of identity of a snapshot's rows as bytes, made when they are needed first and kept as long as the rows. */

import type { Row, Snapshot } from "../snapshot/snapshot.ts";
import { escapeLabelValue } from "./labels.ts";

/** So many rows are in a slice at most, and so many bytes. */
export const SLICE_ROWS = 4096;
export const SLICE_BYTES = 512 * 1024;

/** Some rows, side by side. */
export interface Slice {
  /** Of no other slice of any snapshot. */
  readonly id: number;
  /** The first row, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  /** Where each row's bytes end. */
  readonly ends: Uint32Array;
  /** How many bytes the longest has. */
  readonly longest: number;
}

const identitiesByRows = new WeakMap<readonly Row[], Identities>();
const scratch = Buffer.allocUnsafe(SLICE_BYTES);
let slicesMade = 0;

/** The rows of one snapshot, slice by slice; all scrapes of it, in both formats, use the same. */
export class Identities {
  readonly #target: string;
  readonly #rows: readonly Row[];
  readonly #slices: Slice[] = [];

  /** Those of a snapshot. */
  static of({ target, rows }: Snapshot): Identities {
    let identities = identitiesByRows.get(rows);
    if (identities === undefined || identities.#target !== target)
      identitiesByRows.set(rows, (identities = new Identities(target, rows)));
    return identities;
  }

  private constructor(target: string, rows: readonly Row[]) {
    this.#target = target;
    this.#rows = rows;
  }

  /** The slice with an index; undefined behind the last one. Slices are made one after the other. */
  slice(index: number): Slice | undefined {
    const from = this.#slices.at(-1)?.to ?? 0;
    if (index === this.#slices.length && from < this.#rows.length) this.#slices.push(this.#make(from));
    return this.#slices[index];
  }

  #make(from: number): Slice {
    const target = `target="${escapeLabelValue(this.#target)}"`;
    const last = Math.min(this.#rows.length, from + SLICE_ROWS);
    const ends: number[] = [];
    let length = 0;
    for (let row = from; row < last; row++) {
      const text = target + rowLabels(this.#rows[row]!);
      // A character has at most three bytes.
      if (length + text.length * 3 > SLICE_BYTES) {
        // One that has no room in any slice has one of its own.
        if (row === from) return toSlice(from, Buffer.from(text));
        break;
      }
      length += scratch.write(text, length, "utf8");
      ends.push(length);
    }
    return toSlice(from, Uint8Array.from(scratch.subarray(0, length)), ends);
  }
}

function toSlice(from: number, bytes: Uint8Array, ends: readonly number[] = [bytes.length]): Slice {
  const longest = ends.reduce((most, end, i) => Math.max(most, end - (i === 0 ? 0 : ends[i - 1]!)), 0);
  return { id: slicesMade++, from, to: from + ends.length, bytes, ends: Uint32Array.from(ends), longest };
}

function rowLabels({ channelId, connectionId }: Row): string {
  let text = "";
  if (channelId !== undefined) text = `,channel_id="${escapeLabelValue(channelId)}"`;
  if (connectionId !== undefined) text += `,connection_id="${escapeLabelValue(connectionId)}"`;
  return text;
}
