/** A target that is polled with whatever answers, and what has to be true of it after each poll. */

import { expect } from "vitest";
import type { Operation } from "../../src/sora/operations.ts";
import { type ParsedSample, samplesOf } from "../support/parse.ts";
import { ALL_CALLS, createTestTarget, type TestTarget } from "../support/target.ts";

/** Answers as their bytes, each character one byte. */
export type Answers = Readonly<Partial<Record<Operation, string>>>;

export interface WatchedTarget {
  /** Polls everything once, checks what must always be true, and gives the samples. */
  poll(answers: Answers): Promise<ParsedSample[]>;
  /** The exposition after the last poll. */
  readonly text: () => string;
}

const EMPTY: Readonly<Record<Operation, string>> = {
  GetStatsAllConnections: "[]",
  ListConnections: "[]",
  GetStatsReport: "{}",
  ListClusterNodes: "[]",
  GetLicense: "{}",
  ListStartedRecording: "[]",
  ListArchiving: "[]",
};

/** Names of what is added up by the exporter, and so never falls as long as it runs. */
const SUMS = /^sora_((channel|target)_.*(_total|_bucket|_count)|exporter_.*_total)$/;

export function seriesKey({ name, labels }: ParsedSample): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}

/** Starts a target with all calls. */
export function createWatchedTarget(): WatchedTarget {
  let answers: Answers = {};
  const target: TestTarget = createTestTarget(
    (operation) => Buffer.from(answers[operation] ?? EMPTY[operation], "latin1"),
    { calls: ALL_CALLS },
  );
  const highest = new Map<string, number>();
  let text = "";
  let polls = 0;

  return {
    text: () => text,
    async poll(given) {
      answers = given;
      await target.poll();
      const mistakes = target.log
        .splice(0)
        .filter(({ stack, reason }) => stack !== undefined || reason === "internal");
      expect(mistakes).toEqual([]);
      // One format after the other: reading an exposition costs far more than all that is tested.
      const format = polls++ % 2 === 0 ? "prometheus-text" : "openmetrics";
      text = await target.exposition(format);
      const samples = samplesOf(text, format);
      for (const sample of samples) {
        const { name, value, labels } = sample;
        if (!Object.values(labels).every((label) => label.isWellFormed()))
          throw new Error(`half a character: ${name}`);
        if (!SUMS.test(name)) continue;
        const key = seriesKey(sample);
        const before = highest.get(key) ?? 0;
        if (!(value >= before)) throw new Error(`${key} fell from ${before} to ${value}`);
        highest.set(key, value);
      }
      const internal = samples.filter(({ labels, value }) => labels["reason"] === "internal" && value > 0);
      expect(internal).toEqual([]);
      return samples;
    },
  };
}

/** What `JSON.parse` makes of an answer; undefined where it is no JSON. */
export function parsed(answer: string): unknown {
  try {
    return JSON.parse(Buffer.from(answer, "latin1").toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A text as its bytes in UTF-8, each as one character. */
export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
