/** The pipeline with so many connections, beside `JSON.parse` of the same bytes and beside copying them. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./child.ts";
import type { Kinds } from "./pipeline-child.ts";
import type { PipelineResult } from "./results.ts";
import { median } from "./timing.ts";

const TIMEOUT_MS = 600_000;

/** Measures one number of connections. */
export async function measurePipeline(connections: number): Promise<PipelineResult> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-bench-"));
  // A process for each kind: none finds a heap that another has left behind, which changes times several-fold.
  const measure = <K extends keyof Kinds>(kind: K) =>
    run<Kinds[K]>("pipeline-child.ts", [kind, String(connections), directory], {
      timeoutMs: TIMEOUT_MS,
      execArgv: ["--expose-gc"],
    });
  try {
    const answers = await measure("prepare");
    const before = await measure("json-parse");
    const allLevels = await measure("all-levels");
    const sumsOnly = await measure("sums-only");
    const copied = await measure("copy");
    const after = await measure("json-parse");
    return {
      connections,
      ...answers,
      jsonParseMs: median([...before, ...after]),
      jsonParseDrift: median(after) / median(before),
      // An exposition takes as long as an answer of its size.
      copyMs: (copied * (answers.answerBytes + allLevels.expositionBytes)) / answers.answerBytes,
      allLevels,
      sumsOnly,
      ...(await measure("memory")),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
