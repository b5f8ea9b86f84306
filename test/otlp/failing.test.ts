/** Receivers that do not do what they should: pushes end, are counted, and cost nobody else anything. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { calm, reply, startFakeSora } from "../support/fake-sora.ts";
import { type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { find } from "../support/parse.ts";
import { otlpConfig } from "../support/receivers.ts";

type Behaviour = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface FailingReceiver {
  readonly url: string;
  readonly server: Server;
  readonly requests: () => number;
  /** How many requests were open at a time, at most. */
  readonly mostOpen: () => number;
}

/** A receiver that reads what it is sent and then behaves so. */
async function receiver(behave: Behaviour): Promise<FailingReceiver> {
  let requests = 0;
  let open = 0;
  let mostOpen = 0;
  const server = createServer((request, response) => {
    mostOpen = Math.max(mostOpen, ++open);
    response.on("close", () => open--);
    request.resume().on("end", () => behave(request, response, ++requests));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`,
    server,
    requests: () => requests,
    mostOpen: () => mostOpen,
  };
}

const CONNECTION = { channel_id: "ch", connection_id: "A", rtp: { total_received: 1 } };

async function exporterTo(
  url: string,
  changes: Partial<ReturnType<typeof otlpConfig>> = {},
): Promise<RunningExporter> {
  const sora = await startFakeSora(calm(reply([CONNECTION])));
  const exporter = await runExporter([{ name: "t", url: sora.url, intervalMs: 500, timeoutMs: 500 }], {
    otlp: otlpConfig({
      protocol: "http/protobuf",
      url,
      intervalMs: 400,
      timeoutMs: 300,
      batchSize: 20,
      ...changes,
    }),
  });
  closing.push(
    () => sora.close(),
    () => exporter.close(),
  );
  return exporter;
}

type Own = (name: string, labels?: Record<string, string>) => number;

/** What the exporter says of its pushes, of one scrape: they go on while a test compares. */
async function ownOf(exporter: RunningExporter): Promise<Own> {
  const scrape = await exporter.scrape();
  return (name, labels = {}) => find(scrape, `sora_exporter_otlp_${name}_total`, labels)?.value ?? 0;
}

async function own(exporter: RunningExporter, ...[name, labels]: Parameters<Own>): Promise<number> {
  return (await ownOf(exporter))(name, labels);
}

/** The last push has three seconds. Where the thread does not end by itself, it is ended after five. */
const CLOSE_MS = 4500;

async function msToClose(exporter: RunningExporter): Promise<number> {
  const start = performance.now();
  await exporter.close();
  return performance.now() - start;
}

const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) =>
    response.writeHead(code, headers).end(`no\n${"x".repeat(1000)}`);

const MISBEHAVIOURS: readonly (readonly [what: string, reason: string, behave: Behaviour])[] = [
  ["refuses", "refused", status(400)],
  ["is none", "refused", status(404)],
  ["wants other credentials", "unauthorized", status(401)],
  ["takes less", "too_large", status(413)],
  ["is overloaded", "overloaded", status(503)],
  ["wants to be asked in an hour", "overloaded", status(429, { "retry-after": "3600" })],
  ["never answers", "timeout", () => {}],
  [
    "answers a byte at a time",
    "timeout",
    (_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("x"), 50);
      response.on("close", () => clearInterval(drip));
    },
  ],
  ["hangs up", "connect", (request) => request.socket.destroy()],
];

test.for(
  MISBEHAVIOURS.flatMap(([what, reason, behave]) =>
    [300, 10_000].map((timeoutMs) => [what, timeoutMs, reason, behave] as const),
  ),
)(
  "a receiver that %s, where a request may take %i ms",
  { timeout: 30_000 },
  async ([, timeoutMs, reason, behave]) => {
    const { url, requests, mostOpen } = await receiver(behave);
    // However long a request may take, none goes on when the next push is due.
    const exporter = await exporterTo(url, { timeoutMs });
    await until(async () => (await own(exporter, "failures", { reason })) >= 2);
    // A push ends with its first request that fails: what is behind that is not tried.
    const said = await ownOf(exporter);
    expect(said("points_dropped")).toBeGreaterThan(40);
    expect(said("points_rejected")).toBe(0);
    const failures = said("failures", { reason });
    expect(said("exports")).toBe(failures);
    expect(requests()).toBeLessThanOrEqual(failures + 2);
    expect(mostOpen()).toBe(1);
    const told = exporter.log.filter(({ msg }) => msg.includes("by OTLP failed"));
    expect(told).toHaveLength(1);
    expect(told[0]!.msg.length).toBeLessThan(500);
    // Polls and scrapes know nothing of it.
    await exporter.polls("t", 3);
    expect(
      find(await exporter.scrape(), "sora_exporter_poll_failures_total", { target: "t", reason: "timeout" })
        ?.value,
    ).toBe(0);
  },
);

test("a receiver that is not there", { timeout: 30_000 }, async () => {
  const { url, server } = await receiver(() => {});
  await new Promise((resolve) => server.close(resolve));
  for (const protocol of ["http/protobuf", "grpc"] as const) {
    const exporter = await exporterTo(protocol === "grpc" ? new URL(url).origin : url, { protocol });
    await until(async () => (await own(exporter, "failures", { reason: "connect" })) >= 2);
    await exporter.polls("t", 3);
  }
});

test("points that a receiver does not take of a request that it takes are counted", async () => {
  const { url } = await receiver((_, response) => {
    // ExportMetricsServiceResponse { partial_success: { rejected_data_points: 3, error_message: "no" } }
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    response.end(Buffer.from([0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]));
  });
  const exporter = await exporterTo(url);
  // What a request has rejected may be counted a moment before the request itself.
  await until(async () => {
    const said = await ownOf(exporter);
    return said("exports") >= 5 && said("points_rejected") === 3 * said("exports");
  });
  expect(await own(exporter, "points_dropped")).toBe(0);
  expect(exporter.log.filter(({ level }) => level >= 40).map(({ msg }) => msg)).toEqual([
    "the receiver did not take some points of a push by OTLP",
  ]);
});

test(
  "a request is sent again where the receiver is overloaded for a moment",
  { timeout: 30_000 },
  async () => {
    const { url } = await receiver((_, response, nth) => {
      response.writeHead(nth === 1 ? 503 : 200, { "retry-after": "1" }).end();
    });
    const exporter = await exporterTo(url, { timeoutMs: 5000, intervalMs: 6000, batchSize: 5000 });
    await until(async () => (await own(exporter, "exports")) >= 1, 20_000);
    expect(await own(exporter, "failures", { reason: "overloaded" })).toBe(0);
  },
);

test(
  "what is new goes out before the exporter ends, and who does not take it does not keep it",
  { timeout: 30_000 },
  async () => {
    let answers = true;
    const { url, requests } = await receiver((_, response) => {
      if (answers) response.end();
    });
    const late = await exporterTo(url, { intervalMs: 60_000, timeoutMs: 10_000, batchSize: 5000 });
    await late.polls("t", 1);
    expect(requests()).toBe(0);
    await late.close();
    expect(requests()).toBe(1);
    answers = false;
    const stuck = await exporterTo(url, { intervalMs: 60_000, timeoutMs: 10_000, batchSize: 5000 });
    await stuck.polls("t", 1);
    expect(await msToClose(stuck)).toBeLessThan(CLOSE_MS);
    expect(requests()).toBe(2);
  },
);

test.for<[what: string, behave: Behaviour]>([
  ["in a request that is never answered", () => {}],
  ["between two attempts", status(503, { "retry-after": "6" })],
])("the exporter ends in time %s, and nothing goes on", { timeout: 60_000 }, async ([, behave]) => {
  const { url, requests } = await receiver(behave);
  const exporter = await exporterTo(url, { intervalMs: 9000, timeoutMs: 60_000, batchSize: 5000 });
  await until(() => requests() > 0, 20_000);
  expect(await msToClose(exporter)).toBeLessThan(CLOSE_MS);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(requests()).toBe(1);
});

test.for(["http/protobuf", "http/json"] as const)(
  "what a receiver repeats of the headers that it was sent is not logged (%s)",
  { timeout: 30_000 },
  async (protocol) => {
    let partial = true;
    const { url } = await receiver(({ headers }, response) => {
      const told = JSON.stringify(headers);
      if (!partial) {
        response.writeHead(400, told.replaceAll(/[^\x20-\x7E]/g, "")).end(told);
        return;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ partialSuccess: { rejectedDataPoints: "3", errorMessage: told } }));
    });
    const headers = { "x-a": "s3cr3t", authorization: `Basic ${btoa("me:t0p-s3cr3t")}` };
    const exporter = await exporterTo(url, { headers, protocol });
    if (protocol === "http/json") await until(async () => (await own(exporter, "points_rejected")) > 0);
    partial = false;
    await until(async () => (await own(exporter, "failures", { reason: "refused" })) > 0);
    const log = JSON.stringify(exporter.log);
    // It is in there, but for what is secret of it.
    expect(log.match(/user-agent/g)).toHaveLength(protocol === "http/json" ? 2 : 1);
    expect(log).toContain("<secret>");
    for (const secret of ["s3cr3t", btoa("me:t0p-s3cr3t")]) expect(log).not.toContain(secret);
  },
);

test("headers go out, those of files as they are at the time, and none is logged", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  closing.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "token");
  writeFileSync(path, "t0p\n");
  const seen = new Set<string>();
  const { url } = await receiver((request, response) => {
    seen.add(`${String(request.headers["x-a"])} ${String(request.headers.authorization)}`);
    response.end();
  });
  const exporter = await exporterTo(url, {
    headers: { "x-a": "s3cr3t", authorization: { path, scheme: { is: "bearer" } } },
  });
  await until(() => seen.size > 0);
  writeFileSync(path, "n3w\n");
  await until(() => seen.size > 1);
  expect([...seen]).toEqual(["s3cr3t Bearer t0p", "s3cr3t Bearer n3w"]);
  rmSync(path);
  await until(async () => (await own(exporter, "failures", { reason: "credentials" })) > 0);
  expect(JSON.stringify(exporter.log)).not.toMatch(/s3cr3t|t0p|n3w/);
});
