/** Values in whose place an operator has left nothing, as where all that was under a key is commented out. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { lacks } from "../support/tools.ts";
import { CHART, helm, type Values } from "./support.ts";

describe.skipIf(lacks("helm"))("a value that is emptied", () => {
  const values = parse(readFileSync(`${CHART}/values.yaml`, "utf8")) as Values;
  const paths = Object.entries(values).flatMap(([key, value]) => [
    key,
    ...(typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.keys(value).map((inner) => `${key}.${inner}`)
      : []),
  ]);

  const cases = [
    ...paths.map((path) => [path, "deployment"] as const),
    ...Object.keys(values).map((path) => [path, "sidecar"] as const),
  ];
  test.concurrent.each(cases)("is nothing, or missing, and no riddle: %s in mode %s", async (path, mode) => {
    const on = ["podMonitor", "prometheusRule", "dashboards"].map((name) => `--set=${name}.enabled=true`);
    const { status, stderr } = await helm([
      "template",
      "rel",
      CHART,
      `--set=mode=${mode}`,
      ...on,
      `--set=${path}=null`,
    ]);
    if (status === 0) return;
    const at = path.split(".").slice(0, -1);
    expect(stderr).toContain(
      `at '${at.map((key) => `/${key}`).join("")}': missing property '${path.split(".").at(-1)!}'`,
    );
  });
});
