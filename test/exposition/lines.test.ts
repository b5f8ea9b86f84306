import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Label } from "../../src/catalog/resolve.ts";
import type { Format } from "../../src/exposition/compose.ts";
import { encode } from "../support/encode.ts";
import { SLICE_BYTES, SLICE_ROWS } from "../../src/exposition/identities.ts";
import { CAPACITIES, type Capacities, LinesCore, LONGEST_PIECE } from "../../src/exposition/lines-core.ts";
import { LineWriter } from "../../src/exposition/lines.ts";
import {
  type Column,
  countSeries,
  type Family,
  type Row,
  type Snapshot,
} from "../../src/snapshot/snapshot.ts";
import { CANONICAL, lines, reference } from "./reference.ts";

const FORMATS: readonly Format[] = ["prometheus-text", "openmetrics"];

/** So small that everything is full all the time. */
const SMALL: Capacities = {
  chunkBytes: 300,
  lines: 7,
  shapes: 5,
  shapeBytes: LONGEST_PIECE,
  identities: SLICE_ROWS + 1,
  identityBytes: SLICE_BYTES,
};
const WRITERS: readonly (readonly [string, LineWriter])[] = [
  ["much", new LineWriter()],
  ["little", new LineWriter(SMALL)],
];

const NUMBER = fc.oneof(
  fc.nat(),
  fc.nat(200).map((value) => -value),
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: -5, max: 5 }).map((near) => 2 ** 53 + near),
  fc.integer({ min: -5, max: 5 }).map((near) => 1e15 + near),
  fc.integer({ min: -5, max: 5 }).map((near) => 1e15 + near / 8),
  fc.integer({ min: -5, max: 5 }).map((near) => 1e9 + near / 1e6),
  fc
    .tuple(fc.integer(), fc.integer({ min: 1, max: 7 }))
    .map(([digits, places]) => Number(`${digits}e-${places}`)),
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: 1, max: 22 }))
    .map(([digits, places]) => Number(`${digits}e-${places}`)),
  fc.integer({ min: -330, max: 308 }).map((power) => Number(`1e${power}`)),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    1e-6,
    9e-7,
    1e-7,
    1e21,
    999999999999.999,
    5e-324,
    0.1 + 0.2,
  ),
);
const TEXT = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme", maxLength: 8 }) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.constantFrom('"', "\\", "\n", "a", "é", "日", "😀"), maxLength: 80 }),
  },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 400 }).map((length) => "日\\".repeat(length)) },
);
/** Around what the core takes; rare, as it takes long. */
const LONG = fc
  .integer({ min: -60, max: 60 })
  .map((near) => "x".repeat(LONGEST_PIECE / (near % 2 === 0 ? 3 : 1) + near));
const ANY_TEXT = fc.oneof({ weight: 60, arbitrary: TEXT }, { weight: 1, arbitrary: LONG });
const LABELS = fc
  .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "codec"), ANY_TEXT), {
    selector: ([name]) => name,
    maxLength: 3,
  })
  .map((labels): readonly Label[] => labels);

function column(rowCount: number): fc.Arbitrary<Column> {
  const rows = fc.oneof(
    fc.constant(undefined),
    fc.constant(Array.from({ length: rowCount }, (_, row) => row)),
    rowCount === 0
      ? fc.constant([])
      : fc.array(fc.nat(rowCount - 1), { maxLength: 30 }).map((some) => some.toSorted((a, b) => a - b)),
  );
  return rows.chain((some) => {
    const count = some?.length ?? rowCount;
    const exactly = { minLength: count, maxLength: count };
    return fc
      .record({
        labels: LABELS,
        values: fc.array(NUMBER, exactly),
        entries: fc.option(
          fc
            .array(LABELS, { minLength: 1, maxLength: 9 })
            .chain((few) => fc.array(fc.constantFrom(...few), exactly)),
          { freq: 2, nil: undefined },
        ),
      })
      .map(({ labels, values, entries }) => ({
        labels: entries === undefined ? labels : [],
        rows: some && Uint32Array.from(some),
        values: Float64Array.from(values),
        ...(entries !== undefined && { entryLabels: entries }),
      }));
  });
}

function histogram(rowCount: number): fc.Arbitrary<readonly Column[]> {
  return fc
    .record({
      rows: fc.option(fc.subarray(Array.from({ length: rowCount }, (_, row) => row)), { nil: undefined }),
      bounds: fc.subarray(Object.keys(CANONICAL)),
      value: NUMBER,
    })
    .map(({ rows, bounds, value }) => {
      const all = [
        ...bounds.map((le) => ["_bucket", [["le", le]]] as const),
        ["_sum", []] as const,
        ["_count", []] as const,
      ];
      return all.map(([suffix, labels]) => ({
        suffix,
        labels,
        rows: rows && Uint32Array.from(rows),
        values: new Float64Array(rows?.length ?? rowCount).fill(value),
      }));
    });
}

const SNAPSHOT = fc
  .array(fc.record({ channelId: ANY_TEXT, connectionId: ANY_TEXT }, { requiredKeys: [] }), { maxLength: 20 })
  .chain((rows) =>
    fc
      .record({
        target: TEXT,
        families: fc.tuple(
          ...["a_total", "a", "b_bytes_total", "c_seconds", "d_odd"].map((name) =>
            fc.option(
              fc.record({
                name: fc.constant(name),
                help: TEXT,
                columns: fc.array(column(rows.length), { maxLength: 6 }),
              }),
              { nil: undefined },
            ),
          ),
          fc.option(fc.record({ name: fc.constant("e_h"), help: TEXT, columns: histogram(rows.length) }), {
            nil: undefined,
          }),
        ),
      })
      .map(({ target, families }) =>
        toSnapshot(
          target,
          rows as Row[],
          families.flatMap((family): Family[] => {
            if (family === undefined) return [];
            const { name } = family;
            const type = name === "e_h" ? "histogram" : /_total|odd/.test(name) ? "counter" : "gauge";
            return [{ ...family, type }];
          }),
        ),
      ),
  );
const OWN = fc.array(
  fc.record({
    name: fc.constantFrom("own_total", "own", "own_seconds"),
    help: TEXT,
    type: fc.constantFrom("counter" as const, "gauge" as const, "histogram" as const, "summary" as const),
    samples: fc.array(
      fc.record({
        name: fc.constantFrom("own_total", "own_bucket"),
        labels: fc.oneof(
          LABELS,
          fc.constantFrom(...Object.keys(CANONICAL)).map((le): readonly Label[] => [["le", le]]),
        ),
        value: NUMBER,
      }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 2 },
);

function toSnapshot(target: string, rows: readonly Row[], families: readonly Family[]): Snapshot {
  return { target, timeMs: 0, rows, families, series: countSeries(families), unknownPaths: [] };
}

function family(columns: readonly Column[]): Family {
  return { name: "m", help: "", type: "gauge", columns };
}

function all(writer: LineWriter, snapshot: Snapshot, one: Family): string {
  let text = "";
  const decoder = new TextDecoder();
  for (const chunk of writer.lines(snapshot, one, "openmetrics"))
    text += decoder.decode(chunk, { stream: true });
  return text;
}

/** Not with `toBe`, which would take minutes to show how long texts differ. */
function expectSame(text: string, expected: string): void {
  if (text === expected) return;
  let at = 0;
  while (text[at] === expected[at]) at++;
  expect(text.slice(Math.max(0, at - 50), at + 200)).toBe(expected.slice(Math.max(0, at - 50), at + 200));
}

describe.each(WRITERS)("with %s memory", (_, writer) => {
  test.each(FORMATS)("%s: what the obvious encoder writes, byte for byte", (format) => {
    fc.assert(
      fc.property(OWN, fc.array(SNAPSHOT, { maxLength: 3 }), (own, snapshots) => {
        const bytes = encode(own, snapshots, format, writer);
        expectSame(bytes.toString("utf8"), reference(own, snapshots, format));
      }),
      { numRuns: 300 },
    );
  });

  test("numbers", () => {
    fc.assert(
      fc.property(fc.array(NUMBER, { minLength: 50, maxLength: 100 }), (numbers) => {
        const snapshot = toSnapshot(
          "t",
          numbers.map(() => ({})),
          [],
        );
        const one = family([{ labels: [], rows: undefined, values: Float64Array.from(numbers) }]);
        const written = all(writer, snapshot, one);
        expectSame(written, lines(snapshot, one, "openmetrics"));
        const read = written
          .split("\n")
          .slice(0, -1)
          .map((line) => line.slice(line.indexOf("}") + 2));
        expect(read.map((text) => Number(text.replace("Inf", "Infinity")))).toEqual(
          numbers.map((n) => n + 0),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("two families at a time do not disturb each other, nor does one that is given up", () => {
    const rows = Array.from({ length: 3000 }, (_, row) => ({ channelId: `c${row}` }));
    const makeOne = (target: string, label: string) => {
      const values = Float64Array.from(rows, (_, row) => row / 8);
      const column = { labels: [["l", label]] as const, values };
      const some = Uint32Array.from({ length: rows.length }, (_, row) => row);
      const one = family([
        { ...column, rows: undefined },
        { ...column, rows: some },
      ]);
      return { one, snapshot: toSnapshot(target, [...rows], [one]) };
    };
    const made = [makeOne("a", "x"), makeOne("b", "y"), makeOne("c", "z".repeat(500))];
    made.push(made[0]!);
    const generators = made.map(({ one, snapshot }) => writer.lines(snapshot, one, "openmetrics"));
    generators.push(writer.lines(made[1]!.snapshot, made[1]!.one, "openmetrics"));
    const texts = generators.map(() => "");
    for (let left = generators.length, round = 0; left > 0; round++) {
      left = generators.length;
      for (const [i, generator] of generators.entries()) {
        if (i === 4 && round === 1) generator.return();
        const { value, done } = generator.next();
        if (done === true) left--;
        else texts[i]! += Buffer.from(value).toString("latin1");
      }
    }
    for (const [i, { one, snapshot }] of made.entries())
      expectSame(texts[i]!, lines(snapshot, one, "openmetrics"));
  });
});

describe("large families", () => {
  const writer = new LineWriter();

  test("16,000 columns of one value each, in no order, beside one that has all rows", () => {
    const rows = Array.from({ length: 10_000 }, (_, row) => ({ connectionId: String(row) }));
    const columns = Array.from({ length: 16_000 }, (_, c): Column => ({
      labels: [["c", String(c)]],
      rows: Uint32Array.of((c * 7919) % 10_000),
      values: Float64Array.of(c),
    }));
    columns.splice(8000, 0, { labels: [], rows: undefined, values: new Float64Array(10_000).fill(0.5) });
    const written = all(writer, toSnapshot("t", rows, []), family(columns)).split("\n");
    const expected = rows.flatMap((_, row): [number, string][] => [[row, "all"]]);
    expect(written).toHaveLength(26_001);
    const byRow: string[][] = rows.map(() => []);
    for (const [c, { rows: some, labels }] of columns.entries())
      if (some === undefined)
        for (const [row] of expected) byRow[row]!.push(`m{target="t",connection_id="${row}"} 0.5`);
      else
        byRow[some[0]!]!.push(
          `m{target="t",connection_id="${some[0]!}",c="${labels[0]![1]}"} ${c > 8000 ? c - 1 : c}`,
        );
    expectSame(written.join("\n"), `${byRow.flat().join("\n")}\n`);
  });

  test("one row with 100,000 columns", () => {
    const columns = Array.from({ length: 100_000 }, (_, c): Column => ({
      labels: [["c", String(c)]],
      rows: undefined,
      values: Float64Array.of(c),
    }));
    const expected = columns.map((_, c) => `m{target="t",c="${c}"} ${c}\n`).join("");
    expectSame(all(writer, toSnapshot("t", [{}], []), family(columns)), expected);
  });

  test("100,000 rows, more than there is room for", () => {
    const rows = Array.from({ length: 100_000 }, (_, row) => ({
      connectionId: `${row}-é`.padStart(26, "x"),
    }));
    const values = Float64Array.from(rows, (_, row) => row);
    const sparse = Uint32Array.from({ length: 50_000 }, (_, i) => i * 2);
    const snapshot = toSnapshot("t", rows, []);
    const id = (row: number) => `m{target="t",connection_id="${rows[row]!.connectionId}"`;
    const dense = family([{ labels: [], rows: undefined, values }]);
    expectSame(all(writer, snapshot, dense), rows.map((_, row) => `${id(row)}} ${row}\n`).join(""));
    const mixed = family([
      ...dense.columns,
      { labels: [["a", "b"]], rows: sparse, values: values.subarray(0, 50_000) },
    ]);
    expectSame(
      all(writer, snapshot, mixed),
      rows
        .map((_, row) => `${id(row)}} ${row}\n${row % 2 === 0 ? `${id(row)},a="b"} ${row / 2}\n` : ""}`)
        .join(""),
    );
  });

  test("identities and labels that have no room in the memory at all", () => {
    const rows = [1, 1e6, 2, 5000, 16_400].map((length) => ({ channelId: "é".repeat(length) }));
    const values = new Float64Array(rows.length).fill(1);
    const one = family([
      { labels: [["a", "1"]], rows: undefined, values },
      { labels: [["a", "日".repeat(3e6)]], rows: undefined, values },
      { labels: [["a", "2"]], rows: undefined, values },
    ]);
    const snapshot = toSnapshot("t", rows, [one]);
    expectSame(all(writer, snapshot, one), lines(snapshot, one, "openmetrics"));
    const short = family([one.columns[0]!, one.columns[2]!]);
    expectSame(all(writer, snapshot, short), lines(snapshot, short, "openmetrics"));
  });

  test("a core has less than 6 MB", () => {
    expect(new LinesCore(CAPACITIES).bytes).toBeLessThan(6e6);
  });
});
