import { expect, test } from "vitest";
import { draftLicense } from "../../src/calls/license.ts";
import { CONTEXT, seriesOf } from "./support.ts";

test.each([
  ["2023-03", Date.parse("2023-03-31T23:59:59Z") / 1000],
  ["2024-02", Date.parse("2024-02-29T23:59:59Z") / 1000],
  ["2024-12", Date.parse("2024-12-31T23:59:59Z") / 1000],
])("a licence of %s holds to the last second of that month", (expired_at, seconds) => {
  const { snapshot } = draftLicense({ expired_at }, CONTEXT);
  expect(seriesOf(snapshot)).toContain(`gauge sora_license_expired_at_timestamp_seconds ${seconds}`);
});

test.each(["2023-13", "2023-00", "2023", "2023-03-01", "", 202303, null, ["2023-03"]])(
  "%j is no month, and costs only itself",
  (expired_at) => {
    const { snapshot, values } = draftLicense({ expired_at, max_connections: 7 }, CONTEXT);
    expect(seriesOf(snapshot)).toContain("gauge sora_license_max_connections 7");
    expect(seriesOf(snapshot).join()).not.toContain("timestamp");
    expect([...values.counts]).toEqual([["malformed", 1]]);
  },
);

test("what is absent is absent", () => {
  expect(draftLicense({}, CONTEXT).snapshot.series).toBe(0);
  expect(seriesOf(draftLicense({ type: "Trial" }, CONTEXT).snapshot)).toEqual([
    'gauge sora_license_info{expired_at="",product_name="",serial_code="",type="Trial"} 1',
  ]);
});
