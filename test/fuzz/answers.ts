/** What Sora may answer, mutated: statistics and the other calls. */

import fc from "fast-check";
import { expect } from "vitest";
import type { Operation } from "../../src/sora/operations.ts";
import { fixture } from "../support/build.ts";
import type { ParsedSample } from "../support/parse.ts";
import { fuzz } from "./fuzz.ts";
import { applyCuts, cuts } from "./hostile.ts";
import { edit, EDITS, type JsonTree, textOf, treeOf } from "./json-tree.ts";
import { bytesOf, createWatchedTarget, parsed, seriesKey } from "./watched-target.ts";

/** A small connection with something of every section that is treated in a way of its own. */
const SMALL = {
  channel_id: "touched",
  client_id: "somebody",
  bundle_id: "B",
  connection_id: "T",
  timestamp: "2024-01-01T00:00:00Z",
  rtp: { total_received: 10, total_sent: 20, total_received_rtp_byte_size: 30 },
  rtcp: { total_received_rtcp_psfb_pli: 3 },
  cc: { round_trip_time: 12.5, target_bitrate: 500_000 },
  data_channel: { "#chat": { total_sent_data_channel_message: 5, ordered: true, protocol: "" } },
  simulcast: { r0: { rtp: { total_received_rtp: 9 } } },
  ice_connection_state: { total_checking_duration_ms: 100, total_connected_req: 7 },
  network_status: { unstable_level: 1, total_unstable_level1: 4 },
};
const SAMPLES = ["2022", "2024"].map((form) => JSON.parse(fixture(`sora/connection-${form}.json`)) as object);

/** Connections that nobody touches; their counters rise with each poll. */
function untouched(poll: number): string[] {
  const own = (id: string) => ({
    ...SMALL,
    channel_id: "calm",
    connection_id: id,
    rtp: { total_received: 100 + 7 * poll, total_sent: 5 + poll },
    cc: { round_trip_time: 20 + poll },
  });
  return ["U1", "U2"].map((id) => JSON.stringify(own(id)));
}

const isCalm = ({ labels }: ParsedSample) => labels["channel_id"] === "calm";
const asEntries = (samples: readonly ParsedSample[]) =>
  Object.fromEntries(samples.filter(isCalm).map((sample) => [seriesKey(sample), sample.value]));

/** A connection that was edited, and its place among the others. */
const TOUCHED = fc.record({
  bytes: fc
    .tuple(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant<object>(SMALL) },
        { weight: 1, arbitrary: fc.constantFrom(...SAMPLES) },
      ),
      EDITS,
    )
    .map(([base, edits]) => bytesOf(textOf(edit(treeOf(base), edits)))),
  place: fc.nat({ max: 2 }),
});

/** Whether an element, as JSON.parse has it, has the identity or the channel of one that nobody touches. */
function meddles(element: unknown): boolean {
  const { connection_id, channel_id } = (element ?? {}) as Record<string, unknown>;
  return connection_id === "U1" || connection_id === "U2" || channel_id === "calm";
}

const oneOfMany = fuzz({
  name: "one malformed connection costs the others nothing",
  runs: 25,
  input: fc.array(TOUCHED, { minLength: 1, maxLength: 4 }),
  async check(polls) {
    const target = createWatchedTarget();
    const twin = createWatchedTarget();
    for (const [i, { bytes, place }] of polls.entries()) {
      const calm = untouched(i);
      const answer = `[${calm.toSpliced(place, 0, bytes).join(",")}]`;
      const value = parsed(answer);
      // What is no JSON, or no list any more, is no answer at all.
      const isGood = Array.isArray(value);
      if (isGood && value.some((element, at) => at !== place && !calm.includes(JSON.stringify(element))))
        return;
      if (isGood && meddles(value[place])) return;
      const samples = await target.poll({ GetStatsAllConnections: answer });
      const expected = await twin.poll({
        GetStatsAllConnections: isGood ? `[${calm.join(",")}]` : "no JSON",
      });
      expect(samples.find(({ name }) => name === "sora_up")?.value).toBe(isGood ? 1 : 0);
      expect(asEntries(samples)).toEqual(asEntries(expected));
      if (isGood) expect(samples.some(isCalm)).toBe(true);
    }
  },
});

/** What breaks text that is JSON. */
const JSON_BREAKERS = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "\\",
  "\0",
  "\xff",
  "\xc3",
  "\xed\xa0\x80",
  "\xef\xbb\xbf",
  "\n",
  "1e999",
  "-",
];

function isConnection(element: unknown): boolean {
  const { connection_id, channel_id } = (element ?? {}) as Record<string, unknown>;
  // Of bytes that are no UTF-8 comes a replacement character, which is no id.
  return [connection_id, channel_id].every((id) => typeof id === "string" && /^[\x20-\x7e]+$/.test(id));
}

/** Two polls, so that the second one finds what the first one taught. */
const brokenBytes = fuzz({
  name: "statistics of which bytes were changed are an answer or a failed poll",
  runs: 25,
  input: fc
    .tuple(
      fc.constantFrom<object>(SMALL, ...SAMPLES),
      fc.array(cuts(JSON_BREAKERS), { minLength: 1, maxLength: 3 }),
    )
    .map(([base, all]) => {
      const good = bytesOf(JSON.stringify([base, { ...base, connection_id: "other" }]));
      return [good, ...all.map((changes) => applyCuts(good, changes))];
    }),
  async check(answers) {
    const target = createWatchedTarget();
    for (const answer of answers) {
      const samples = await target.poll({ GetStatsAllConnections: answer });
      const up = samples.find(({ name }) => name === "sora_up")?.value;
      const value = parsed(answer);
      // Whether a list of nothing that is a connection is an answer is for others to say.
      if (!Array.isArray(value)) expect(up).toBe(0);
      else if (value.length === 0 || value.some(isConnection)) expect(up).toBe(1);
    }
  },
});

const read = (name: string) => JSON.parse(fixture(`sora/${name}.json`)) as unknown;
const CALLS: readonly (readonly [operation: Operation, answer: unknown])[] = [
  ["ListConnections", read("list-connections")],
  ["GetStatsReport", read("stats-report")],
  ["ListClusterNodes", read("cluster-nodes")],
  ["GetLicense", read("license")],
  ["ListStartedRecording", read("started-recording")],
  ["ListArchiving", read("archiving")],
];
const TREES = new Map<Operation, JsonTree>(CALLS.map(([operation, answer]) => [operation, treeOf(answer)]));

/** An operation, and what it answers in one poll after the other. */
const OTHER_CALL = fc.constantFrom(...CALLS.map(([operation]) => operation)).chain((operation) => {
  const tree = TREES.get(operation)!;
  const good = bytesOf(textOf(tree));
  const answer = fc.oneof(
    { weight: 3, arbitrary: EDITS.map((edits) => bytesOf(textOf(edit(tree, edits)))) },
    { weight: 1, arbitrary: cuts(JSON_BREAKERS).map((changes) => applyCuts(good, changes)) },
  );
  return fc.record({
    operation: fc.constant(operation),
    answers: fc.array(answer, { minLength: 1, maxLength: 3 }),
  });
});

const otherCalls = fuzz({
  name: "whatever another call answers, the statistics are there and it alone fails",
  runs: 25,
  input: OTHER_CALL,
  async check({ operation, answers }) {
    const target = createWatchedTarget();
    const good = Object.fromEntries([...TREES].map(([name, tree]) => [name, bytesOf(textOf(tree))]));
    for (const answer of answers) {
      const statistics = `[${untouched(0).join(",")}]`;
      const samples = await target.poll({ ...good, GetStatsAllConnections: statistics, [operation]: answer });
      expect(samples.find(({ name }) => name === "sora_up")?.value).toBe(1);
      const failing = samples
        .filter(({ name, value }) => name === "sora_exporter_call_success" && value === 0)
        .map(({ labels }) => labels["call"] ?? labels["operation"]);
      expect(failing.filter((name) => name !== operation)).toEqual([]);
      if (parsed(answer) === undefined) expect(failing).toEqual([operation]);
      const sent = samples.filter(({ name }) => name === "sora_connection_sent_packets_total");
      expect(sent.filter(isCalm)).toHaveLength(2);
    }
  },
});

export const ANSWER_FUZZES = [oneOfMany, brokenBytes, otherCalls];
