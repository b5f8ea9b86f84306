/** Sora's answer becomes a snapshot: every number is found, checked and put into its column. */

import { Core } from "./core.ts";
import { layOut } from "./layout.ts";
import { type BuildLimits, MAX_LABELS, MAX_UNKNOWN_FIELDS, Poll } from "./poll.ts";
import type { ConnectionRejection, DropReason, Rejections, ValueRejection } from "./rejections.ts";
import type { StatsSnapshot } from "./snapshot.ts";
import { Stream } from "./stream.ts";
import { createTree, sortedColumns, type Tree, withoutOldKeys } from "./tree.ts";

export interface Built {
  readonly snapshot: StatsSnapshot;
  readonly connections: Rejections<ConnectionRejection>;
  readonly values: Rejections<ValueRejection>;
  /** Series that are left out because there are too many, in numbers of this answer. */
  readonly dropped: Rejections<DropReason>;
  /** How many label values were too long and had to be shortened. */
  readonly shortened: number;
  /** How many elements of the answer were read with JSON.parse, as the fast way gave up on them. */
  readonly slow: number;
}

/** An answer on its way. Where it is given up it is just dropped. */
export interface Building {
  /** How many there are in what was written, but for the last bytes of it. */
  readonly connections: number;
  /**
   * Takes the next bytes of the answer's body; they are not kept.
   *
   * @throws SoraFailure `invalid_json`, `unexpected_body` or `too_large` as soon as that is clear; nothing more may be written then
   */
  write(chunk: Uint8Array): void;
  /**
   * Makes the snapshot, all bytes being there.
   *
   * @param timeMs when the answer was there, in milliseconds since the epoch
   * @throws SoraFailure as `decodeArray` does
   */
  end(timeMs: number): Built;
}

export const DEFAULT_BUILD_LIMITS: BuildLimits = { dataChannelLabels: 64, labelValueLength: 256 };

/** The tree is made anew when it holds this many more keys than twice what the last poll had. */
const TREE_SLACK = 10_000;

/** Builds the snapshots of one target, one after the other; what it learns of the answer's shape it keeps. */
export class SnapshotBuilder {
  readonly #target: string;
  readonly #limits: BuildLimits;
  readonly #core: Core;
  #tree: Tree;
  #polls = 0;
  /** Keys that the last answer had. */
  #usualNodes = 0;
  #poll: Poll | undefined;

  /**
   * @param target name of the target, which becomes the label `target`
   * @param limits how much Sora's users may make of it
   */
  constructor(target: string, limits: BuildLimits = DEFAULT_BUILD_LIMITS) {
    this.#target = target;
    this.#limits = limits;
    this.#core = new Core(limits);
    this.#tree = this.#createTree();
  }

  /** How many keys of earlier answers are kept in mind. */
  get rememberedKeys(): number {
    return this.#tree.nodes;
  }

  /** Begins the next answer; one that has not come to its end is forgotten. */
  begin(): Building {
    const poll = this.#start();
    this.#core.begin(this.#tree);
    const stream = new Stream(this.#core, poll);
    const mustBeCurrent = () => {
      if (this.#poll !== poll) throw new Error("another answer has begun, or this one has ended");
    };
    return {
      get connections() {
        return poll.connections.length;
      },
      write: (chunk) => {
        mustBeCurrent();
        stream.write(chunk);
      },
      end: (timeMs) => {
        mustBeCurrent();
        stream.end();
        this.#core.eachSeen((node) => poll.see(node));
        return this.#finish(poll, timeMs);
      },
    };
  }

  /**
   * Builds the snapshot of an answer that is decoded already: the plain way, which is what bytes have to come to as well.
   *
   * @param answer the connections as Sora sent them; whatever is malformed is left out and counted, nothing else
   * @param timeMs when the answer was there, in milliseconds since the epoch
   * @param validUtf8 false where the answer's bytes were not UTF-8
   */
  build(answer: readonly unknown[], timeMs: number, validUtf8 = true): Built {
    const poll = this.#start();
    for (const element of answer) poll.addElement(element, () => validUtf8);
    return this.#finish(poll, timeMs);
  }

  #createTree(): Tree {
    return createTree(this.#limits.labelValueLength);
  }

  #start(): Poll {
    // An answer that was given up has taught something, too.
    if (this.#tree.nodes > 2 * (this.#usualNodes + TREE_SLACK)) this.#tree = this.#createTree();
    this.#poll = new Poll(++this.#polls, this.#tree, this.#limits);
    return this.#poll;
  }

  #finish(poll: Poll, timeMs: number): Built {
    this.#poll = undefined;
    const snapshot = layOut({
      target: this.#target,
      timeMs,
      connections: poll.connections,
      columns: sortedColumns(this.#tree),
      infos: poll.infos.values(),
    });
    this.#forgetOldKeys(poll, snapshot.unknownPaths.length);
    return {
      snapshot,
      connections: poll.rejectedConnections.result(),
      values: poll.rejectedValues.result(),
      dropped: poll.dropped.result(),
      shortened: poll.shortened,
      slow: poll.slow,
    };
  }

  /** Keys that users choose come and go; without this the tree would hold all that ever were. */
  #forgetOldKeys(poll: Poll, unknownFields: number): void {
    const { nodes, unknownPaths, labels } = this.#tree;
    const departedFillTheBound =
      (unknownPaths.size >= MAX_UNKNOWN_FIELDS && unknownFields < unknownPaths.size) ||
      (labels >= MAX_LABELS && poll.labelsSeen < labels);
    if (nodes > 2 * poll.nodesSeen + TREE_SLACK || departedFillTheBound)
      this.#tree = withoutOldKeys(this.#tree, this.#polls);
    this.#usualNodes = poll.nodesSeen;
  }
}
