/** The calls of a target besides GetStatsAllConnections, and what their answers become. */

import type { Log } from "../log.ts";
import type { PollEvents } from "./events.ts";
import { draftClusterNodes } from "../calls/cluster.ts";
import { type Listing, readListing } from "../calls/connections.ts";
import { draftLicense } from "../calls/license.ts";
import { draftArchives, draftRecordings } from "../calls/recording.ts";
import { draftReport } from "../calls/report.ts";
import type { CallIntervals, Limits, ReportGroups } from "../config/config.ts";
import type { Drafted } from "../snapshot/draft.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { SoraClient } from "../sora/client.ts";
import { decodeArray, decodeObject } from "../sora/decode.ts";
import type { FailureReason } from "../sora/failure.ts";
import type { Operation } from "../sora/operations.ts";
import { toFailure } from "./call-log.ts";
import type { Clock } from "./clock.ts";
import type { Group } from "./groups.ts";
import type { Latest } from "./latest.ts";
import { createSideCall, type Reading, type SideCall } from "./side-call.ts";

export interface SideCallsOptions {
  readonly name: string;
  readonly local: boolean;
  readonly calls: CallIntervals;
  readonly report: ReportGroups;
  readonly limits: Pick<Limits, "labelValueLength">;
}

export interface SideCallsEdges {
  readonly clock: Clock;
  readonly metrics: PollEvents;
  readonly log: Log;
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
  /** What each that is made said last. */
  readonly latest: ReadonlyMap<Operation, Latest<unknown>>;
  /** What ListConnections said last. */
  listing(): Listing | undefined;
  /** What the others said last. */
  snapshots(): { readonly group: Group; readonly snapshot: Snapshot }[];
  /** Those that fail; not those that Sora does not offer. */
  failing(): { readonly operation: Operation; readonly reason: FailureReason; readonly message: string }[];
  /** See `SideCall.hurry`. */
  hurry(): void;
}

/**
 * Makes the calls whose interval is not 0.
 *
 * @param before what was known before of the same target
 */
export function createSideCalls(
  options: SideCallsOptions,
  edges: SideCallsEdges,
  before?: Pick<SideCalls, "latest">,
): SideCalls {
  const { local, report: groups } = options;
  const { several } = edges;

  const of: Of = { options, edges, before };
  const listConnections = createCall(of, "ListConnections", { local }, (body) => {
    const listing = readListing(decodeArray(body, "connections").elements, options.limits.labelValueLength);
    return { value: listing, values: listing.values };
  });
  const drafting: readonly {
    readonly operation: keyof CallIntervals;
    readonly group: Group;
    readonly call: SideCall<Snapshot> | undefined;
  }[] = [
    {
      operation: "GetStatsReport",
      group: "report",
      call: createCall(of, "GetStatsReport", undefined, (body, { url, ...asked }) =>
        toReading(draftReport(decodeObject(body), { ...asked, groups, url: several ? url : undefined })),
      ),
    },
    {
      operation: "ListClusterNodes",
      group: "cluster",
      call: groups.cluster
        ? createCall(of, "ListClusterNodes", undefined, (body, asked) =>
            toReading(draftClusterNodes(decodeArray(body, "nodes").elements, asked)),
          )
        : undefined,
    },
    {
      operation: "GetLicense",
      group: "license",
      call: createCall(of, "GetLicense", undefined, (body, asked) =>
        toReading(draftLicense(decodeObject(body), asked)),
      ),
    },
    {
      operation: "ListStartedRecording",
      group: "recording",
      call: createCall(of, "ListStartedRecording", undefined, (body, asked) =>
        toReading(draftRecordings(decodeArray(body, "recordings").elements, asked)),
      ),
    },
    {
      operation: "ListArchiving",
      group: "recording",
      call: createCall(of, "ListArchiving", undefined, (body, asked) =>
        toReading(draftArchives(decodeArray(body, "recorded connections").elements, asked)),
      ),
    },
  ];
  const all = [{ operation: "ListConnections" as const, call: listConnections }, ...drafting];
  const made = all.flatMap(({ operation, call }) => (call === undefined ? [] : [{ operation, call }]));
  return {
    operations: made.map(({ operation }) => operation),
    calls: made.map(({ call }) => call),
    latest: new Map(made.map(({ operation, call }) => [operation, call.latest])),
    listing: () => listConnections?.latest.get(),
    snapshots: () =>
      drafting.flatMap(({ group, call }) => {
        const snapshot = call?.latest.get();
        return snapshot === undefined ? [] : [{ group, snapshot }];
      }),
    failing: () =>
      made.flatMap(({ operation, call }) => {
        const failure = call.failure();
        if (failure === undefined || failure.refusal) return [];
        return { operation, reason: failure.reason, message: failure.message };
      }),
    hurry() {
      for (const { call } of made) call.hurry();
    },
  };
}

/** What a call is made for. */
interface Of {
  readonly options: SideCallsOptions;
  readonly edges: SideCallsEdges;
  readonly before: Pick<SideCalls, "latest"> | undefined;
}

/** No function in here may use `of` or `before` later: each target would hold the one in whose place it came, and that the one before. */
function createCall<T>(
  of: Of,
  operation: keyof CallIntervals,
  parameters: Readonly<Record<string, unknown>> | undefined,
  read: (body: Buffer, asked: { target: string; timeMs: number; url: string }) => Reading<T>,
): SideCall<T> | undefined {
  const { name: target, calls: intervals } = of.options;
  const { clock, client, isUp } = of.edges;
  const intervalMs = intervals[operation];
  if (intervalMs === 0) return undefined;
  const ask = async (signal: AbortSignal) => {
    const asked = client();
    const body = await asked.call(operation, parameters, signal);
    try {
      return read(body, { target, timeMs: clock.now(), url: asked.url });
    } catch (error) {
      const failure = toFailure(error);
      throw asked.conceal?.(failure) ?? failure;
    }
  };
  // Of the same operation it is the same.
  const before = of.before?.latest.get(operation) as Latest<T> | undefined;
  return createSideCall(
    { target, operation, intervalMs, ask, isUp, url: () => client().url, before },
    of.edges,
  );
}

function toReading({ snapshot, values }: Drafted): Reading<Snapshot> {
  return { value: snapshot, values, unknownPaths: snapshot.unknownPaths };
}
