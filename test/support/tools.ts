/**
 * Programs that some tests need and a machine may lack. Without one its tests are skipped, and the last lines of
 * `npm test` say so; with REQUIRE_TOOLS=1 in the environment, as in CI, a missing one is a failure.
 */

import { isInstalled } from "../../src/simulator/program.ts";

/** The programs, and the Debian package that has each. */
export const TOOLS = {
  prometheus: "prometheus",
  promtool: "prometheus",
  "prometheus-alertmanager": "prometheus-alertmanager",
  amtool: "prometheus-alertmanager",
  chromium: "chromium",
  buildah: "buildah",
  kubectl: "kubernetes-client",
  "systemd-analyze": "systemd",
} as const;
export type Tool = keyof typeof TOOLS;

/** Whether the machine lacks a program. */
export function lacks(tool: Tool): boolean {
  const missing = !isInstalled(tool);
  if (missing && process.env["REQUIRE_TOOLS"] === "1")
    throw new Error(`${tool} is missing, and REQUIRE_TOOLS is set`);
  return missing;
}
