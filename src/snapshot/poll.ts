/**
 * One poll of one target: what its connections become, and what of them is left out. Connections come in here one by one,
 * either as JSON.parse made them, which is the reference, or as the core found them in the bytes.
 */

import { CONNECTION_PREFIX, type Label } from "../catalog/resolve.ts";
import { isObject, originalKey } from "../sora/json.ts";
import { beginColumns } from "./columns.ts";
import type { Core } from "./core.ts";
import { labelValue, shorten, toLabelValue } from "./label-value.ts";
import type { InfoEntries } from "./layout.ts";
import { type ConnectionRejection, type DropReason, Tally, type ValueRejection } from "./rejections.ts";
import type { Connection } from "./snapshot.ts";
import {
  allowScalar,
  childOf,
  expectationAt,
  type Node,
  type NodeInfo,
  planColumn,
  type SharedLabels,
  type Tree,
} from "./tree.ts";

/** How much Sora's users may make of a target's answer. */
export interface BuildLimits {
  /** Labels of data channels that a connection may have; series of further ones are left out. */
  readonly dataChannelLabels: number;
  /** Label values longer than this, in UTF-16 code units, are shortened. */
  readonly labelValueLength: number;
}

/** Sora nests four deep; what is far beyond that is no statistics. */
export const MAX_DEPTH = 16;
/** Fields that no rule knows, in one target: almost every one is a metric of its own, so their number is bounded. */
export const MAX_UNKNOWN_FIELDS = 1000;
/** Different labels of data channels in one target. */
export const MAX_LABELS = 2000;
/** Arrays of labels that a node keeps in mind. */
const RECENT_LABELS = 8;

/** What tells a connection from the others, as Sora sent it. */
export interface Ids {
  readonly connection_id?: unknown;
  readonly channel_id?: unknown;
  readonly client_id?: unknown;
  readonly bundle_id?: unknown;
}

interface Infos extends InfoEntries {
  /** Arrays of labels by what they hold. */
  readonly shared: Map<string, SharedLabels>;
}

export class Poll {
  readonly connections: Connection[] = [];
  readonly rejectedConnections = new Tally<ConnectionRejection>();
  readonly rejectedValues = new Tally<ValueRejection>();
  readonly dropped = new Tally<DropReason>();
  readonly infos = new Map<string, Infos>();
  /** How many label values had to be shortened. */
  shortened = 0;
  /** How many elements of the answer were read with JSON.parse. */
  slow = 0;
  nodesSeen = 0;
  labelsSeen = 0;

  readonly #number: number;
  readonly #tree: Tree;
  readonly #limits: BuildLimits;
  readonly #ids = new Set<string>();
  #elements = 0;
  #row = 0;
  #connection: Connection | undefined;
  #labelsOfConnection = 0;

  /** @param number of the poll; no other one has it */
  constructor(number: number, tree: Tree, limits: BuildLimits) {
    this.#number = number;
    this.#tree = tree;
    this.#limits = limits;
    beginColumns(tree.columns);
  }

  /**
   * Adds an element of the answer.
   *
   * @param validUtf8 false where its bytes were not UTF-8: ids that hold a replacement character are then not trusted,
   *   as two of them may look alike
   */
  addElement(element: unknown, validUtf8: () => boolean): void {
    this.slow++;
    if (!this.#begin(isObject(element) ? element : undefined, validUtf8)) return;
    this.#walk(element as Readonly<Record<string, unknown>>, this.#tree.root, 0);
  }

  /** Adds the connections that the core has read. */
  addRead(core: Core): void {
    const { columnOf, values } = core;
    const { columns } = this.#tree;
    const addInfo = (node: Node, given: readonly unknown[] | undefined) => this.#enterObject(node, given);
    let entry = 0;
    for (let i = 0; i < core.rowCount; i++) {
      const end = core.entriesEnd(i);
      if (this.#begin(core.ids(i), () => core.isUtf8(i))) {
        const row = this.#row;
        for (; entry < end; entry++) columns[columnOf[entry]!]!.add(row, values[entry]!);
        core.eachInfo(i, addInfo);
      }
      entry = end;
    }
  }

  /** Notes that a key was in the poll. */
  see(node: Node): void {
    if (node.seenIn === this.#number) return;
    node.seenIn = this.#number;
    this.nodesSeen++;
    if (node.isLabel) this.labelsSeen++;
  }

  /** Begins the row of a connection, unless it cannot be exported. */
  #begin(ids: Ids | undefined, validUtf8: () => boolean): boolean {
    const index = this.#elements++;
    const identity = ids === undefined ? "not_an_object" : this.#identify(ids, validUtf8);
    if (typeof identity === "string") {
      this.rejectedConnections.add(identity, () => `element ${index} of the answer (${identity})`);
      return false;
    }
    this.#connection = identity;
    this.#row = this.connections.length;
    this.#labelsOfConnection = 0;
    this.connections.push(identity);
    return true;
  }

  /** The identity of a connection, or why it has none. */
  #identify(ids: Ids, validUtf8: () => boolean): Connection | ConnectionRejection {
    const { connection_id, channel_id, client_id, bundle_id } = ids;
    if (typeof connection_id !== "string" || connection_id === "") return "no_connection_id";
    if (typeof channel_id !== "string" || channel_id === "") return "no_channel_id";
    if ((connection_id.includes("\u{fffd}") || channel_id.includes("\u{fffd}")) && !validUtf8())
      return "invalid_utf8";
    const connectionId = this.#shorten(labelValue(connection_id));
    if (this.#ids.has(connectionId)) return "duplicate_connection_id";
    this.#ids.add(connectionId);
    return {
      channelId: this.#shorten(labelValue(channel_id)),
      connectionId,
      clientId: this.#shorten(toLabelValue(client_id)),
      bundleId: this.#shorten(toLabelValue(bundle_id)),
    };
  }

  #shorten(value: string): string {
    if (value.length <= this.#limits.labelValueLength) return value;
    this.shortened++;
    return shorten(value, this.#limits.labelValueLength);
  }

  #walk(object: Readonly<Record<string, unknown>>, node: Node, depth: number): void {
    this.#enterObject(
      node,
      node.info?.rule.labels.map((key) => object[key]),
    );
    let expected = 0;
    for (const key in object) {
      const value = object[key];
      if (node.holdsLabels && !this.#admitLabel(node, key, value)) continue;
      // Sora sends the keys of an object in the same order each time, so the next one is almost always the guess.
      let child = node.order[expected];
      if (child?.key !== key) child = childOf(this.#tree, node, key);
      expected = child.position + 1;
      this.see(child);
      if (typeof value === "number") this.#addNumber(child, value);
      else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        if (depth >= MAX_DEPTH) this.#reject("too_deep", child);
        else this.#walk(value as Readonly<Record<string, unknown>>, child, depth + 1);
      } else if (value !== null) this.#addOther(child, value);
    }
  }

  /** Whether a label that a user chose is within the bounds; otherwise its numbers and its info are left out. */
  #admitLabel(node: Node, key: string, value: unknown): boolean {
    if (++this.#labelsOfConnection <= this.#limits.dataChannelLabels) {
      if (node.children.has(key) || this.#tree.labels < MAX_LABELS) return true;
    }
    const series = countNumbers(value) + (isObject(value) ? 1 : 0);
    if (series > 0) {
      const reason = "data_channel_labels";
      const shown = () => shorten(labelValue(originalKey(key)), this.#limits.labelValueLength);
      this.dropped.add(reason, () => `${this.#where([...node.path, shown()])} (${reason})`, series);
    }
    return false;
  }

  #addNumber(node: Node, value: number): void {
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
    else if (value > Number.MAX_SAFE_INTEGER && column.type === "counter") this.#reject("too_large", node);
    else column.add(this.#row, column.divisor === 1 ? value : value / column.divisor);
  }

  /** @param given what the object has where its info metric has labels */
  #enterObject(node: Node, given: readonly unknown[] | undefined): void {
    if (node.shortened) this.shortened++;
    if (node.info !== undefined) this.#addInfo(node.info, given!);
  }

  #addInfo(nodeInfo: NodeInfo, given: readonly unknown[]): void {
    const { rule, labels } = nodeInfo;
    let info = this.infos.get(rule.name);
    if (info === undefined) {
      info = {
        family: CONNECTION_PREFIX + rule.name,
        help: rule.help,
        rows: [],
        labels: [],
        shared: new Map(),
      };
      this.infos.set(rule.name, info);
    }
    // Keys that differ in halves of surrogate pairs alone look the same; the first is kept.
    if (labels.some(([, value]) => value.includes("\u{fffd}")) && hasInfo(info, this.#row, labels)) return;
    const shared = findRecent(nodeInfo, given) ?? this.#share(info, nodeInfo, given);
    this.shortened += shared.shortened;
    info.rows.push(this.#row);
    info.labels.push(shared.labels);
  }

  #share({ shared }: Infos, { rule, labels, recent }: NodeInfo, given: readonly unknown[]): SharedLabels {
    const before = this.shortened;
    const all = [
      ...labels,
      ...rule.labels.map((key, i): Label => [key, this.#shorten(toLabelValue(given[i]))]),
    ];
    const made = { labels: all, shortened: this.shortened - before };
    this.shortened = before;
    const key = JSON.stringify(all);
    const known = shared.get(key) ?? made;
    shared.set(key, known);
    // What is long or no scalar would be kept for nothing.
    if (made.shortened === 0 && given.every((value) => typeof value !== "object")) {
      if (recent.length === RECENT_LABELS) recent.shift();
      recent.push({ given: [...given], shared: known });
    }
    return known;
  }

  #addOther(node: Node, value: unknown): void {
    if (Array.isArray(value)) this.#reject("array", node);
    else if (node.key.startsWith("total_") || expectationAt(node).is === "number")
      this.#reject("not_a_number", node);
    else if (expectationAt(node).is === "object") this.#reject("not_an_object", node);
    else allowScalar(this.#tree, node);
  }

  #reject(reason: ValueRejection, node: Node): void {
    this.rejectedValues.add(reason, () => `${this.#where(node.path)} (${reason})`);
  }

  #where(path: readonly string[]): string {
    return `connection ${JSON.stringify(this.#connection?.connectionId)}: ${path.join(".")}`;
  }
}

function findRecent({ recent }: NodeInfo, given: readonly unknown[]): SharedLabels | undefined {
  for (const { given: earlier, shared } of recent) {
    let i = 0;
    while (i < given.length && earlier[i] === given[i]) i++;
    if (i === given.length) return shared;
  }
  return undefined;
}

function hasInfo({ rows, labels: all }: InfoEntries, row: number, labels: readonly Label[]): boolean {
  for (let i = rows.length - 1; i >= 0 && rows[i] === row; i--)
    if (labels.every(([, value], k) => all[i]![k]![1] === value)) return true;
  return false;
}

/** The numbers in a value, as deep as they would be looked for. */
function countNumbers(value: unknown, depth = 0): number {
  if (typeof value === "number") return 1;
  if (!isObject(value) || depth > MAX_DEPTH) return 0;
  let count = 0;
  for (const key in value) count += countNumbers(value[key], depth + 1);
  return count;
}
