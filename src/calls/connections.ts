/**
 * ListConnections: who the connections are. What it says is put beside the connections of the statistics, so that
 * `sora_connection_info` has a row for each of them, whether the list knows it or not.
 */

import { createHash, createHmac } from "node:crypto";
import { INFO_LABELS, type InfoConfig, type InfoLabel } from "../config/config.ts";
import type { Label } from "../catalog/resolve.ts";
import { DEFAULT_BUILD_LIMITS } from "../snapshot/build.ts";
import { Draft } from "../snapshot/draft.ts";
import { shorten, toLabelValue } from "../snapshot/label-value.ts";
import { type Rejections, Tally, type ValueRejection } from "../snapshot/rejections.ts";
import type { Connection, Snapshot } from "../snapshot/snapshot.ts";
import { isObject } from "../sora/json.ts";
import type { CallMetric } from "./call-metric.ts";

export const CONNECTION_METRICS = {
  info: {
    name: "sora_connection_info",
    type: "gauge",
    help: "Who a connection is, always 1; join it on (target, connection_id). A label is empty where Sora does not say",
    labels: INFO_LABELS,
    sora: "`client_id`, `bundle_id`, `session_id`, `node_name`, `role`, `audio.codec_type`, `video.codec_type`, `simulcast`, `spotlight`, `multistream`",
  },
  created: {
    name: "sora_connection_created_timestamp_seconds",
    type: "gauge",
    help: "When the connection was made",
    labels: [],
    sora: "`created_time` (microseconds)",
  },
  bitRateLimit: {
    name: "sora_connection_video_bit_rate_limit_bits_per_second",
    type: "gauge",
    help: "Bit rate that the connection's video may have (Sora: kbit/s)",
    labels: [],
    sora: "`video.bit_rate`",
  },
  connections: {
    name: "sora_target_connections",
    type: "gauge",
    help: "Number of connections, by what they are; their sum is the number of connections",
    labels: ["role", "audio_codec", "video_codec", "simulcast", "spotlight", "node_name"],
    sora: "the connections, counted",
  },
  ofChannel: {
    name: "sora_channel_connections",
    type: "gauge",
    help: "Number of connections of the channel, by role; a role that none has any more has no series",
    labels: ["role"],
    sora: "the connections, counted",
  },
  channels: {
    name: "sora_target_channels",
    type: "gauge",
    help: "Number of channels that have connections",
    labels: [],
    sora: "`channel_id`, counted",
  },
} as const satisfies Record<string, CallMetric>;

type Labels = Readonly<Partial<Record<InfoLabel, string>>>;

/** What ListConnections says of one connection. */
interface Listed {
  readonly connection: Connection;
  readonly labels: Labels;
  readonly createdSeconds: number | undefined;
  readonly videoBitsPerSecond: number | undefined;
}

/** An answer of ListConnections, by connection_id. */
export interface Listing {
  readonly byId: ReadonlyMap<string, Listed>;
  readonly values: Rejections<ValueRejection>;
}

/**
 * Reads an answer of ListConnections; what is malformed in it is left out and counted.
 *
 * @param labelValueLength the same as for the statistics, or the ids would not be the same
 */
export function readListing(
  elements: readonly unknown[],
  labelValueLength = DEFAULT_BUILD_LIMITS.labelValueLength,
): Listing {
  const toLabel: ToLabel = (value) => shorten(toLabelValue(value), labelValueLength);
  const byId = new Map<string, Listed>();
  const rejected = new Tally<ValueRejection>();
  for (const [index, element] of elements.entries()) {
    const reject: Reject = (reason, key = "") =>
      rejected.add(reason, () => `element ${index}${key && `: ${key}`} (${reason})`);
    if (!isObject(element)) {
      reject("not_an_object");
      continue;
    }
    const connection = {
      channelId: toLabel(element["channel_id"]),
      connectionId: toLabel(element["connection_id"]),
      clientId: toLabel(element["client_id"]),
      bundleId: toLabel(element["bundle_id"]),
    };
    if (connection.channelId === "") reject("no_name", "channel_id");
    else if (connection.connectionId === "") reject("no_name", "connection_id");
    else if (byId.has(connection.connectionId)) reject("duplicate");
    else byId.set(connection.connectionId, readListed(element, connection, toLabel, reject));
  }
  return { byId, values: rejected.result() };
}

type ToLabel = (value: unknown) => string;
type Reject = (reason: ValueRejection, key?: string) => void;

function readListed(
  object: Readonly<Record<string, unknown>>,
  connection: Connection,
  toLabel: ToLabel,
  reject: Reject,
): Listed {
  const { audio, video } = object;
  const scaled = (value: unknown, key: string, scale: (value: number) => number) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number") reject("not_a_number", key);
    else if (!Number.isFinite(scale(value))) reject("not_finite", key);
    else if (value < 0) reject("negative", key);
    else return scale(value);
    return undefined;
  };
  return {
    connection,
    labels: {
      session_id: toLabel(object["session_id"]),
      node_name: toLabel(object["node_name"]),
      role: toLabel(object["role"]),
      audio_codec: toLabel(fieldOf(audio, "codec_type")),
      video_codec: toLabel(fieldOf(video, "codec_type")),
      simulcast: toLabel(object["simulcast"]),
      spotlight: toLabel(object["spotlight"]),
      multistream: toLabel(object["multistream"]),
    },
    createdSeconds: scaled(object["created_time"], "created_time", (value) => value / 1_000_000),
    videoBitsPerSecond: scaled(fieldOf(video, "bit_rate"), "video.bit_rate", (value) => value * 1000),
  };
}

/** Of `audio` and `video`, which are false where the connection has none. */
function fieldOf(media: unknown, key: string): unknown {
  return typeof media === "object" && media !== null
    ? (media as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** What both calls know together. */
export interface Known {
  readonly target: string;
  /** In milliseconds since the epoch. */
  readonly timeMs: number;
  /** The connections of the statistics; undefined where there are none that are fresh. */
  readonly connections: readonly Connection[] | undefined;
  /** Undefined where there is none that is fresh. */
  readonly listing: Listing | undefined;
}

/**
 * Makes the info metric and what else is known of single connections, and the numbers of connections and channels.
 *
 * Its rows are the connections of the statistics, so that it can be joined with all their series; without statistics,
 * those of the list.
 *
 * @returns snapshots of the connections, of the channels and of the target
 */
export function draftConnections(
  { target, timeMs, connections, listing }: Known,
  info: InfoConfig,
): Snapshot[] {
  const rows = connections ?? [...(listing?.byId.values() ?? [])].map(({ connection }) => connection);
  const single = new Draft(target, timeMs, rows);
  const hash = createHasher(info);
  const counts = new Counts(CONNECTION_METRICS.connections.labels);
  const byChannel = new Map<string, Counts>();
  for (const [row, connection] of rows.entries()) {
    const { labels, createdSeconds, videoBitsPerSecond } = listing?.byId.get(connection.connectionId) ?? {};
    const known: Labels = {
      ...labels,
      client_id: hash(connection.clientId),
      bundle_id: connection.bundleId,
    };
    const shown = info.labels.map((name): Label => [name, known[name] ?? ""]);
    single.add(CONNECTION_METRICS.info, 1, shown, row);
    if (createdSeconds !== undefined) single.add(CONNECTION_METRICS.created, createdSeconds, [], row);
    if (videoBitsPerSecond !== undefined)
      single.add(CONNECTION_METRICS.bitRateLimit, videoBitsPerSecond, [], row);
    counts.add(known, 1);
    const { channelId } = connection;
    let ofChannel = byChannel.get(channelId);
    if (ofChannel === undefined)
      byChannel.set(channelId, (ofChannel = new Counts(CONNECTION_METRICS.ofChannel.labels)));
    ofChannel.add(known, 1);
  }
  // None is a number too, and sums over it must not be absent.
  if (rows.length === 0) counts.add({}, 0);
  const all = new Draft(target, timeMs);
  for (const { labels, count } of counts.values()) all.add(CONNECTION_METRICS.connections, count, labels);
  all.add(CONNECTION_METRICS.channels, byChannel.size);
  const channels = new Draft(
    target,
    timeMs,
    [...byChannel.keys()].map((channelId) => ({ channelId })),
  );
  for (const [row, ofChannel] of [...byChannel.values()].entries())
    for (const { labels, count } of ofChannel.values())
      channels.add(CONNECTION_METRICS.ofChannel, count, labels, row);
  return [single, channels, all].map((draft) => draft.finish().snapshot);
}

/** Counts connections by some of what is known of them. */
class Counts {
  readonly #names: readonly InfoLabel[];
  readonly #byLabels = new Map<string, { readonly labels: readonly Label[]; count: number }>();

  constructor(names: readonly InfoLabel[]) {
    this.#names = names;
  }

  add(known: Labels, count: number): void {
    const labels = this.#names.map((name): Label => [name, known[name] ?? ""]);
    const key = JSON.stringify(labels);
    const entry = this.#byLabels.get(key);
    if (entry === undefined) this.#byLabels.set(key, { labels, count });
    else entry.count += count;
  }

  values(): Iterable<{ readonly labels: readonly Label[]; readonly count: number }> {
    return this.#byLabels.values();
  }
}

/** How a client_id is shown. The hash is the first 64 bits of a SHA-256, of an HMAC where there is a key. */
function createHasher({ clientIdHash }: InfoConfig): (clientId: string) => string {
  if (clientIdHash === undefined) return (clientId) => clientId;
  const { key } = clientIdHash;
  return (clientId) => {
    if (clientId === "") return "";
    const hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
    return hash.update(clientId).digest("hex").slice(0, 16);
  };
}
