/** Sora's answer becomes a snapshot: every number is found, checked and put into its column. */

import { CONNECTION_PREFIX, type Label } from "../catalog/resolve.ts";
import { isObject } from "../sora/json.ts";
import { labelValue, toLabelValue } from "./label-value.ts";
import { layOut, type InfoEntries } from "./layout.ts";
import { type ConnectionRejection, type Rejections, Tally, type ValueRejection } from "./rejections.ts";
import type { Connection, StatsSnapshot } from "./snapshot.ts";
import { childOf, createTree, expectationAt, type Node, planColumn, type Tree } from "./tree.ts";

export interface Built {
  readonly snapshot: StatsSnapshot;
  readonly connections: Rejections<ConnectionRejection>;
  readonly values: Rejections<ValueRejection>;
}

/** Sora nests four deep; what is far beyond that is no statistics. */
const MAX_DEPTH = 16;
/** Fields that no rule knows, in one target: almost every one is a metric of its own, so their number is bounded. */
const MAX_UNKNOWN_FIELDS = 1000;
/** The tree is made anew when it holds this many more keys than twice what the last poll had. */
const TREE_SLACK = 10_000;

/** Builds the snapshots of one target, one after the other; what it learns of the answer's shape it keeps. */
export class SnapshotBuilder {
  readonly #target: string;
  #tree: Tree = createTree();
  #poll = 0;

  // The poll at hand: each value with the index of its column, connection after connection.
  #columnOf = new Uint32Array(1024);
  #values = new Float64Array(1024);
  #length = 0;
  #rowEnds: number[] = [];
  #infos = new Map<string, InfoEntries>();
  #nodesSeen = 0;
  #connection: Connection | undefined;
  #rejectedValues = new Tally<ValueRejection>();

  /** @param target name of the target, which becomes the label `target` */
  constructor(target: string) {
    this.#target = target;
  }

  /** How many keys of earlier answers are kept in mind. */
  get rememberedKeys(): number {
    return this.#tree.nodes;
  }

  /**
   * Builds the snapshot of one answer.
   *
   * @param answer the connections as Sora sent them; whatever is malformed is left out and counted, nothing else
   * @param timeMs when the answer was there, in milliseconds since the epoch
   * @param validUtf8 false where the answer's bytes were not UTF-8: ids that hold a replacement character are then
   *   not trusted, as two of them may look alike
   */
  build(answer: readonly unknown[], timeMs: number, validUtf8 = true): Built {
    this.#start();
    const connections: Connection[] = [];
    const seen = new Set<string>();
    const rejected = new Tally<ConnectionRejection>();
    for (const [index, candidate] of answer.entries()) {
      const identity = identify(candidate, seen, validUtf8);
      if (typeof identity === "string") {
        rejected.add(identity, () => `element ${index} of the answer (${identity})`);
        continue;
      }
      this.#connection = identity;
      this.#walk(candidate as Readonly<Record<string, unknown>>, this.#tree.root, connections.length, 0);
      connections.push(identity);
      this.#rowEnds.push(this.#length);
    }
    const snapshot = layOut({
      target: this.#target,
      timeMs,
      connections,
      columns: this.#tree.columns,
      columnOf: this.#columnOf,
      values: this.#values,
      rowEnds: this.#rowEnds,
      infos: this.#infos.values(),
    });
    this.#forgetOldKeys(snapshot.unknownPaths.length);
    return { snapshot, connections: rejected.result(), values: this.#rejectedValues.result() };
  }

  #start(): void {
    this.#poll++;
    this.#length = 0;
    this.#rowEnds = [];
    this.#infos = new Map();
    this.#nodesSeen = 0;
    this.#rejectedValues = new Tally();
    for (const column of this.#tree.columns) {
      column.count = 0;
      column.lastRow = -1;
    }
  }

  /** Keys that users choose come and go; without this the tree would hold all that ever were. */
  #forgetOldKeys(unknownFields: number): void {
    const { nodes, unknownPaths } = this.#tree;
    const departedFillTheBound = unknownPaths.size >= MAX_UNKNOWN_FIELDS && unknownFields < unknownPaths.size;
    if (nodes > 2 * this.#nodesSeen + TREE_SLACK || departedFillTheBound) this.#tree = createTree();
  }

  #walk(object: Readonly<Record<string, unknown>>, node: Node, row: number, depth: number): void {
    if (node.info !== undefined) this.#addInfo(object, node.info, row);
    let expected = 0;
    for (const key in object) {
      // Sora sends the keys of an object in the same order each time, so the next one is almost always the guess.
      let child = node.order[expected];
      if (child?.key !== key) child = childOf(this.#tree, node, key);
      expected = child.position + 1;
      if (child.seenIn !== this.#poll) {
        child.seenIn = this.#poll;
        this.#nodesSeen++;
      }
      const value = object[key];
      if (typeof value === "number") this.#addNumber(child, value, row);
      else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        if (depth >= MAX_DEPTH) this.#reject("too_deep", child);
        else this.#walk(value as Readonly<Record<string, unknown>>, child, row, depth + 1);
      } else if (value !== null) this.#rejectOther(child, value);
    }
  }

  #addNumber(node: Node, value: number, row: number): void {
    if (node.column === undefined) {
      const { unknown } = expectationAt(node);
      const { unknownPaths } = this.#tree;
      if (unknown !== undefined && unknownPaths.size >= MAX_UNKNOWN_FIELDS && !unknownPaths.has(unknown)) {
        this.#reject("too_many_fields", node);
        return;
      }
      planColumn(this.#tree, node);
    }
    const column = node.column!;
    if (!Number.isFinite(value)) this.#reject("not_finite", node);
    else if (value < 0 && column.type === "counter") this.#reject("negative", node);
    else if (column.lastRow !== row) {
      column.lastRow = row;
      column.count++;
      if (this.#length === this.#values.length) this.#grow();
      this.#columnOf[this.#length] = column.index;
      this.#values[this.#length++] = column.divisor === 1 ? value : value / column.divisor;
    }
  }

  #addInfo(
    object: Readonly<Record<string, unknown>>,
    { rule, labels }: NonNullable<Node["info"]>,
    row: number,
  ): void {
    let info = this.#infos.get(rule.name);
    if (info === undefined) {
      info = { family: CONNECTION_PREFIX + rule.name, help: rule.help, rows: [], labels: [] };
      this.#infos.set(rule.name, info);
    }
    // Keys that differ in halves of surrogate pairs alone look the same; the first is kept.
    if (labels.some(([, value]) => value.includes("\u{fffd}")) && hasInfo(info, row, labels)) return;
    info.rows.push(row);
    info.labels.push([...labels, ...rule.labels.map((key): Label => [key, toLabelValue(object[key])])]);
  }

  #rejectOther(node: Node, value: unknown): void {
    if (Array.isArray(value)) this.#reject("array", node);
    else if (node.key.startsWith("total_") || expectationAt(node).is === "number")
      this.#reject("not_a_number", node);
    else if (expectationAt(node).is === "object") this.#reject("not_an_object", node);
  }

  #reject(reason: ValueRejection, node: Node): void {
    this.#rejectedValues.add(
      reason,
      () =>
        `connection ${JSON.stringify(this.#connection?.connectionId)}: ${node.path.join(".")} (${reason})`,
    );
  }

  #grow(): void {
    const columnOf = new Uint32Array(this.#length * 2);
    const values = new Float64Array(this.#length * 2);
    columnOf.set(this.#columnOf);
    values.set(this.#values);
    this.#columnOf = columnOf;
    this.#values = values;
  }
}

function hasInfo({ rows, labels: all }: InfoEntries, row: number, labels: readonly Label[]): boolean {
  return rows.some((other, i) => other === row && labels.every(([, value], k) => all[i]![k]![1] === value));
}

/** The identity of a connection, or why it has none. */
function identify(
  candidate: unknown,
  seen: Set<string>,
  validUtf8: boolean,
): Connection | ConnectionRejection {
  if (!isObject(candidate)) return "not_an_object";
  const { connection_id, channel_id, client_id, bundle_id } = candidate;
  if (typeof connection_id !== "string" || connection_id === "") return "no_connection_id";
  if (typeof channel_id !== "string" || channel_id === "") return "no_channel_id";
  if (!validUtf8 && `${connection_id}${channel_id}`.includes("\u{fffd}")) return "invalid_utf8";
  const connectionId = labelValue(connection_id);
  if (seen.has(connectionId)) return "duplicate_connection_id";
  seen.add(connectionId);
  return {
    channelId: labelValue(channel_id),
    connectionId,
    clientId: toLabelValue(client_id),
    bundleId: toLabelValue(bundle_id),
  };
}
