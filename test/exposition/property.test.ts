import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeArray } from "../../src/sora/decode.ts";
import { buildOnce, exposition } from "../support/build.ts";
import { samplesOf } from "../support/parse.ts";

/** Keys as Sora has them, keys that the catalog captures, and keys that nobody should use. */
const KEY = fc.oneof(
  fc.constantFrom(
    "rtp",
    "rtcp",
    "rtp_hdr_ext",
    "rtp_hdrext",
    "sctp",
    "turn",
    "simulcast",
    "data_channel",
    "r0",
    "r1",
    "#chat",
  ),
  fc.constantFrom(
    "total_sent",
    "total_sent_rtp",
    "total_received_rtcp_sr",
    "total_sent_byte_size",
    "a",
    "b",
    "a_b",
    "x_total",
  ),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "0",
    "7",
    "",
    ".",
    '"',
    "\\",
    "a\\",
    'a"',
    "a\n",
    "a\\n",
    "\n",
    "}",
    "path",
  ),
  // Without the suffixes whose values are converted; those have tests of their own.
  fc.stringMatching(/^(total_)?[a-z]{1,3}(_[a-z]{1,3})?$/).filter((key) => !/_[mu]s$/.test(key)),
  fc.string({ unit: "grapheme", maxLength: 4 }),
);
/**
 * An object as its entries. Were it an object, V8 would learn the shapes that JSON.parse expects from it as well, with the
 * backslashes in keys that src/sora/json.ts keeps from it; the exporter makes no object of keys that others choose.
 */
type Tree = readonly (readonly [key: string, value: 0 | Tree])[];
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.uniqueArray(
    fc.tuple(KEY, fc.oneof({ maxDepth: 4, depthSize: "small" }, fc.constant(0 as const), tie("tree"))),
    { selector: ([key]) => key, maxLength: 6 },
  ),
}));
const ANSWER = fc.uniqueArray(
  fc.record({
    channel_id: fc.string({ unit: "grapheme", minLength: 1 }),
    connection_id: fc.string({ unit: "grapheme", minLength: 1 }),
    tree,
  }),
  { selector: ({ connection_id }) => connection_id.toWellFormed(), maxLength: 5 },
);

/** JSON in which every leaf is another number, and the connection that each number is in. */
function numbered(answer: readonly { channel_id: string; connection_id: string; tree: Tree }[]) {
  const owners = new Map<number, string>();
  function toJson(tree: Tree, owner: string): string {
    const entries = tree.map(([key, value]) => {
      if (value !== 0) return `${JSON.stringify(key)}:${toJson(value, owner)}`;
      const number = 1000 + owners.size;
      owners.set(number, owner);
      return `${JSON.stringify(key)}:${number}`;
    });
    return `{${entries.join(",")}}`;
  }
  const connections = answer.map(({ channel_id, connection_id, tree }) => {
    const ids = JSON.stringify({ channel_id, connection_id });
    const json = toJson(tree, connection_id);
    return json === "{}" ? ids : `${ids.slice(0, -1)},${json.slice(1)}`;
  });
  return { answer: decodeArray(Buffer.from(`[${connections.join(",")}]`), "connections").elements, owners };
}

const INFO = new Set(["sora_connection_info", "sora_connection_data_channel_info"]);

test.each(["prometheus-text", "openmetrics"] as const)(
  "%s: whatever the tree, each number comes out once, on its connection, under a legal name",
  (format) => {
    let numbers = 0;
    fc.assert(
      fc.property(ANSWER, (random) => {
        const { answer, owners } = numbered(random);
        const { snapshot, values, connections } = buildOnce(answer);
        expect([connections.counts.size, values.counts.size]).toEqual([0, 0]);
        const samples = samplesOf(exposition([snapshot], format), format).filter(
          ({ name }) => !INFO.has(name),
        );
        expect(samples).toHaveLength(owners.size);
        for (const { name, labels, value } of samples) {
          expect(name).toMatch(/^sora_connection_[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*$/);
          expect([value, labels["connection_id"]]).toEqual([value, owners.get(value)]);
        }
        expect(new Set(samples.map(({ value }) => value)).size).toBe(owners.size);
        numbers += owners.size;
      }),
      { numRuns: 500 },
    );
    expect(numbers).toBeGreaterThan(1000);
  },
);
