/** The bytes of an answer as they arrive: cut into connections, which the core reads, or JSON.parse where it gives up. */

import { isUtf8 } from "node:buffer";
import { decodeArray, noJson } from "../sora/decode.ts";
import { SoraFailure } from "../sora/failure.ts";
import { parseJson } from "../sora/json.ts";
import { type Core, STOPPED } from "./core.ts";
import type { Poll } from "./poll.ts";

/** An answer that is no array is an error of Sora's, which is short. */
const MAX_OTHER_BYTES = 1024 * 1024;

/** Of one connection; those of the simulator have some 13 KB. */
const MAX_ELEMENT_BYTES = 16 * 1024 * 1024;

const OPENING = 0x5b;
const CLOSING = 0x5d;
const COMMA = 0x2c;
const BRACE = 0x7b;

/** What has to come next; blanks may come before it. */
type Expected =
  | "array"
  | "first element or end"
  | "element"
  | "comma or end"
  | "nothing"
  /** The answer is no array, whatever it is. */
  | "other";

export class Stream {
  readonly #core: Core;
  readonly #poll: Poll;
  #expected: Expected = "array";
  /** Bytes in the core's window. */
  #length = 0;
  /** Bytes that have left it. */
  #done = 0;
  #other: Uint8Array[] = [];

  constructor(core: Core, poll: Poll) {
    this.#core = core;
    this.#poll = poll;
  }

  /**
   * Takes the next bytes of the answer; they are copied.
   *
   * @throws SoraFailure `invalid_json`, `unexpected_body` or `too_large` as soon as that is clear
   */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#expected === "other") {
        this.#keepOther(chunk.subarray(at));
        return;
      }
      const size = this.#core.window.length;
      const taken = Math.min(chunk.length - at, size - this.#length);
      this.#core.window.set(chunk.subarray(at, at + taken), this.#length);
      at += taken;
      this.#length += taken;
      if (this.#length < size) continue;
      this.#read(false);
      if (this.#length < size) continue;
      // One connection is larger than the window. What it grows by is never given back.
      if (size >= MAX_ELEMENT_BYTES)
        throw new SoraFailure(
          "too_large",
          `one connection is longer than the limit of ${MAX_ELEMENT_BYTES} bytes`,
        );
      this.#core.growWindow(2 * size);
    }
  }

  /**
   * Takes note that the answer is there to its end.
   *
   * @throws SoraFailure `invalid_json`, or as `decodeArray` does for an answer that is no array
   */
  end(): void {
    this.#read(true);
    if (this.#expected === "other" || this.#expected === "array") {
      const body = Buffer.concat([...this.#other, this.#core.window.subarray(0, this.#length)]);
      decodeArray(body, "connections");
    }
    if (this.#expected !== "nothing") throw this.#broken(0);
  }

  /** Reads what is in the window, but an element that may go on behind it. */
  #read(isAll: boolean): void {
    let at = 0;
    for (let next: number | undefined = 0; next !== undefined; next = this.#step(at, isAll)) at = next;
    const { window } = this.#core;
    window.copyWithin(0, at, this.#length);
    this.#length -= at;
    this.#done += at;
    if (this.#expected !== "other") return;
    this.#keepOther(Uint8Array.from(window.subarray(0, this.#length)));
    this.#length = 0;
  }

  /** Reads on; tells where it has come to, or undefined where it needs more bytes. */
  #step(from: number, isAll: boolean): number | undefined {
    const { window } = this.#core;
    const at = skipBlanks(window, from, this.#length);
    if (this.#expected === "other") return undefined;
    // What a proxy may send to keep a connection alive need not be kept.
    if (at === this.#length) return at > from && this.#expected !== "array" ? at : undefined;
    const byte = window[at]!;
    switch (this.#expected) {
      case "array":
        if (byte !== OPENING) {
          this.#expected = "other";
          return from;
        }
        this.#expected = "first element or end";
        return at + 1;
      case "first element or end":
        if (byte !== CLOSING) return this.#readElements(at, isAll);
        this.#expected = "nothing";
        return at + 1;
      case "element":
        return this.#readElements(at, isAll);
      case "comma or end":
        if (byte !== COMMA && byte !== CLOSING) throw this.#broken(at);
        this.#expected = byte === COMMA ? "element" : "nothing";
        return at + 1;
      case "nothing":
        throw this.#broken(at);
    }
  }

  #readElements(from: number, isAll: boolean): number | undefined {
    let at = from;
    if (this.#core.window[at] === BRACE) {
      const read = this.#core.read(at, this.#length);
      this.#poll.addRead(this.#core);
      at = read.at;
      if (read.stopped === STOPPED.behind) {
        this.#expected = "comma or end";
        return at;
      }
      if (at > from) {
        this.#expected = "element";
        return at;
      }
      if (read.stopped === STOPPED.incomplete && !isAll) return undefined;
    }
    const { window } = this.#core;
    const end = elementEnd(window, at, this.#length);
    if (end === -1) {
      if (isAll) throw this.#broken(this.#length);
      return undefined;
    }
    const bytes = window.subarray(at, end);
    this.#poll.addElement(this.#parse(bytes, at), () => isUtf8(bytes));
    this.#expected = "comma or end";
    return end;
  }

  #parse(bytes: Buffer, at: number): unknown {
    try {
      return parseJson(bytes.toString("utf8"));
    } catch (error) {
      throw this.#broken(at, error);
    }
  }

  #broken(at: number, cause?: unknown): SoraFailure {
    return noJson(`from byte ${this.#done + at} on`, cause);
  }

  #keepOther(bytes: Uint8Array): void {
    this.#done += bytes.length;
    if (this.#done > MAX_OTHER_BYTES)
      throw new SoraFailure("unexpected_body", "the answer is no array of connections");
    this.#other.push(bytes);
  }
}

function skipBlanks(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * Where the element of an array ends that begins at `from`, if it is JSON; JSON.parse sees to whether it is.
 *
 * @returns -1 where it may go on behind `end`
 */
function elementEnd(bytes: Buffer, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) {
      at++;
      for (; at < end && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c) at++;
      if (at >= end) return -1;
      if (depth === 0) return at + 1;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || isBlank(byte))) return at;
  }
  return -1;
}
