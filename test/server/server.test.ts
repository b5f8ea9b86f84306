import { gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import type { Target } from "../../src/poller/target.ts";
import { createServer } from "../../src/server/server.ts";
import type { StatsSnapshot } from "../../src/snapshot/snapshot.ts";
import { buildOnce, connection } from "../support/build.ts";
import { find, samplesOf } from "../support/parse.ts";

let server: FastifyInstance | undefined;

afterEach(() => server?.close());

function target(name: string, attempted: boolean, snapshot?: StatsSnapshot): Target {
  return {
    name,
    attempted,
    statistics: { intervalMs: 1000, poll: () => Promise.resolve() },
    sideCalls: [],
    snapshot: () => snapshot,
    snapshots: () => (snapshot === undefined ? [] : [snapshot]),
  };
}

function serve(targets: readonly Target[], telemetryPath = "/metrics", maxRequests = 0): FastifyInstance {
  server = createServer(
    { telemetryPath, maxRequests, version: "1.2.3" },
    {
      targets,
      metrics: createOwnMetrics({ version: "1.2.3", process: true, now: () => 0 }),
      log: pino({ level: "silent" }),
    },
  );
  return server;
}

const { snapshot } = buildOnce([connection({ rtp: { total_sent: 5 } })]);

test("/metrics is text for those who do not ask for more", async () => {
  const response = await serve([target("t", true, snapshot)]).inject("/metrics");
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(response.headers["vary"]).toBe("accept, accept-encoding");
  expect(response.headers["content-encoding"]).toBeUndefined();
  const samples = samplesOf(response.body, "prometheus-text");
  expect(find(samples, "sora_connection_sent_packets_total", { connection_id: "C1" })?.value).toBe(5);
  expect(find(samples, "sora_exporter_build_info", { version: "1.2.3" })?.value).toBe(1);
  expect(find(samples, "process_start_time_seconds")?.value).toBeGreaterThan(1.7e9);
});

test("/metrics is OpenMetrics, and compressed, for those who ask", async () => {
  const response = await serve([target("t", true, snapshot)]).inject({
    url: "/metrics",
    headers: { accept: "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip" },
  });
  expect(response.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(response.headers["content-encoding"]).toBe("gzip");
  const samples = samplesOf(gunzipSync(response.rawPayload).toString(), "openmetrics");
  expect(find(samples, "sora_connection_sent_packets_total", { connection_id: "C1" })?.value).toBe(5);
});

test("a target without data takes nothing from its neighbours", async () => {
  const response = await serve([target("a", true), target("t", true, snapshot)]).inject("/metrics");
  const samples = samplesOf(response.body, "prometheus-text").filter(({ name }) =>
    name.startsWith("sora_connection_"),
  );
  expect(samples.map(({ labels }) => labels["target"])).toEqual(["t"]);
});

test("the path of the metrics can be another", async () => {
  const other = serve([], "/probe/sora");
  expect((await other.inject("/probe/sora")).statusCode).toBe(200);
  expect((await other.inject("/metrics")).statusCode).toBe(404);
  expect((await other.inject("/")).body).toContain('href="/probe/sora"');
});

test("/-/healthy does not depend on Sora; /-/ready waits for the first poll of every target", async () => {
  const waiting = serve([target("a", true), target("b", false), target("c", false)]);
  expect((await waiting.inject("/-/healthy")).statusCode).toBe(200);
  const notReady = await waiting.inject("/-/ready");
  expect([notReady.statusCode, notReady.body]).toEqual([503, "Not ready: no poll yet of b, c\n"]);
  await waiting.close();
  const ready = await serve([target("a", true), target("b", true)]).inject("/-/ready");
  expect([ready.statusCode, ready.body]).toEqual([200, "Ready.\n"]);
});

test("/ is a page with links that runs nothing", async () => {
  const response = await serve([]).inject("/");
  expect(response.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(response.headers["content-security-policy"]).toContain("default-src 'none'");
  for (const path of ["/metrics", "/-/healthy", "/-/ready"])
    expect(response.body).toContain(`href="${path}"`);
});

test.each([
  ["GET", "/nothing", 404],
  ["GET", "/-/nothing", 404],
  ["POST", "/metrics", 404],
  ["DELETE", "/-/healthy", 404],
  ["HEAD", "/metrics", 200],
  ["HEAD", "/-/healthy", 200],
] as const)("%s %s is %i", async (method, url, status) => {
  const response = await serve([target("t", true, snapshot)]).inject({ method, url });
  expect(response.statusCode).toBe(status);
  if (method === "HEAD") expect(response.body).toBe("");
});

test("what goes wrong in a request is answered with 500 and told nobody but the log", async () => {
  const bad = { ...target("t", true), snapshots: () => { throw new Error("secret"); } }; // prettier-ignore
  const other = serve([bad]);
  const response = await other.inject("/metrics");
  expect([response.statusCode, response.body]).toEqual([500, "Internal error; the log tells more.\n"]);
  expect((await other.inject("/-/healthy")).statusCode).toBe(200);
});
