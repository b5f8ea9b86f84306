/** JSON as text in a tree, which can hold what no value of JavaScript can: a key twice, `1e400`, `-0`. */

import fc from "fast-check";
import { HOSTILE_NUMBERS, TEXT } from "./hostile.ts";

/** A scalar is its text; whether that is legal is another matter. */
export type JsonTree =
  string | readonly JsonTree[] | { readonly members: readonly (readonly [string, JsonTree])[] };

/** A change at one of the tree's places, counted from its root, round and round. */
export type Edit = { readonly at: number } & (
  | { readonly do: "drop" | "double" }
  | { readonly do: "replace" | "add"; readonly text: string }
  | { readonly do: "rename"; readonly key: string }
  | { readonly do: "copy"; readonly from: number }
);

export function treeOf(value: unknown): JsonTree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value === "object" && value !== null)
    return { members: Object.entries(value).map(([key, inner]) => [key, treeOf(inner)]) };
  return JSON.stringify(value);
}

export function textOf(tree: JsonTree): string {
  if (typeof tree === "string") return tree;
  if (!("members" in tree)) return `[${tree.map(textOf).join(",")}]`;
  return `{${tree.members.map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`).join(",")}}`;
}

const SCALAR = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -20, max: 200 }).map(String) },
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS) },
  { weight: 3, arbitrary: TEXT.map((text) => JSON.stringify(text)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "null",
      "true",
      "false",
      "[]",
      "{}",
      "[[]]",
      '[1,"a",{}]',
      '{"a":1}',
      '{"total_x":1}',
    ),
  },
  // Deep: within what is followed, beyond it, and beyond what any stack holds.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(3, 15, 16, 17, 18, 2000, 50_000), fc.constantFrom(["[", "]"], ['{"a":', "}"]))
      .map(([depth, [open, close]]) => `${open.repeat(depth)}1${close.repeat(depth)}`),
  },
);

const KEY = fc.oneof(
  { weight: 2, arbitrary: TEXT },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "connection_id",
      "channel_id",
      "client_id",
      "rtp",
      "cc",
      "data_channel",
      "simulcast",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("total_received", "total_x_us", "x_ms", "a-b", "a_b", "total_", "error_type"),
  },
);

const AT = fc.nat({ max: 100_000 });

export const EDITS: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.oneof(
    fc.record({ at: AT, do: fc.constantFrom("drop" as const, "double" as const) }),
    fc.record({ at: AT, do: fc.constantFrom("replace" as const, "add" as const), text: SCALAR }),
    fc.record({ at: AT, do: fc.constant("rename" as const), key: KEY }),
    fc.record({ at: AT, do: fc.constant("copy" as const), from: AT }),
  ),
  { minLength: 1, maxLength: 6 },
);

export function edit(tree: JsonTree, edits: readonly Edit[]): JsonTree {
  return edits.reduce(editOnce, tree);
}

function editOnce(tree: JsonTree, change: Edit): JsonTree {
  const places = listPlaces(tree);
  const at = change.at % places.length;
  const copied = change.do === "copy" ? places[change.from % places.length]! : undefined;
  let place = -1;

  /** What is to stand in the list where an element stood, each with its key where it has one. */
  function visit(key: string, inner: JsonTree): (readonly [string, JsonTree])[] {
    place++;
    const here = place === at;
    const after = visitChildren(inner);
    if (!here) return [[key, after]];
    switch (change.do) {
      case "drop":
        return [];
      case "double":
        return [
          [key, after],
          [key, after],
        ];
      case "replace":
        return [[key, change.text]];
      case "add":
        return [
          [key, after],
          ["added", change.text],
        ];
      case "rename":
        return [[change.key, after]];
      case "copy":
        return [[key, copied!]];
    }
  }

  function visitChildren(inner: JsonTree): JsonTree {
    if (typeof inner === "string") return inner;
    if (!("members" in inner)) return inner.flatMap((one) => visit("", one).map(([, value]) => value));
    return { members: inner.members.flatMap(([key, value]) => visit(key, value)) };
  }

  return visit("", tree)[0]?.[1] ?? "null";
}

function listPlaces(tree: JsonTree): JsonTree[] {
  if (typeof tree === "string") return [tree];
  const children = "members" in tree ? tree.members.map(([, inner]) => inner) : tree;
  return [tree, ...children.flatMap(listPlaces)];
}
