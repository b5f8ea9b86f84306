import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Built, DEFAULT_BUILD_LIMITS, SnapshotBuilder } from "../../src/snapshot/build.ts";
import { decodeArray } from "../../src/sora/decode.ts";
import { type FailureReason, SoraFailure } from "../../src/sora/failure.ts";
import { connection, fixture } from "../support/build.ts";
import { ANSWER } from "./answers.ts";

type Outcome = Omit<Built, "slow"> | FailureReason;

/** Reads an answer in pieces of the given sizes, again and again. */
function read(builder: SnapshotBuilder, body: Buffer, sizes: readonly number[] = [body.length]): Built {
  const building = builder.begin();
  for (let at = 0, i = 0; at < body.length; i++) {
    const end = at + Math.max(1, sizes[i % sizes.length]!);
    building.write(body.subarray(at, end));
    at = end;
  }
  return building.end(5);
}

function outcomeOf(build: () => Built): Outcome {
  try {
    const { slow, ...outcome } = build();
    expect(slow).toBeGreaterThanOrEqual(0);
    return outcome;
  } catch (error) {
    if (error instanceof SoraFailure) return error.reason;
    throw error;
  }
}

function byReference(builder: SnapshotBuilder, body: Buffer): Built {
  const { elements, validUtf8 } = decodeArray(body, "connections");
  return builder.build(elements, 5, validUtf8);
}

const LIMITS = fc.record({
  dataChannelLabels: fc.constantFrom(0, 1, 2, 64),
  labelValueLength: fc.constantFrom(4, 20, 256),
});
const SIZES = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9000 })), {
  minLength: 1,
  maxLength: 5,
});

describe("bytes come to what the plain way comes to", () => {
  test("for whatever answers, one after the other, in whatever pieces", () => {
    let elements = 0;
    let slow = 0;
    fc.assert(
      fc.property(LIMITS, fc.array(fc.tuple(ANSWER, SIZES), { maxLength: 4 }), (limits, polls) => {
        const fast = new SnapshotBuilder("t", limits);
        const plain = new SnapshotBuilder("t", limits);
        for (const [text, sizes] of polls.flatMap((poll) => [poll, poll])) {
          const body = Buffer.from(text);
          expect(
            outcomeOf(() => {
              const built = read(fast, body, sizes);
              slow += built.slow;
              return built;
            }),
          ).toEqual(outcomeOf(() => byReference(plain, body)));
          elements += (JSON.parse(text) as unknown[]).length;
        }
      }),
    );
    // Otherwise this would only hold the plain way against itself.
    expect(elements - slow).toBeGreaterThan(elements / 5);
  });

  test("for answers with some bytes changed", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.oneof(
        fc.constantFrom(...'{}[]",:\\0-e.t '.split("")).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 2 }),
      ),
    );
    fc.assert(
      fc.property(ANSWER, fc.array(change, { minLength: 1, maxLength: 3 }), SIZES, (text, changes, sizes) => {
        const good = Buffer.from(text);
        let bad = good;
        for (const [place, cut, put] of changes) {
          const at = place % (bad.length + 1);
          bad = Buffer.concat([bad.subarray(0, at), put, bad.subarray(at + cut)]);
        }
        // Whether ids can be trusted is asked element by element here, of the whole answer there.
        fc.pre(isUtf8(bad) || !/[\u{fdd0}\u{fffd}]/u.test(text));
        const fast = new SnapshotBuilder("t");
        const plain = new SnapshotBuilder("t");
        read(fast, good, sizes);
        byReference(plain, good);
        expect(outcomeOf(() => read(fast, bad, sizes))).toEqual(outcomeOf(() => byReference(plain, bad)));
      }),
      { numRuns: 300 },
    );
  });

  test.each(["2022", "2024"])("for the sample of %s, the fast way from the second one on", (form) => {
    const sample = JSON.parse(fixture(`sora/connection-${form}.json`)) as object;
    const answer = Array.from({ length: 300 }, (_, i) => ({ ...sample, connection_id: `C${i}` }));
    const built = read(new SnapshotBuilder("t"), Buffer.from(JSON.stringify(answer)), [65_536]);
    expect(built.slow).toBe(1);
    const plain = new SnapshotBuilder("t").build(answer, 5);
    expect({ ...built, slow: 0 }).toEqual({ ...plain, slow: 0 });
    expect(built.snapshot.rows).toHaveLength(300);
  });

  test("for a connection that is larger than the window, among small ones", () => {
    const small = (id: string) => connection({ rtp: { total_sent: 1 } }, { connection_id: id });
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x${i}${"y".repeat(800)}`, i]));
    const answer = [small("A"), small("B"), connection({ foo: many }), small("D")];
    const body = Buffer.from(JSON.stringify(answer));
    expect(body.length).toBeGreaterThan(700_000);
    const builder = new SnapshotBuilder("t");
    const plain = { ...new SnapshotBuilder("t").build(answer, 5), slow: 0 };
    for (const slow of [2, 0]) {
      const built = read(builder, body, [65_536]);
      expect({ ...built, slow: 0 }).toEqual(plain);
      expect(built.slow).toBe(slow);
    }
  });
});

describe("an answer without end takes no memory without end", () => {
  const MB = Buffer.alloc(1024 * 1024, " ");

  test("one connection that is longer than any is given up", () => {
    const building = new SnapshotBuilder("t").begin();
    building.write(Buffer.from('[{"channel_id":"'));
    const write = () => {
      for (let i = 0; i < 20; i++) building.write(MB.fill("x"));
    };
    expect(write).toThrow(/one connection is longer than the limit of 16777216 bytes/);
  });

  test("blanks between connections are not kept", () => {
    const builder = new SnapshotBuilder("t");
    const building = builder.begin();
    const two = ["A", "B"].map((id) => JSON.stringify(connection({}, { connection_id: id })));
    building.write(Buffer.from(`[${two[0]}`));
    for (let i = 0; i < 20; i++) building.write(MB.fill(" "));
    building.write(Buffer.from(`,${two[1]}]`));
    expect(building.end(5).snapshot.rows).toHaveLength(2);
  });
});

describe("the core gives up on one connection alone", () => {
  const ids = (id: string) => `"channel_id":"ch","connection_id":"${id}"`;
  const good = (id: string) =>
    `{${ids(id)},"rtp":{"total_sent":1,"codec":"a"},"cc":{"round_trip_time":-1.5},"data_channel":{"#a":{"ordered":true}}}`;
  const lesson = Buffer.from(`[${good("A")}]`);

  test.each([
    ["a key that is new", '"rtp":{"total_received":1}'],
    ["a key that comes twice", '"rtp":{"total_sent":1,"total_sent":2}'],
    ["a key in another spelling", '"r\\u0074p":{"total_sent":1}'],
    ["an index as a key", '"7":1'],
    ["a control character in a key", '"a\\n":1'],
    ["a replacement character in a key", '"\u{fffd}":1'],
    ["an array", '"rtp":[]'],
    ["a number where there was an object", '"rtp":1'],
    ["a string where there was a number", '"rtp":{"total_sent":"1"}'],
    ["an object that is new to its place", '"rtp":{"total_sent":{"x":1}}'],
    ["a counter below zero", '"rtp":{"total_sent":-1}'],
    ["a counter above 2^53 - 1", '"rtp":{"total_sent":9007199254740992}'],
    ["a counter of twenty digits", '"rtp":{"total_sent":12345678901234567890}'],
    ["a counter above that with an exponent", '"rtp":{"total_sent":1E+16}'],
    ["a counter above that with a fraction", '"rtp":{"total_sent":12345678901234567.8e1}'],
    ["a number beyond every float", '"rtp":{"total_sent":1e999}'],
    ["a number of very many digits", `"rtp":{"total_sent":${"1".repeat(60)}}`],
    ["a blank", '"rtp": {"total_sent":1}'],
    ["a label without an object", '"data_channel":{"#a":null}'],
    ["too many labels", '"data_channel":{"#a":{},"#b":{}}'],
    ["a number as an id", '"client_id":5'],
    ["a number as an info label", '"data_channel":{"#a":{"ordered":1}}'],
  ])("%s", (_, members) => {
    const limits = { ...DEFAULT_BUILD_LIMITS, dataChannelLabels: 1 };
    const builder = new SnapshotBuilder("t", limits);
    read(builder, lesson);
    const body = Buffer.from(`[${good("A")},{${ids("B")},${members}},${good("C")}]`);
    const built = read(builder, body);
    expect(built.slow).toBe(1);
    expect({ ...built, slow: 0 }).toEqual({
      ...byReference(new SnapshotBuilder("t", limits), body),
      slow: 0,
    });
  });

  test.each([
    ["an escape in a string", '"rtp":{"codec":"\\n\\u00e9"}'],
    ["a byte beyond ASCII", '"rtp":{"codec":"\u{e9}"}'],
    ["a null", '"rtp":null,"cc":{"round_trip_time":null}'],
    ["a float", '"rtp":{"total_sent":0.30000000000000004},"cc":{"round_trip_time":-1e-7}'],
    ["a gauge beyond 2^53", '"cc":{"round_trip_time":12345678901234567890123}'],
    ["a gauge of nineteen digits", '"cc":{"round_trip_time":1234567890123456789}'],
    ["a gauge beyond 2^53 with an exponent", '"cc":{"round_trip_time":5e20}'],
    ["a counter of 2^53 - 1", '"rtp":{"total_sent":9007199254740991}'],
    ["a counter of 2^53 - 1 with an exponent", '"rtp":{"total_sent":900719925474099.1e1}'],
    ["another order", '"cc":{"round_trip_time":1},"rtp":{"codec":"","total_sent":0}'],
    ["empty objects", '"rtp":{},"data_channel":{"#a":{}}'],
  ])("and not for %s", (_, members) => {
    const builder = new SnapshotBuilder("t");
    read(builder, lesson);
    const body = Buffer.from(`[{${ids("B")},${members}}]`);
    const built = read(builder, body);
    expect(built.slow).toBe(0);
    expect({ ...built, slow: 0 }).toEqual({ ...byReference(new SnapshotBuilder("t"), body), slow: 0 });
  });

  test("a label as JSON writers spell it is none of the reasons", () => {
    const builder = new SnapshotBuilder("t");
    const answer = [connection({ data_channel: { '#\u{30e1} "\\n" <b>': { total_new: 1 } } })];
    const body = Buffer.from(JSON.stringify(answer));
    expect([read(builder, body).slow, read(builder, body).slow]).toEqual([1, 0]);
  });
});

describe("ids that are no UTF-8", () => {
  test("spoil their own connection, not one that holds a replacement character", () => {
    const builder = new SnapshotBuilder("t");
    const text = '[{"channel_id":"ch","connection_id":"?"},{"channel_id":"ch","connection_id":"\u{fffd}"}]';
    for (const slow of [2, 0]) {
      const body = Buffer.from(text);
      body[body.indexOf("?")] = 0xff;
      const built = read(builder, body);
      expect(built.slow).toBe(slow);
      expect([...built.connections.counts]).toEqual([["invalid_utf8", 1]]);
      expect(built.snapshot.rows.map(({ connectionId }) => connectionId)).toEqual(["\u{fffd}"]);
      read(builder, Buffer.from('[{"channel_id":"ch","connection_id":"a"}]'));
    }
  });
});

describe("answers that are none", () => {
  test.each([
    ["", "invalid_json", "the answer is empty"],
    [" ", "invalid_json", "the answer of 1 bytes is no JSON"],
    ["<html>", "invalid_json", "the answer of 6 bytes is no JSON"],
    ["\u{feff}[]", "invalid_json", "the answer of 5 bytes is no JSON"],
    ['{"error_type":"X"}', "sora_error", "error_type X"],
    ["{}", "unexpected_body", "the answer is an object, not an array of connections"],
    ["null", "unexpected_body", "the answer is null, not an array of connections"],
    [`"${"x".repeat(2_000_000)}"`, "unexpected_body", "the answer is no array of connections"],
    ["[1,]", "invalid_json", "the answer from byte 3 on is no JSON"],
    ["[,1]", "invalid_json", "the answer from byte 1 on is no JSON"],
    ["[1", "invalid_json", "the answer from byte 2 on is no JSON"],
    ["[1 2]", "invalid_json", "the answer from byte 3 on is no JSON"],
    ["[]]", "invalid_json", "the answer from byte 2 on is no JSON"],
    ["[{]", "invalid_json", "the answer from byte 1 on is no JSON"],
    ['[{"a":1}', "invalid_json", "the answer from byte 8 on is no JSON"],
    ["[{}{}]", "invalid_json", "the answer from byte 3 on is no JSON"],
  ])("%.20s", (text, reason, message) => {
    for (const size of [1_000_000, 1]) {
      if (size < text.length / 1000) continue;
      const failure = outcomeOrFailure(() => read(new SnapshotBuilder("t"), Buffer.from(text), [size]));
      expect(failure).toMatchObject({ reason, message });
    }
  });

  function outcomeOrFailure(build: () => Built): unknown {
    try {
      return build();
    } catch (error) {
      return error;
    }
  }

  test("an answer that is given up leaves nothing but what it taught", () => {
    const builder = new SnapshotBuilder("t");
    const of = (id: string, sent: number) => connection({ rtp: { total_sent: sent } }, { connection_id: id });
    const given = builder.begin();
    given.write(Buffer.from(JSON.stringify([of("A", 1), of("B", 2)]).slice(0, -1)));
    const built = read(builder, Buffer.from(JSON.stringify([of("C", 3)])));
    expect(built.snapshot).toEqual(new SnapshotBuilder("t").build([of("C", 3)], 5).snapshot);
    expect(() => given.write(Buffer.from("]"))).toThrow("another answer has begun");
    expect(() => given.end(0)).toThrow("another answer has begun");
  });

  test("answers that are all given up teach no more than a bound", () => {
    const builder = new SnapshotBuilder("t");
    for (let poll = 0; poll < 40; poll++) {
      const foo = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x${poll}-${i}`, null]));
      expect(outcomeOf(() => read(builder, Buffer.from(`[${JSON.stringify(connection({ foo }))}`)))).toBe(
        "invalid_json",
      );
    }
    expect(builder.rememberedKeys).toBeLessThan(25_000);
  });
});

test("the numbers of a snapshot stay when the next one is made", () => {
  const builder = new SnapshotBuilder("t");
  const body = (sent: number) =>
    Buffer.from(
      JSON.stringify([connection({ rtp: { total_sent: sent } }), connection({}, { connection_id: "D" })]),
    );
  const valuesOf = ({ snapshot }: Built) => [...snapshot.families[0]!.columns[0]!.values];
  const first = read(builder, body(1));
  const second = read(builder, body(2));
  expect([first, second].map(valuesOf)).toEqual([[1], [2]]);
});

test("equal labels of info series are one array", () => {
  const data_channel = { "#a": { ordered: true, protocol: "p" } };
  const answer = ["A", "B", "C"].map((connection_id) => connection({ data_channel }, { connection_id }));
  const builder = new SnapshotBuilder("t");
  for (let poll = 0; poll < 2; poll++) {
    const labels = read(builder, Buffer.from(JSON.stringify(answer))).snapshot.families[0]!.columns[0]!
      .entryLabels!;
    expect(labels).toHaveLength(3);
    expect(new Set(labels).size).toBe(1);
  }
});

describe("bounds on what users choose", () => {
  const labelled = (count: number, prefix = "#") =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${prefix}${i}`, { max_retransmits: i, total_new: 1 }]),
    );
  const FIRST = 'connection "C1": data_channel.#3 (data_channel_labels)';
  const bodyOf = (...connections: object[]) => Buffer.from(JSON.stringify(connections));

  test.each([
    [2, 0],
    [3, 0],
    [4, 3],
    [5, 6],
  ])("%i labels of data channels where 3 may be: %i series are left out", (labels, dropped) => {
    const builder = new SnapshotBuilder("t", { ...DEFAULT_BUILD_LIMITS, dataChannelLabels: 3 });
    for (let poll = 0; poll < 2; poll++) {
      const built = read(
        builder,
        bodyOf(connection({ data_channel: labelled(labels), cc: { target_bitrate: 1 } })),
      );
      expect(built.dropped.counts.get("data_channel_labels") ?? 0).toBe(dropped);
      expect(built.dropped.first).toBe(dropped > 0 ? FIRST : undefined);
      expect(built.snapshot.series).toBe(3 * Math.min(labels, 3) + 1);
    }
    // The root, two ids, two sections, one field, and what is admitted.
    expect(builder.rememberedKeys).toBe(6 + 3 * Math.min(labels, 3));
  });

  test.each([
    [1999, 0],
    [2000, 0],
    [2001, 3],
  ])("%i different labels in a target: %i series are left out", (labels, dropped) => {
    const builder = new SnapshotBuilder("t", { ...DEFAULT_BUILD_LIMITS, dataChannelLabels: 5000 });
    const built = read(builder, bodyOf(connection({ data_channel: labelled(labels) })));
    expect(built.dropped.counts.get("data_channel_labels") ?? 0).toBe(dropped);
    expect(built.snapshot.series).toBe(3 * Math.min(labels, 2000));
  });

  test("ten thousand new labels in every answer fill nothing but their bound, and make room again", () => {
    const builder = new SnapshotBuilder("t");
    for (let poll = 0; poll < 6; poll++) {
      const answer = Array.from({ length: 200 }, (_, i) =>
        connection({ data_channel: labelled(50, `#${poll}-${i}-`) }, { connection_id: `C${i}` }),
      );
      const built = read(builder, bodyOf(...answer));
      const kept = poll % 2 === 0 ? 2000 : 0;
      expect(built.dropped.counts.get("data_channel_labels")).toBe(3 * (10_000 - kept));
      expect(built.snapshot.series).toBe(3 * kept);
      expect(builder.rememberedKeys).toBeLessThan(7000);
    }
  });

  test("a label that is there all the time stays, whatever others come and go", () => {
    const builder = new SnapshotBuilder("t");
    for (let poll = 0; poll < 8; poll++) {
      const answer = Array.from({ length: 100 }, (_, i) => {
        const strangers = Array.from({ length: 40 }, (_, k) => [`#${poll}-${i}-${k}`, { total_sent: 1 }]);
        // Behind strangers, where nothing but that it was there before speaks for it.
        const data_channel = { ...Object.fromEntries(strangers), "#chat": { total_sent: 5 } } as object;
        return connection({ data_channel }, { connection_id: `C${i}` });
      });
      const { snapshot } = read(builder, Buffer.from(JSON.stringify(answer)));
      const chat = snapshot.families
        .flatMap(({ columns }) => columns)
        .filter(({ labels, values }) => values.length > 0 && labels.some(([, value]) => value === "#chat"));
      expect(chat.map(({ values }) => values)).toEqual([new Float64Array(100).fill(5)]);
    }
  });

  test("long values are shortened, and counted, both ways alike", () => {
    const limits = { ...DEFAULT_BUILD_LIMITS, labelValueLength: 20 };
    const long = (letter: string) => letter.repeat(21);
    const answer = ["A", "B"].map((name) =>
      connection(
        { data_channel: { [long("l")]: { protocol: long("p"), max_retransmits: 1 } } },
        { connection_id: `${long("c")}${name}`, channel_id: "c".repeat(20), client_id: long("u") },
      ),
    );
    const builder = new SnapshotBuilder("t", limits);
    for (const slow of [1, 0]) {
      const built = read(builder, bodyOf(...answer));
      expect([built.slow, built.shortened]).toEqual([slow, 8]);
      const [A, B] = built.snapshot.rows;
      expect(A!.connectionId).toMatch(/^ccc~[0-9a-f]{16}$/);
      expect(B!.connectionId).not.toBe(A!.connectionId);
      expect(A!.channelId).toBe("c".repeat(20));
      expect(A!.clientId).toMatch(/^uuu~/);
      const labels = built.snapshot.families.flatMap(({ columns }) =>
        columns.flatMap((column) => column.labels),
      );
      expect(labels).toEqual([["label", expect.stringMatching(/^lll~[0-9a-f]{16}$/)]]);
    }
  });
});
