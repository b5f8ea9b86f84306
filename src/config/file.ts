/** The configuration file as YAML: what it says, and on which line it says it. */
import { isAlias, isMap, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, Pair, Scalar } from "yaml";
import { ConfigError } from "./errors.ts";

/** A configuration file that was read, its keys not yet checked. */
export interface ConfigFile {
  /** The path as the user gave it. */
  readonly path: string;
  /** What the file says; null where it is empty. */
  readonly value: unknown;
  /** Where a key stands, or else its parent: the offset in the file, and the line, from 1. */
  readonly position: (key: readonly PropertyKey[]) => { offset: number; line: number };
}

const NESTED = "nested too deeply";

/** Lists and keys within each other on one line; the parser takes minutes over some ten thousand. */
const DEEP = /(?:[-?:][ \t]+){100}/;

/**
 * Reads YAML.
 *
 * @param path of the file, for messages
 * @throws ConfigError naming path and line for what is no YAML, for a key given twice and for an alias of nothing
 */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const deep = DEEP.exec(text);
  if (deep !== null)
    throw new ConfigError(`${path}:${text.slice(0, deep.index).split("\n").length}: ${NESTED}`);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // "silent" would let a second document pass.
    logLevel: "error",
  });
  const fail = (offset: number, message: string): never => {
    throw new ConfigError(`${path}:${lines.linePos(offset).line}: ${message}`);
  };
  // A warning is about a tag or a directive that has no meaning here, such as `!env NAME`.
  const [error] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (error !== undefined) fail(error.pos[0], syntaxMessage(error.code, error.message));
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined)
        fail(alias.range![0], "an alias without its anchor before it");
    },
  });
  return {
    path,
    value: toValue(document, path),
    position: (key) => {
      const offset = findOffset(document, key);
      return { offset, line: lines.linePos(offset).line };
    },
  };
}

/** The parser's message without what it quotes from the file, which may be part of a secret. */
function syntaxMessage(code: string, message: string): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "a key that is already there";
    case "NON_STRING_KEY":
      return "a key that is not a plain name";
    case "MULTIPLE_DOCS":
      return "a second YAML document; only one is allowed";
    case "TAG_RESOLVE_FAILED":
      return "a YAML tag that is not known here";
    case "BAD_DIRECTIVE":
      return "a YAML directive that is not known here";
    case "RESOURCE_EXHAUSTION":
      return NESTED;
    case "BAD_DQ_ESCAPE":
      return "an escape sequence that YAML does not know";
    default:
      return message.replace(/:.*$/s, "");
  }
}

function toValue(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ConfigError(`${path}: aliases expand to too much`);
  }
}

function findOffset(document: Document, key: readonly PropertyKey[]): number {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of key) {
    if (isAlias(node)) node = node.resolve(document);
    let child: Node | null | undefined;
    if (isMap<Scalar<string>, Node | null>(node)) {
      const pair: Pair<Scalar<string>, Node | null> | undefined = node.items.find(
        (item) => item.key.value === part,
      );
      offset = pair?.key.range?.[0] ?? offset;
      child = pair?.value;
    } else if (isSeq<Node>(node)) {
      child = node.items[Number(part)];
      offset = child?.range?.[0] ?? offset;
    }
    if (child === undefined || child === null) break;
    node = child;
  }
  return offset;
}
