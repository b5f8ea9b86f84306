/**
 * What is measured: an answer's bytes become a snapshot, snapshots become an exposition's bytes. The one place of the
 * benchmark that knows how the exporter does it.
 */

import { compose } from "../src/exposition/compose.ts";
import { LineWriter } from "../src/exposition/lines.ts";
import { SnapshotBuilder } from "../src/snapshot/build.ts";
import { type Level, selectLevels, type Snapshot, type StatsSnapshot } from "../src/snapshot/snapshot.ts";
import { Sums } from "../src/sums/sums.ts";

/** As a socket hands an answer over. */
const CHUNK_BYTES = 65_536;

/** One target's pipeline, which keeps what it learns from poll to poll. */
export interface Subject {
  /** @param body an answer of GetStatsAllConnections */
  read(body: Buffer, timeMs: number): StatsSnapshot;
  /** The sums of channels and of the target, after one more poll. */
  addUp(snapshot: StatsSnapshot, timeMs: number): readonly Snapshot[];
  /** Uncompressed OpenMetrics of the levels, chunk by chunk; each is there until the next one is asked for. */
  write(snapshots: readonly Snapshot[]): IteratorObject<Uint8Array>;
}

/** @param levels whose series are written */
export function createSubject(levels: readonly Level[]): Subject {
  const shown = new Set(levels);
  const builder = new SnapshotBuilder("bench");
  const sums = new Sums("bench");
  const lines = new LineWriter();
  return {
    read: (body, timeMs) => {
      const building = builder.begin();
      for (let at = 0; at < body.length; at += CHUNK_BYTES)
        building.write(body.subarray(at, at + CHUNK_BYTES));
      return building.end(timeMs).snapshot;
    },
    addUp: (snapshot, timeMs) => sums.add(snapshot, timeMs),
    write(snapshots) {
      const written = selectLevels(snapshots, shown).map((snapshot) =>
        snapshot.families.map((family) => ({
          ...family,
          parts: lines.lines(snapshot, family, "openmetrics"),
        })),
      );
      return compose([], written, "openmetrics").map((part) =>
        typeof part === "string" ? Buffer.from(part) : part,
      );
    },
  };
}
