import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Chooser } from "../../src/choice/chooser.ts";
import { ZeroOmission } from "../../src/choice/zeros.ts";
import type { Label } from "../../src/catalog/resolve.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { KEEP_MISSING_MS } from "../../src/sums/increases.ts";
import { DEFAULT_LIMITS, EVERYTHING } from "../support/exporter.ts";
import { family, seriesOf, snapshotOf } from "./support.ts";

/** Counters of connections: what each has, by the label of its data channel, undefined for the metric without a label. */
type Poll = Readonly<Record<string, Readonly<Record<string, number>>>>;

const NO_LABEL = "-";
/** A metric of Sora's own, with a type that it has in part of the connections. */
const TYPE = "type";

function labelsOf(kind: string): Label[] {
  if (kind === NO_LABEL) return [];
  return kind === TYPE ? [["type", "x"]] : [["label", kind]];
}

function snapshot(poll: Poll, name = "sora_connection_a_total"): Snapshot {
  const rows = Object.keys(poll).map((connectionId) => ({ channelId: "ch", connectionId }));
  const kinds = [...new Set(Object.values(poll).flatMap((values) => Object.keys(values)))].sort();
  const columns = kinds.map((kind) => {
    const found = Object.values(poll).flatMap((values, row) =>
      values[kind] === undefined ? [] : [{ row, value: values[kind] }],
    );
    return {
      labels: labelsOf(kind),
      rows: found.length === rows.length ? undefined : Uint32Array.from(found, ({ row }) => row),
      values: Float64Array.from(found, ({ value }) => value),
    };
  });
  return snapshotOf(rows, [family(name, columns)]);
}

function shown(omission: ZeroOmission, poll: Poll, nowMs: number): string[] {
  return [...seriesOf(omission.omit([snapshot(poll)], nowMs))].map(([key, value]) =>
    `${key} ${value}`.replace("sora_connection_a_total ", "").replace("ch ", ""),
  );
}

describe("a counter", () => {
  test("that was never above zero is not there; once it was, it always is", () => {
    const omission = new ZeroOmission();
    expect(shown(omission, { A: { [NO_LABEL]: 0 }, B: { [NO_LABEL]: 2 } }, 0)).toEqual(["B 2"]);
    expect(shown(omission, { A: { [NO_LABEL]: 0 }, B: { [NO_LABEL]: 0 } }, 1)).toEqual(["B 0"]);
    expect(shown(omission, { A: { [NO_LABEL]: 0.5 }, B: { [NO_LABEL]: 0 } }, 2)).toEqual(["A 0.5", "B 0"]);
    expect(shown(omission, { A: { [NO_LABEL]: 0 }, B: { [NO_LABEL]: 0 } }, 3)).toEqual(["A 0", "B 0"]);
  });

  test("is kept in mind with its connection for ten minutes, and not longer", () => {
    const omission = new ZeroOmission();
    const others = { [NO_LABEL]: 1 };
    shown(omission, { A: { [NO_LABEL]: 1 }, B: others }, 0);
    shown(omission, { B: others }, 1);
    expect(shown(omission, { A: { [NO_LABEL]: 0 }, B: others }, KEEP_MISSING_MS)).toEqual(["A 0", "B 1"]);
    for (let i = 1; i <= 3; i++) shown(omission, { B: others }, KEEP_MISSING_MS * (1 + i * 0.5));
    expect(shown(omission, { A: { [NO_LABEL]: 0 }, B: others }, KEEP_MISSING_MS * 3)).toEqual(["B 1"]);
    // Another connection that has the place of the one before is another connection.
    shown(omission, { A: { [NO_LABEL]: 5 }, B: others }, KEEP_MISSING_MS * 3 + 1);
    for (let i = 1; i <= 3; i++) shown(omission, { B: others }, KEEP_MISSING_MS * (3 + i * 0.5) + 2);
    expect(shown(omission, { B: others, C: { [NO_LABEL]: 0 } }, KEEP_MISSING_MS * 5)).toEqual(["B 1"]);
  });

  test("with a label that users choose is forgotten as soon as nobody has that label", () => {
    const omission = new ZeroOmission();
    shown(omission, { A: { "#chat": 1, [TYPE]: 1 } }, 0);
    expect(shown(omission, { A: { "#chat": 0, [TYPE]: 0 } }, 1)).toEqual(["label=#chat A 0", "type=x A 0"]);
    shown(omission, { A: {} }, 2);
    expect(shown(omission, { A: { "#chat": 0, [TYPE]: 0 } }, 3)).toEqual(["type=x A 0"]);
    for (let i = 0; i < 100; i++) shown(omission, { A: { [`#${i}`]: 1, [TYPE]: 0 } }, 4 + i);
    expect(omission.size).toEqual({ metrics: 2, rows: 1 });
  });

  test("of a call whose series have labels of their own is one series like any other", () => {
    const report = (values: number[]) =>
      snapshotOf(
        [{}],
        [
          family("sora_error_total", [
            {
              labels: [],
              rows: new Uint32Array(values.length),
              values: Float64Array.from(values),
              entryLabels: values.map((_, i): Label[] => [["reason", `r${i}`]]),
            },
          ]),
        ],
      );
    const omission = new ZeroOmission();
    const after = (values: number[], nowMs: number) => [...seriesOf(omission.omit([report(values)], nowMs))];
    expect(after([0, 1, 0], 0)).toEqual([["sora_error_total reason=r1", 1]]);
    expect(after([0, 0, 3], 1)).toEqual([
      ["sora_error_total reason=r1", 0],
      ["sora_error_total reason=r2", 3],
    ]);
    expect(after([0, 0], 2)).toEqual([["sora_error_total reason=r1", 0]]);
  });
});

test("gauges, histograms and info metrics are not touched", () => {
  const zero = { labels: [], rows: undefined, values: Float64Array.of(0) };
  const families = [
    family("sora_channel_a", [zero]),
    family("sora_connection_b_info", [{ ...zero, entryLabels: [[["label", "x"]]] }]),
    {
      ...family("sora_channel_c", [
        { ...zero, suffix: "_sum" },
        { ...zero, suffix: "_count" },
      ]),
      type: "histogram" as const,
    },
  ];
  const before = snapshotOf([{ channelId: "ch" }], families);
  expect(new ZeroOmission().omit([before], 0)[0]).toBe(before);
});

test("a snapshot always becomes the same, and means nothing new when it comes again", () => {
  const omission = new ZeroOmission();
  const first = snapshot({ A: { [NO_LABEL]: 0, "#chat": 1 }, B: { [NO_LABEL]: 2 } });
  const [become] = omission.omit([first], 0);
  const report = snapshotOf(
    [{}],
    [family("sora_b_total", [{ labels: [], rows: undefined, values: Float64Array.of(1) }])],
  );
  expect(omission.omit([first, report], 1)).toEqual([become, report]);
  expect(omission.omit([first, report], 1)[0]).toBe(become);
  expect(omission.omit([first], 2)[0]).toBe(become);
  // What users chose was still there.
  expect(shown(omission, { A: { [NO_LABEL]: 0, "#chat": 0 }, B: {} }, 3)).toEqual(["label=#chat A 0"]);
});

test("every poll shows what a plain list of all that was above zero says, whoever joins, leaves and begins anew", () => {
  const kinds = [NO_LABEL, TYPE, "#a", "#b"];
  const values = fc.dictionary(fc.constantFrom(...kinds), fc.nat(1));
  const poll: fc.Arbitrary<Poll> = fc
    .subarray(["A", "B", "C", "D", "E", "F"])
    .chain((ids) =>
      fc.tuple(...ids.map(() => values)).map((all) => Object.fromEntries(ids.map((id, i) => [id, all[i]!]))),
    );
  const step = fc.record({ poll, afterMs: fc.constantFrom(1, 10_000, KEEP_MISSING_MS / 2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const chooser = new Chooser({ ...EVERYTHING, zero: "omit" }, DEFAULT_LIMITS);
      const positive = new Set<string>();
      const seen = new Map<string, number>();
      let nowMs = 0;
      for (const { poll, afterMs } of steps) {
        nowMs += afterMs;
        const there = new Set(Object.values(poll).flatMap((one) => Object.keys(one)));
        // Whom and what is it about, and for how long is it kept in mind?
        for (const key of [...positive]) {
          const [kind, id] = key.split(" ") as [string, string];
          const isUsers = kind.startsWith("#");
          const idGone = poll[id] === undefined && nowMs - seen.get(id)! > KEEP_MISSING_MS;
          const kindGone = !there.has(kind) && (isUsers || nowMs - seen.get(kind)! > KEEP_MISSING_MS);
          if (idGone || kindGone) positive.delete(key);
        }
        for (const name of [...Object.keys(poll), ...there]) seen.set(name, nowMs);
        const expected: string[] = [];
        for (const [id, own] of Object.entries(poll)) {
          for (const [kind, value] of Object.entries(own)) {
            if (value > 0) positive.add(`${kind} ${id}`);
            if (positive.has(`${kind} ${id}`)) {
              const labels = labelsOf(kind).map((label) => ` ${label.join("=")}`);
              expected.push(`sora_connection_a_total${labels.join()} ch ${id}:${value}`);
            }
          }
        }
        const { snapshots } = chooser.choose([snapshot(poll)], nowMs);
        expect([...seriesOf(snapshots)].map(([key, value]) => `${key}:${value}`).sort()).toEqual(
          expected.sort(),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("many connections that come and go take no more room than those that are there", () => {
  const omission = new ZeroOmission();
  for (let i = 0; i < 60; i++) {
    const poll = Object.fromEntries(
      Array.from({ length: 200 }, (_, k) => [`C${i}-${k}`, { [NO_LABEL]: k % 2, [TYPE]: 1 }]),
    );
    expect(shown(omission, poll, i * KEEP_MISSING_MS * 0.4)).toHaveLength(300);
    expect(omission.size.rows).toBeLessThanOrEqual(600);
  }
});

test("those that stay are still known when many have left", () => {
  const omission = new ZeroOmission();
  const of = (count: number, value: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`C${999 - i}`, { [NO_LABEL]: i % 2 === 0 ? value : 0 }]),
    );
  shown(omission, { ...of(1000, 1), D: { [TYPE]: 1 } }, 0);
  const left = { ...of(5, 0), D: { [TYPE]: 0 } };
  for (let i = 1; i <= 3; i++)
    expect(shown(omission, left, i * KEEP_MISSING_MS)).toEqual(["C999 0", "C997 0", "C995 0", "type=x D 0"]);
  expect(omission.size.rows).toBe(6);
});
