/** What the benchmark finds, as `--json` prints it and docs/bench.json keeps it. Times are medians, in milliseconds. */

export interface Results {
  readonly machine: Machine;
  readonly pipeline: readonly PipelineResult[];
  readonly promClient: readonly PromClientResult[];
  readonly process: readonly ProcessResult[];
  /** Undefined where it was not measured. */
  readonly otlp?: readonly OtlpResult[];
}

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  /** Of one, five and fifteen minutes, before anything was measured. */
  readonly loadAverage: readonly number[];
}

/** From an answer's bytes to the exposition's, with some levels. */
export interface PipelineTimes {
  /** All of an exposition's, those of the sums among them. */
  readonly series: number;
  readonly expositionBytes: number;
  /** From bytes to a snapshot; this and the next two are medians of single answers. */
  readonly readMs: number;
  /** For the sums of channels and of the target. */
  readonly sumsMs: number;
  /** From snapshots to bytes. */
  readonly writeMs: number;
  /** All three in one go, by rounds; not the sum of the medians. */
  readonly totalMs: number;
}

export interface PipelineResult {
  readonly connections: number;
  readonly rounds: number;
  readonly answerBytes: number;
  /** How many numbers an answer has, and which part of them is not zero. */
  readonly numbers: number;
  readonly nonZeroShare: number;
  readonly jsonParseMs: number;
  /** The median of `JSON.parse` after the pipeline was measured over that before: how far the machine wandered. */
  readonly jsonParseDrift: number;
  /** Copying the bytes of an answer and of its exposition once, into memory that is there. */
  readonly copyMs: number;
  readonly allLevels: PipelineTimes;
  /** With the levels target and channel. */
  readonly sumsOnly: PipelineTimes;
  /** Kept by one more snapshot, and with what the exposition keeps for it. */
  readonly snapshotBytes: number;
  readonly exposedSnapshotBytes: number;
}

/** prom-client with the same series: `labels().set()` on a gauge for each, then `metrics()`. */
export interface PromClientResult {
  readonly connections: number;
  /** Fewer series, bytes or no times at all where it could not be done; then this says why. */
  readonly failure?: string;
  readonly rounds?: number;
  readonly series?: number;
  readonly setMs?: number;
  readonly metricsMs?: number;
  readonly totalMs?: number;
  readonly expositionBytes?: number;
  readonly peakRssMB?: number;
  /** Snapshot to exposition, sums included, in the same process before prom-client was loaded with series. */
  readonly ownMs?: number;
}

/** Median or 50th percentile, 99th percentile, maximum; milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The exporter's process while it is polled and scraped. */
export interface ProcessResult {
  readonly connections: number;
  readonly seconds: number;
  readonly answerBytes: number;
  /** In the last scrape; 0 with a reason in `failure` would be a broken run. */
  readonly series: number;
  readonly polls: number;
  /** Polls that there was time for. */
  readonly pollsExpected: number;
  readonly failedPolls: number;
  readonly scrapes: number;
  /** Not done within a minute. */
  readonly failedScrapes: number;
  /** How late a timer of one millisecond is, as perf_hooks counts: long waits are few samples. */
  readonly loopDelay: Spread;
  /** How long something that happens at any moment waits for the event loop. */
  readonly loopWait: Spread;
  readonly healthy: Spread;
  readonly failedProbes: number;
  /** How late the asking process itself was with its questions. */
  readonly proberLate: Spread;
  readonly metrics: Spread;
  readonly gzipBytes: number;
  readonly peakRssMB: number;
  readonly endRssMB: number;
  readonly cpuSecondsPerPoll: number;
}

/** Pushes of all levels by http/protobuf, without compression, to a receiver that only reads. */
export interface OtlpResult {
  readonly connections: number;
  /** Of one push, as are the next three. */
  readonly points: number;
  readonly requests: number;
  readonly bytes: number;
  readonly largestRequest: number;
  /** From the snapshots to the last answer. */
  readonly pushMs: number;
  /** For how long nothing else came to its turn at most, the median of pushes; resolution 1 ms. */
  readonly longestBlockMs: number;
  /** The highest while answers are made, read and added up, and nothing is pushed. */
  readonly pollsPeakRssMB: number;
  /** The highest with pushes, of the same process. */
  readonly peakRssMB: number;
}
