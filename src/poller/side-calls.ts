/** The calls of a target besides GetStatsAllConnections, and what their answers become. */

import type { Logger } from "pino";
import { draftClusterNodes } from "../calls/cluster.ts";
import { type Listing, readListing } from "../calls/connections.ts";
import { draftLicense } from "../calls/license.ts";
import { draftArchives, draftRecordings } from "../calls/recording.ts";
import { draftReport } from "../calls/report.ts";
import type { CallIntervals, ReportGroups } from "../config/config.ts";
import type { OwnMetrics } from "../exposition/own-metrics.ts";
import type { Drafted } from "../snapshot/draft.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { SoraClient } from "../sora/client.ts";
import { decodeArray, decodeObject } from "../sora/decode.ts";
import type { Operation } from "../sora/operations.ts";
import type { Clock } from "./clock.ts";
import { createSideCall, type Reading, type SideCall } from "./side-call.ts";

export interface SideCallsOptions {
  readonly name: string;
  readonly local: boolean;
  readonly calls: CallIntervals;
  readonly report: ReportGroups;
}

export interface SideCallsEdges {
  readonly clock: Clock;
  readonly metrics: OwnMetrics;
  readonly log: Logger;
  /** The address that is asked at the moment. */
  readonly client: () => SoraClient;
  /** See `SideCallOptions.isUp`. */
  readonly isUp: () => boolean;
  /** Whether there are several addresses. */
  readonly several: boolean;
}

export interface SideCalls {
  /** Those that are made. */
  readonly operations: readonly Operation[];
  readonly calls: readonly SideCall<unknown>[];
  /** What ListConnections said last. */
  listing(): Listing | undefined;
  /** What the others said last. */
  snapshots(): Snapshot[];
  /** See `SideCall.forgetRefusal`. */
  forgetRefusals(): void;
}

/** Makes the calls whose interval is not 0. */
export function createSideCalls(options: SideCallsOptions, edges: SideCallsEdges): SideCalls {
  const { name: target, local, calls: intervals, report: groups } = options;
  const { clock, client, isUp, several } = edges;

  function create<T>(
    operation: keyof CallIntervals,
    parameters: Readonly<Record<string, unknown>> | undefined,
    read: (body: Buffer, asked: { target: string; timeMs: number; url: string }) => Reading<T>,
  ): SideCall<T> | undefined {
    const intervalMs = intervals[operation];
    if (intervalMs === 0) return undefined;
    const ask = async (signal: AbortSignal) => {
      const asked = client();
      const body = await asked.call(operation, parameters, signal);
      return read(body, { target, timeMs: clock.now(), url: asked.url });
    };
    return createSideCall({ target, operation, intervalMs, ask, isUp }, edges);
  }

  const listConnections = create("ListConnections", { local }, (body) => {
    const listing = readListing(decodeArray(body, "connections").elements);
    return { value: listing, values: listing.values };
  });
  const drafting: Partial<Record<keyof CallIntervals, SideCall<Snapshot> | undefined>> = {
    GetStatsReport: create("GetStatsReport", undefined, (body, { url, ...asked }) =>
      toReading(draftReport(decodeObject(body), { ...asked, groups, url: several ? url : undefined })),
    ),
    ListClusterNodes: groups.cluster
      ? create("ListClusterNodes", undefined, (body, asked) =>
          toReading(draftClusterNodes(decodeArray(body, "nodes").elements, asked)),
        )
      : undefined,
    GetLicense: create("GetLicense", undefined, (body, asked) =>
      toReading(draftLicense(decodeObject(body), asked)),
    ),
    ListStartedRecording: create("ListStartedRecording", undefined, (body, asked) =>
      toReading(draftRecordings(decodeArray(body, "recordings").elements, asked)),
    ),
    ListArchiving: create("ListArchiving", undefined, (body, asked) =>
      toReading(draftArchives(decodeArray(body, "recorded connections").elements, asked)),
    ),
  };
  const made = Object.entries({ ListConnections: listConnections, ...drafting }).flatMap(
    ([operation, call]) => (call === undefined ? [] : [{ operation: operation as Operation, call: call }]),
  );
  return {
    operations: made.map(({ operation }) => operation),
    calls: made.map(({ call }) => call),
    listing: () => listConnections?.latest(),
    snapshots: () => Object.values(drafting).flatMap((call) => call?.latest() ?? []),
    forgetRefusals() {
      for (const { call } of made) call.forgetRefusal();
    },
  };
}

function toReading({ snapshot, values }: Drafted): Reading<Snapshot> {
  return { value: snapshot, values, unknownPaths: snapshot.unknownPaths };
}
