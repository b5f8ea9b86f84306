import { expect, test } from "vitest";
import { buildOnce, exposition, fixture } from "../support/build.ts";
import { parseExposition } from "../support/parse.ts";

/**
 * The samples of Sora's documentation, number for number. The goldens were checked by hand against their input; they
 * change only with a change of a released name or of a HELP text, never by copying what the exporter says.
 */
test.each([
  ["2022", "txt", "prometheus-text"],
  ["2022", "om", "openmetrics"],
  ["2024", "txt", "prometheus-text"],
  ["2024", "om", "openmetrics"],
] as const)("the sample of %s as .%s", (form, extension, format) => {
  const built = buildOnce([JSON.parse(fixture(`sora/connection-${form}.json`))]);
  const text = exposition([built.snapshot], format);
  parseExposition(text, format);
  expect(text).toBe(fixture(`golden/connection-${form}.${extension}`));
  expect(built.snapshot.unknownPaths).toEqual([]);
});
