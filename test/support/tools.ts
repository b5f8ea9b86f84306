/**
 * Programs that some tests need and a machine may lack. Without one its tests are skipped, and the last lines of
 * `npm test` say so; with REQUIRE_TOOLS=1 in the environment, as in CI, a missing one is a failure.
 */

import { isInstalled } from "../../src/simulator/program.ts";

/** The programs, and what brings each. */
export const TOOLS = {
  prometheus: "Debian: apt-get install prometheus",
  promtool: "Debian: apt-get install prometheus",
  "prometheus-alertmanager": "Debian: apt-get install prometheus-alertmanager",
  amtool: "Debian: apt-get install prometheus-alertmanager",
  chromium: "Debian: apt-get install chromium",
  buildah: "Debian: apt-get install buildah",
  kubectl: "Debian: apt-get install kubernetes-client",
  "systemd-analyze": "Debian: apt-get install systemd",
  /** Helm 3. */
  helm: "test/tools/build.sh builds it",
  /** Prometheus 3, which receives OTLP. */
  "prometheus-3": "test/tools/build.sh builds it",
  /** An OpenTelemetry Collector. */
  otelcol: "test/tools/build.sh builds it",
} as const;
export type Tool = keyof typeof TOOLS;

/** Whether the machine lacks a program. */
export function lacks(tool: Tool): boolean {
  const missing = !isInstalled(tool);
  if (missing && process.env["REQUIRE_TOOLS"] === "1")
    throw new Error(`${tool} is missing, and REQUIRE_TOOLS is set`);
  return missing;
}
