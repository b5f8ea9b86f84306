/** The part of METRICS.md about how many series there are, and what bounds them. */

import { CONNECTION_METRICS } from "../src/calls/connections.ts";
import { CONNECTION_PREFIX } from "../src/catalog/resolve.ts";
import { ROOM_TO_RETURN } from "../src/choice/fit.ts";
import { SECTIONS_THAT_GO } from "../src/choice/usefulness.ts";
import { LIMITS } from "../src/config/limits.ts";
import { DROP_REASONS } from "../src/snapshot/rejections.ts";
import { type Cost, costBySection, costOf, oneConnection, simulate } from "./series.ts";
import { code, table } from "./markdown.ts";

const CONNECTIONS = 10_000;
const CHANNELS = 1000;

/** Metrics of single connections that ListConnections brings, each with one series. */
const OF_LISTING = Object.values(CONNECTION_METRICS).filter(({ name }) =>
  name.startsWith(CONNECTION_PREFIX),
).length;

/** What is past a limit, by its key. */
const PAST: Readonly<Record<keyof typeof LIMITS, string>> = {
  series_per_target:
    "metrics go in the order below until the rest fits: connections, then channels, then the target; other calls' metrics count as the target's",
  series_per_metric:
    "of the metric, labels that users choose go (`label`, `path`), those with the fewest series first; where that is not enough, all of it",
  data_channel_labels: "the connection's other data channels are left out",
  label_value_length:
    "the value keeps its beginning, and `~` and a hash of the whole follow (`sora_exporter_label_values_shortened_total`)",
  answer_size:
    "the poll fails (`too_large`), and a call other than the statistics past an eighth of it, or 1 MB",
};

/** A heading with what it says. */
export function costPage(): string {
  const one = oneConnection();
  const sections = [...costBySection(one)].sort(([, a], [, b]) => b.connection - a.connection);
  const { all, withoutZeros, zeroShare, connections, channels } = simulate();
  const scaled = (cost: Cost): Cost => ({
    connection: (cost.connection / connections) * CONNECTIONS,
    channel: (cost.channel / channels) * CHANNELS,
    target: cost.target,
  });
  const row = (what: string, { connection, channel, target }: Cost) => [
    what,
    ...[connection, channel, target, connection + channel + target].map(about),
  ];
  const kept = scaled(all);
  const omitted = scaled(withoutZeros);
  return `## How many series

A connection that sends every field which Sora documents, of three simulcast layers and one data channel, has so many series. So many
has its channel, and so many the target:

${table(
  ["Section", "Connection", "Channel", "Target"],
  [
    ...sections.map(([section, cost]) => [section === "" ? "none" : code(section), ...numbers(cost)]),
    ["all", ...numbers(costOf(one))],
  ],
)}

Each further simulcast layer and data channel adds its own. \`sora_connection_info\` and the rest of \`ListConnections\` add up to ${OF_LISTING} a connection.

${about(CONNECTIONS)} connections in ${about(CHANNELS)} channels, reckoned from ${connections} connections of the simulator (\`npm run simulator\`) after ten minutes, without other
calls:

${table(
  ["", "Connections", "Channels", "Target", "All"],
  [
    row("everything", kept),
    row("`levels: [target, channel]`", { ...kept, connection: 0 }),
    row("`zero: omit`", omitted),
    row("`levels: [target, channel]` and `zero: omit`", { ...omitted, connection: 0 }),
  ],
)}

There ${percent(zeroShare)} of the connections' counters are zero. \`zero: omit\` leaves out a counter that was never above zero; once it was, it is there for good,
also when it falls back to zero. A connection or channel that is missing is remembered for ten minutes, a label that users choose until no
connection has it. After a restart of the exporter, counters that have fallen to zero are not there until they grow.

## Limits

Per target; \`targets[].limits\` sets them for one.

${table(
  ["Limit", "Default", "Past it"],
  Object.entries(LIMITS).map(([key, schema]) => [
    code(`limits.${key}`),
    String(schema.def.defaultValue),
    PAST[key as keyof typeof LIMITS],
  ]),
)}

A limit on series always holds. But for labels that users choose, a metric is whole or absent, so that no sum over it is wrong without
anybody noticing. At each level labels that users choose go first, those with the fewest series before others, then metrics by section: those
that this version does not know, ${SECTIONS_THAT_GO.map(code).join(", ")}, and last what is in no section, such as \`sora_connection_info\`. What went comes back where
${percent(ROOM_TO_RETURN)} of the limit is room enough for it, so that nothing comes and goes with every poll.

\`sora_exporter_series_dropped_total\` counts what goes, once for each poll; the log says when it begins and when it ends:

${table(
  ["Reason", "Meaning"],
  Object.entries(DROP_REASONS).map(([reason, meaning]) => [code(reason), meaning]),
)}`;
}

function numbers({ connection, channel, target }: Cost): string[] {
  return [connection, channel, target].map(String);
}

/** Two digits are as much as a reckoning is worth. */
function about(series: number): string {
  return Number(series.toPrecision(2)).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
