import { expect, test } from "vitest";
import { createRenderings } from "../../src/engine/renderings.ts";

const families = (text: string) => [
  {
    name: "a",
    help: "b",
    type: "gauge" as const,
    parts: [{ bytes: new TextEncoder().encode(text), length: text.length, crc: 0 }],
  },
];

test("what is rendered once is shared by all who wait for it, before and after", async () => {
  const renderings = createRenderings(() => {});
  const live = new Set([1]);
  const early = renderings.take([1], live, "prometheus-text");
  renderings.add(1, "prometheus-text", families("x"));
  const late = await renderings.take([1], live, "prometheus-text");
  expect(late!.families[0]).toBeDefined();
  expect(late!.families[0]).toBe((await early)!.families[0]);
});

test("formats are kept apart", async () => {
  const renderings = createRenderings(() => {});
  renderings.add(1, "prometheus-text", families("text"));
  renderings.add(1, "openmetrics", families("other"));
  const [text, other] = await Promise.all(
    (["prometheus-text", "openmetrics"] as const).map((format) => renderings.take([1], new Set([1]), format)),
  );
  expect([text!.families[0]![0]!.parts[0]!.length, other!.families[0]![0]!.parts[0]!.length]).toEqual([4, 5]);
});

test("what nobody can ask for goes when nobody reads it any more, and not before", async () => {
  const renderings = createRenderings(() => {});
  renderings.add(1, "prometheus-text", families("x"));
  const [first, second] = await Promise.all(
    [0, 1].map(() => renderings.take([1], new Set([1]), "prometheus-text")),
  );
  const { bytes } = first!.families[0]![0]!.parts[0]!;
  renderings.add(2, "prometheus-text", families("y"));
  const newer = await renderings.take([2], new Set([2]), "prometheus-text");
  expect(bytes.length).toBeGreaterThan(0);
  first!.release();
  first!.release();
  expect(bytes.length).toBeGreaterThan(0);
  second!.release();
  expect(bytes.length).toBe(0);
  newer!.release();
  expect(newer!.families[0]![0]!.parts[0]!.bytes.length).toBeGreaterThan(0);
  await renderings.take([], new Set(), "prometheus-text");
  await Promise.resolve();
  expect(newer!.families[0]![0]!.parts[0]!.bytes.length).toBe(0);
});

test("a snapshot that cannot be rendered is told, and costs nothing but itself", async () => {
  const problems: string[] = [];
  const renderings = createRenderings((problem) => problems.push(problem));
  renderings.add(1, "openmetrics", { problem: "out of ink" });
  renderings.add(2, "openmetrics", families("x"));
  const taken = await renderings.take([1, 2], new Set([1, 2]), "openmetrics");
  expect(taken!.families.map((list) => list.length)).toEqual([0, 1]);
  expect(problems).toEqual(["out of ink"]);
});

test("nobody waits for ever where the thread has gone", async () => {
  const renderings = createRenderings(() => {});
  const waiting = renderings.take([1], new Set([1]), "openmetrics");
  renderings.clear();
  expect(await waiting).toBeUndefined();
});

test("whoever waits when newer snapshots come has what was waited for", async () => {
  const renderings = createRenderings(() => {});
  const early = renderings.take([1], new Set([1, 7]), "openmetrics");
  // Meanwhile there is a newer one in place of the first, and others ask for it, and for what is of another target.
  const newer = renderings.take([2], new Set([2, 7]), "openmetrics");
  const other = renderings.take([7], new Set([2, 7]), "openmetrics");
  for (const serial of [1, 2, 7]) renderings.add(serial, "openmetrics", families(`${serial}`));
  const text = (taken: Awaited<typeof early>) =>
    Buffer.from(taken!.families[0]![0]!.parts[0]!.bytes).toString();
  expect([text(await early), text(await newer), text(await other)]).toEqual(["1", "2", "7"]);
  (await early)!.release();
  expect((await early)!.families[0]![0]!.parts[0]!.bytes).toHaveLength(0);
  expect(text(await newer)).toBe("2");
});
