/** Short ways for tests to take values through the pipeline. */

import { readFileSync } from "node:fs";
import type { Format } from "../../src/exposition/compose.ts";
import { encode } from "./encode.ts";
import { type Built, SnapshotBuilder } from "../../src/snapshot/build.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";

/** A file under test/fixtures. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
}

/** What one answer of Sora's becomes, in a target called `t`. */
export function buildOnce(answer: readonly unknown[], validUtf8 = true): Built {
  return new SnapshotBuilder("t").build(answer, 1_700_000_000_000, validUtf8);
}

/** A connection with ids and whatever else is given. */
export function connection(sections: object = {}, ids: object = {}): Record<string, unknown> {
  return { channel_id: "ch", connection_id: "C1", ...ids, ...sections };
}

/** An exposition as one string. */
export function exposition(snapshots: readonly Snapshot[], format: Format = "prometheus-text"): string {
  return encode([], snapshots, format).toString();
}
