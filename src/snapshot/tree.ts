/**
 * The shape of Sora's answer as far as it has been seen: a tree of keys, each resolved once against the catalog.
 * It outlives the polls, so that a poll only looks keys up.
 */

import {
  type Expectation,
  expectation,
  type Label,
  type Resolved,
  resolveField,
  resolveInfo,
} from "../catalog/resolve.ts";
import type { InfoRule } from "../catalog/rules.ts";
import { originalKey } from "../sora/json.ts";
import { labelValue } from "./label-value.ts";
import { type MetricType, typeOf } from "./snapshot.ts";

/** Where the values of one series per connection are collected. */
export interface ColumnPlan {
  readonly index: number;
  readonly family: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: readonly Label[];
  readonly divisor: number;
  /** See `Resolved.section`. */
  readonly section: string | undefined;
  /** See `Resolved.unknown`. */
  readonly unknown: string | undefined;
  /** Row of the last value, so that two spellings of one field in one connection count once. */
  lastRow: number;
  /** Values in the poll at hand. */
  count: number;
  /** Where the next value goes while the snapshot is laid out. */
  cursor: number;
  /** Where the next value's row goes, or -1 where every row has a value. */
  rowCursor: number;
}

/** A key at its place. */
export interface Node {
  readonly key: string;
  /** Keys down to here, made fit for labels. */
  readonly path: readonly string[];
  /** Place among its parent's `order`. */
  readonly position: number;
  /** Children in the order they were first seen in, which is Sora's own in almost every object. */
  readonly order: Node[];
  readonly children: Map<string, Node>;
  /** What a number here becomes; undefined until there was one. */
  column: ColumnPlan | undefined;
  /** What the catalog expects here; undefined until somebody asked. */
  expects: Expectation | undefined;
  /** The info metric of an object here. */
  readonly info: { readonly rule: InfoRule; readonly labels: readonly Label[] } | undefined;
  /** Number of the last poll that had the key. */
  seenIn: number;
}

/** A tree and the columns that its numbers become. */
export interface Tree {
  readonly root: Node;
  readonly columns: ColumnPlan[];
  readonly columnsByKey: Map<string, ColumnPlan>;
  /** Paths that no rule knows and that have a column. */
  readonly unknownPaths: Set<string>;
  nodes: number;
}

export function createTree(): Tree {
  return {
    root: createNode("", [], 0),
    columns: [],
    columnsByKey: new Map(),
    unknownPaths: new Set(),
    nodes: 1,
  };
}

/** Finds or makes a node's child. */
export function childOf(tree: Tree, node: Node, key: string): Node {
  const known = node.children.get(key);
  if (known !== undefined) return known;
  const child = createNode(key, [...node.path, labelValue(originalKey(key))], node.order.length);
  node.children.set(key, child);
  node.order.push(child);
  tree.nodes++;
  return child;
}

/** Resolves the column of a node that holds a number for the first time. */
export function planColumn(tree: Tree, node: Node): ColumnPlan {
  const find = (name: string, labels: readonly Label[]) => tree.columnsByKey.get(columnKey(name, labels));
  const resolved = resolveField(node.path, (name, labels) => find(name, labels)?.unknown);
  if (resolved.unknown !== undefined) tree.unknownPaths.add(resolved.unknown);
  return (node.column = find(resolved.name, resolved.labels) ?? addColumn(tree, resolved));
}

/** What the catalog expects at a node. */
export function expectationAt(node: Node): Expectation {
  return (node.expects ??= expectation(node.path));
}

function addColumn(tree: Tree, { name, help, labels, divisor, section, unknown }: Resolved): ColumnPlan {
  const plan: ColumnPlan = {
    index: tree.columns.length,
    family: name,
    help,
    type: typeOf(name),
    labels,
    divisor,
    section,
    unknown,
    lastRow: -1,
    count: 0,
    cursor: 0,
    rowCursor: -1,
  };
  tree.columns.push(plan);
  tree.columnsByKey.set(columnKey(name, labels), plan);
  return plan;
}

function columnKey(name: string, labels: readonly Label[]): string {
  return JSON.stringify([name, labels]);
}

function createNode(key: string, path: readonly string[], position: number): Node {
  return {
    key,
    path,
    position,
    order: [],
    children: new Map(),
    column: undefined,
    expects: undefined,
    info: resolveInfo(path),
    seenIn: -1,
  };
}
