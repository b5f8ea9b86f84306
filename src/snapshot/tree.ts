/**
 * The shape of Sora's answer as far as it has been seen: a tree of keys, each resolved once against the catalog.
 * It outlives the polls, so that a poll only looks keys up.
 */

import {
  type Expectation,
  expectation,
  holdsLabels,
  type Label,
  type Resolved,
  resolveField,
  resolveInfo,
} from "../catalog/resolve.ts";
import type { InfoRule } from "../catalog/rules.ts";
import { originalKey } from "../sora/json.ts";
import { ColumnPlan } from "./columns.ts";
import { labelValue, shorten } from "./label-value.ts";
import { columnKey, compareNames } from "./snapshot.ts";

/** A key at its place. */
export interface Node {
  readonly key: string;
  /** Keys down to here, made fit for labels. */
  readonly path: readonly string[];
  readonly parent: Node | undefined;
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
  readonly info: NodeInfo | undefined;
  /** Whether its keys are labels that users choose. */
  readonly holdsLabels: boolean;
  /** Whether it is such a label, and whether that had to be shortened. */
  readonly isLabel: boolean;
  readonly shortened: boolean;
  /** Whether there was a string or a boolean here that is nothing to complain about. */
  scalar: boolean;
  /** Number of the last poll that had the key. */
  seenIn: number;
  /** Where the core has it; 0 where it has not. */
  address: number;
}

export interface NodeInfo {
  readonly rule: InfoRule;
  readonly labels: readonly Label[];
  /** The labels of some of the last series, so that equal ones are one array. */
  readonly recent: { readonly given: readonly unknown[]; readonly shared: SharedLabels }[];
}

/** Labels of an info series. */
export interface SharedLabels {
  readonly labels: readonly Label[];
  /** How many of their values had to be shortened, that of the node aside. */
  readonly shortened: number;
}

/** A tree and the columns that its numbers become. */
export interface Tree {
  readonly root: Node;
  readonly labelValueLength: number;
  readonly columns: ColumnPlan[];
  /** Some or all of the columns; see `sortedColumns`. */
  sorted: readonly ColumnPlan[];
  readonly columnsByKey: Map<string, ColumnPlan>;
  /** Paths that no rule knows and that have a column. */
  readonly unknownPaths: Set<string>;
  nodes: number;
  /** How many of the nodes are labels that users choose. */
  labels: number;
  /** Nodes that are new or have changed since the core took note of them; emptied by it. */
  changed: Node[];
}

/** @param labelValueLength labels are shortened to so many UTF-16 code units */
export function createTree(labelValueLength: number): Tree {
  const root = createNode("", [], undefined, false);
  return {
    root,
    labelValueLength,
    columns: [],
    sorted: [],
    columnsByKey: new Map(),
    unknownPaths: new Set(),
    nodes: 1,
    labels: 0,
    changed: [root],
  };
}

/** A tree of those keys alone that a poll has seen; what becomes of them is found out anew. */
export function withoutOldKeys(tree: Tree, poll: number): Tree {
  const fresh = createTree(tree.labelValueLength);
  const copy = (from: Node, to: Node): void => {
    for (const child of from.order) if (child.seenIn === poll) copy(child, childOf(fresh, to, child.key));
  };
  copy(tree.root, fresh.root);
  return fresh;
}

/** Finds or makes a node's child. */
export function childOf(tree: Tree, node: Node, key: string): Node {
  const known = node.children.get(key);
  if (known !== undefined) return known;
  const whole = labelValue(originalKey(key));
  const name = node.holdsLabels ? shorten(whole, tree.labelValueLength) : whole;
  const child = createNode(key, [...node.path, name], node, name !== whole);
  node.children.set(key, child);
  node.order.push(child);
  tree.nodes++;
  if (child.isLabel) tree.labels++;
  tree.changed.push(child);
  return child;
}

/** Resolves the column of a node that holds a number for the first time. */
export function planColumn(tree: Tree, node: Node): ColumnPlan {
  const find = (name: string, labels: readonly Label[]) => tree.columnsByKey.get(columnKey(name, labels));
  const resolved = resolveField(node.path, (name, labels) => find(name, labels)?.unknown);
  if (resolved.unknown !== undefined) tree.unknownPaths.add(resolved.unknown);
  tree.changed.push(node);
  return (node.column = find(resolved.name, resolved.labels) ?? addColumn(tree, resolved));
}

/** Notes that a string or a boolean at a node means nothing. */
export function allowScalar(tree: Tree, node: Node): void {
  if (node.scalar) return;
  node.scalar = true;
  tree.changed.push(node);
}

/** What the catalog expects at a node. */
export function expectationAt(node: Node): Expectation {
  return (node.expects ??= expectation(node.path));
}

/** The columns by family, then by the values of their labels. */
export function sortedColumns(tree: Tree): readonly ColumnPlan[] {
  if (tree.sorted.length < tree.columns.length) tree.sorted = tree.columns.toSorted(byFamilyThenLabels);
  return tree.sorted;
}

function byFamilyThenLabels(a: ColumnPlan, b: ColumnPlan): number {
  return compareNames(a.family, b.family) || compareNames(a.labelText, b.labelText);
}

function addColumn(tree: Tree, resolved: Resolved): ColumnPlan {
  const plan = new ColumnPlan(tree.columns.length, resolved);
  tree.columns.push(plan);
  tree.columnsByKey.set(columnKey(resolved.name, resolved.labels), plan);
  return plan;
}

function createNode(
  key: string,
  path: readonly string[],
  parent: Node | undefined,
  shortened: boolean,
): Node {
  const info = resolveInfo(path);
  return {
    key,
    path,
    parent,
    position: parent?.order.length ?? 0,
    order: [],
    children: new Map(),
    column: undefined,
    expects: undefined,
    info: info && { ...info, recent: [] },
    holdsLabels: holdsLabels(path),
    isLabel: parent?.holdsLabels ?? false,
    shortened,
    scalar: false,
    seenIn: -1,
    address: 0,
  };
}
