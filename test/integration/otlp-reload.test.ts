/** Pushes by OTLP of a process that SIGHUP has read another configuration: the streams go on, or begin anew as a whole. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ExporterProcess, startExporterProcess } from "../faults/exporter-process.ts";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, samplesOf } from "../support/parse.ts";

/** As OTLP writes JSON: numbers of 64 bits are texts. */
interface JsonPoint {
  readonly attributes: unknown;
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: string | number;
  readonly count?: string | number;
}
interface JsonData {
  readonly dataPoints: readonly JsonPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}
interface JsonMetric {
  readonly name: string;
  readonly sum?: JsonData;
  readonly gauge?: JsonData;
  readonly histogram?: JsonData;
}
interface JsonRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly JsonMetric[] }[];
  }[];
}

interface Pushed {
  /** What the header of the configuration says that it was pushed with. */
  readonly phase: string;
  readonly series: string;
  /** "cumulative" and "delta" of what counts, else "level". */
  readonly kind: "cumulative" | "delta" | "level";
  readonly startNs: bigint;
  readonly timeNs: bigint;
  readonly value: number;
}

/** Packets that the only connection receives from one poll to the next. */
const STEP = 10;

const server = createServer();
const pushed: Pushed[] = [];
/** The phase of each request. */
const requests: string[] = [];
let sora: FakeSora;
let exporter: ExporterProcess;

function take(phase: string, { resourceMetrics }: JsonRequest): void {
  requests.push(phase);
  const scopes = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
  for (const { name, sum, gauge, histogram } of scopes.flatMap(({ metrics }) => metrics)) {
    const { dataPoints, aggregationTemporality, isMonotonic } = (sum ?? gauge ?? histogram)!;
    const counts = isMonotonic === true || histogram !== undefined;
    for (const point of dataPoints)
      pushed.push({
        phase,
        series: `${name}${JSON.stringify(point.attributes)}`,
        kind: !counts ? "level" : aggregationTemporality === 1 ? "delta" : "cumulative",
        startNs: BigInt(point.startTimeUnixNano),
        timeNs: BigInt(point.timeUnixNano),
        value: Number(point.asDouble ?? point.asInt ?? point.count),
      });
  }
}

function configOf(phase: string, otlp: object): object {
  const { port } = server.address() as AddressInfo;
  return {
    targets: [{ name: "t", url: sora.url, interval: "300ms", timeout: "300ms" }],
    otlp: {
      enabled: true,
      endpoint: `http://127.0.0.1:${port}/`,
      protocol: "http/json",
      interval: "700ms",
      timeout: "700ms",
      levels: ["target", "channel", "connection"],
      headers: { "x-phase": phase },
      ...otlp,
    },
  };
}

const pushes = (phase: string) => until(() => requests.filter((one) => one === phase).length >= 3, 20_000);

/** Has another configuration read, and waits for some pushes of it. */
async function reload(phase: string, otlp: object = {}): Promise<void> {
  exporter.reload(configOf(phase, otlp));
  await pushes(phase);
}

/** The points of each series in some phases, in the order of their coming. */
function streams(phases: readonly string[]): [series: string, points: Pushed[]][] {
  const points = pushed.filter(({ phase }) => phases.includes(phase));
  return [...Map.groupBy(points, ({ series }) => series)];
}

/** Those of what counts. */
function counting(phases: readonly string[]): [series: string, points: Pushed[]][] {
  const found = streams(phases).filter(([, points]) => points[0]!.kind !== "level");
  expect(found.length).toBeGreaterThan(10);
  return found;
}

const received = (phases: readonly string[]) =>
  counting(phases).find(([series]) => series.startsWith("sora_target_received_packets"))![1];

/** Whether no two points are of one time, and none comes behind a later one. */
function inOrder(points: readonly Pushed[]): boolean {
  return points.every(({ timeNs }, i) => i === 0 || timeNs > points[i - 1]!.timeNs);
}

beforeAll(async () => {
  server.on("request", (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      take(String(request.headers["x-phase"]), JSON.parse(Buffer.concat(chunks).toString()) as JsonRequest);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let packets = 1000;
  sora = await startFakeSora(
    calm((...args) => {
      packets += STEP;
      reply([{ channel_id: "ch", connection_id: "A", rtp: { total_received: packets } }])(...args);
    }),
  );
  exporter = await startExporterProcess(configOf("first", {}));
  await pushes("first");
  await reload("header");
  await reload("interval", { interval: "900ms" });
  await reload("narrow", { levels: ["target"], omit_own_metrics: true });
  await reload("wide");
  exporter.reload(configOf("off", { enabled: false }));
  await until(async () =>
    (await (await fetch(`${exporter.url}/config`)).text()).includes("\n  enabled: false\n"),
  );
  await reload("on");
  await reload("delta", { temporality: "delta" });
  await reload("cumulative");
}, 110_000);

afterAll(async () => {
  await exporter.close();
  await sora.close();
  server.closeAllConnections();
  server.close();
});

test("pushes go on, phase after phase, and nothing of them is dropped", async () => {
  expect(requests.filter((phase, i) => phase !== requests[i - 1])).toEqual([
    "first",
    "header",
    "interval",
    "narrow",
    "wide",
    "on",
    "delta",
    "cumulative",
  ]);
  const samples = samplesOf(await (await fetch(`${exporter.url}/metrics`)).text(), "prometheus-text");
  expect(find(samples, "sora_exporter_otlp_points_dropped_total")!.value).toBe(0);
});

const SAME = ["first", "header", "interval", "narrow", "wide", "on"];

test("where a header, the interval or the levels change, or it was off, no start moves, nothing falls, and no snapshot goes out twice", () => {
  for (const [series, points] of counting(SAME)) {
    expect([series, [...new Set(points.map(({ kind }) => kind))]]).toEqual([series, ["cumulative"]]);
    expect([series, new Set(points.map(({ startNs }) => startNs)).size]).toEqual([series, 1]);
    const values = points.map(({ value }) => value);
    expect([series, values]).toEqual([series, values.toSorted((a, b) => a - b)]);
  }
  for (const [series, points] of streams(SAME)) expect([series, inOrder(points)]).toEqual([series, true]);
  const sum = received(SAME);
  expect([...new Set(sum.map(({ phase }) => phase))]).toEqual(SAME);
  expect(sum.at(-1)!.value).toBeGreaterThanOrEqual(sum[0]!.value + STEP * (sum.length - 1));
});

test("where the temporality changes all streams begin anew, and tell of everything once", () => {
  for (const phase of ["delta", "cumulative"])
    for (const [series, points] of counting([phase])) {
      expect([series, [...new Set(points.map(({ kind }) => kind))]]).toEqual([series, [phase]]);
      expect([series, inOrder(points)]).toEqual([series, true]);
    }
  for (const [series, points] of counting(["delta"])) {
    const wrong = points.filter(
      ({ startNs, value }, i) => value < 0 || (i > 0 && startNs < points[i - 1]!.timeNs),
    );
    expect([series, wrong]).toEqual([series, []]);
  }
  // What deltas add up to is what cumulative sums tell before and after them.
  const [before, after] = [received(SAME), received(["cumulative"])];
  const added = received(["delta"]).reduce((total, { value }) => total + value, 0);
  expect(added).toBeGreaterThan(before.at(-1)!.value);
  expect(added).toBeLessThanOrEqual(after[0]!.value);
  for (const { startNs } of after) expect(startNs).toBe(before[0]!.startNs);
});
