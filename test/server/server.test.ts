import { connect as connectTcp } from "node:net";
import { gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import type { Engine, EngineTarget } from "../../src/engine/engine.ts";
import { renderSnapshot } from "../../src/engine/render.ts";
import { createServer } from "../../src/server/server.ts";
import { selectLevels, seriesOf, type Snapshot, type StatsSnapshot } from "../../src/snapshot/snapshot.ts";
import { Draft } from "../../src/snapshot/draft.ts";
import { buildOnce, connection } from "../support/build.ts";
import { until } from "../support/exporter.ts";
import { find, samplesOf } from "../support/parse.ts";

let server: FastifyInstance | undefined;

afterEach(() => server?.close());

interface FakeTarget extends EngineTarget {
  readonly snapshots: () => readonly Snapshot[];
}

function target(name: string, attempted: boolean, snapshot?: StatsSnapshot): FakeTarget {
  return { name, attempted, snapshots: () => (snapshot === undefined ? [] : [snapshot]) };
}

/** What the engine does, in this thread. */
function engineOf(targets: readonly FakeTarget[]): Pick<Engine, "targets" | "render" | "status"> {
  return {
    targets,
    status: () => Promise.resolve(undefined),
    async render({ target, levels }, format) {
      const asked = targets.filter(({ name }) => target === undefined || name === target);
      const snapshots = asked.flatMap((one) => one.snapshots());
      const shown = levels === undefined ? snapshots : selectLevels(snapshots, levels);
      return {
        series: new Map(targets.map((one) => [one.name, seriesOf(one.snapshots())])),
        families: await Promise.all(shown.map((snapshot) => renderSnapshot(snapshot, format))),
        release: () => {},
      };
    },
  };
}

function serve(targets: readonly FakeTarget[], telemetryPath = "/metrics", maxRequests = 0): FastifyInstance {
  server = createServer(
    { telemetryPath, maxRequests, version: "1.2.3", healthWithoutAuth: false },
    {
      engine: engineOf(targets),
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
  expect((await other.inject("/")).body).toContain('href="./probe/sora"');
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

test.each([
  ["GET", "/nothing", 404],
  ["GET", "/-/nothing", 404],
  ["POST", "/nothing", 404],
  ["HEAD", "/metrics", 200],
  ["HEAD", "/-/healthy", 200],
] as const)("%s %s is %i", async (method, url, status) => {
  const response = await serve([target("t", true, snapshot)]).inject({ method, url });
  expect(response.statusCode).toBe(status);
  if (method === "HEAD") expect(response.body).toBe("");
});

test("what may only be read says so, whatever comes with the request", async () => {
  const other = serve([]);
  for (const url of ["/", "/?q=a", "/api/status", "/metrics", "/probe", "/-/healthy", "/-/status.css"])
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const) {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const response = await other.inject({ method, url, headers, payload: "a=b" });
      expect([url, method, response.statusCode, response.headers["allow"]]).toEqual([
        url,
        method,
        405,
        "GET, HEAD",
      ]);
      expect(response.body).toBe("Method not allowed.\n");
    }
});

test.each([
  ["GET", "/nothing"],
  ["GET", "/<img%20src=x>"],
  ["POST", "/"],
] as const)("%s %s is refused with nothing that a browser could run", async (method, url) => {
  const { headers, body } = await serve([]).inject({ method, url });
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-type": "text/plain; charset=utf-8",
  });
  expect(body).not.toContain("img");
});

test("what goes wrong in a request is answered with 500 and told nobody but the log", async () => {
  const bad = { ...target("t", true), snapshots: () => { throw new Error("secret"); } }; // prettier-ignore
  const other = serve([bad]);
  const response = await other.inject("/metrics");
  expect([response.statusCode, response.body]).toEqual([500, "Internal error; the log tells more.\n"]);
  expect((await other.inject("/-/healthy")).statusCode).toBe(200);
});

describe("/probe", () => {
  const level = (connection_id: string) =>
    buildOnce([connection({ network_status: { unstable_level: 1 } }, { connection_id })]).snapshot;
  const listing = (target: string) => {
    const draft = new Draft(target, 0, [{ channelId: "ch" }]);
    draft.add({ name: "sora_recording_active", type: "gauge", help: "x" }, 1);
    return draft.finish().snapshot;
  };
  const whole = (name: string) => {
    const draft = new Draft(name, 0);
    draft.add({ name: "sora_target_channels", type: "gauge", help: "x" }, 1);
    return { ...target(name, true), snapshots: () => [level(name), listing(name), draft.finish().snapshot] };
  };

  async function probe(query: string) {
    const response = await serve([whole("a"), whole("b c")]).inject(`/probe${query}`);
    return { status: response.statusCode, body: response.body, response };
  }

  test("shows the series of one target alone, and what the exporter says of it", async () => {
    const { status, body, response } = await probe("?target=b%20c");
    expect(status).toBe(200);
    expect(response.headers["content-type"]).toContain("text/plain; version=0.0.4");
    const samples = samplesOf(body, "prometheus-text");
    expect(new Set(samples.map(({ name }) => name))).toEqual(
      new Set(["sora_connection_unstable_level", "sora_recording_active", "sora_target_channels"]),
    );
    expect(find(samples, "sora_connection_unstable_level", { connection_id: "b c" })?.value).toBe(1);
    expect(body).not.toContain('connection_id="a"');
  });

  test("shows it in the formats of /metrics", async () => {
    const response = await serve([whole("a")]).inject({
      url: "/probe?target=a",
      headers: { accept: "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip" },
    });
    expect(samplesOf(gunzipSync(response.rawPayload).toString(), "openmetrics")).toHaveLength(3);
  });

  test.each([
    ["level=connection", ["sora_connection_unstable_level"]],
    ["level=channel", ["sora_recording_active"]],
    ["level=target", ["sora_target_channels"]],
    ["level=target&level=channel", ["sora_recording_active", "sora_target_channels"]],
  ])("%s", async (query, names) => {
    const { body } = await probe(`?target=a&${query}`);
    expect(samplesOf(body, "prometheus-text").map(({ name }) => name)).toEqual(names);
  });

  test.each([
    ["", 400, "target is missing: ?target=NAME, once\n"],
    ["?target=", 400, "target is missing: ?target=NAME, once\n"],
    ["?target=a&target=b%20c", 400, "target is missing: ?target=NAME, once\n"],
    ["?target=127.0.0.1:22", 404, "No configured target has this name.\n"],
    ["?target=http://a/", 404, "No configured target has this name.\n"],
    ["?target=a&level=node", 400, 'level "node" is not one of target, channel, connection\n'],
    [
      "?target=a&group=connections&group=rtp",
      400,
      'group "rtp" is not one of connections, report, cluster, license, recording\n',
    ],
    ["?target=a&module=x", 400, 'unknown parameter "module"; there are target, level, group\n'],
    ["?target=a&__proto__=x", 400, undefined],
  ])("%s is answered with %i", async (query, status, message) => {
    const answer = await probe(query);
    expect(answer.status).toBe(status);
    if (message !== undefined) expect(answer.body).toBe(message);
  });
});

test("no more scrapes are answered at a time than allowed, and the health endpoints always", async () => {
  const open = serve([target("t", true, large())], "/metrics", 2);
  const url = await open.listen({ host: "127.0.0.1", port: 0 });
  const sockets = [0, 1].map(() => connectTcp(Number(new URL(url).port), "127.0.0.1"));
  try {
    for (const socket of sockets) {
      socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
      await new Promise((resolve) => socket.once("data", resolve));
      socket.pause();
    }
    const refused = await fetch(`${url}/metrics`);
    expect([refused.status, await refused.text()]).toEqual([
      503,
      "Limit of 2 scrapes at a time reached, try again later.\n",
    ]);
    expect((await fetch(`${url}/probe?target=t`)).status).toBe(503);
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    sockets[0]!.destroy();
    await until(async () => {
      const answer = await fetch(`${url}/metrics`);
      await answer.arrayBuffer();
      return answer.status === 200;
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

/** More than the buffers of a connection hold. */
function large(): StatsSnapshot {
  const fields = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`a_rather_long_name_${i}`, i]));
  return buildOnce(
    Array.from({ length: 200 }, (_, i) => connection({ foo: fields }, { connection_id: `C${i}` })),
  ).snapshot;
}

test.each([
  ["takes nothing", { stalledMs: 100, totalMs: 60_000 }],
  ["takes an answer too slowly", { stalledMs: 60_000, totalMs: 100 }],
])("a reader that %s is not waited for for ever, and holds nothing then", async (_, patience) => {
  const engine = engineOf([target("t", true, large())]);
  let held = 0;
  const counting: typeof engine = {
    ...engine,
    async render(wanted, format) {
      held++;
      return { ...(await engine.render(wanted, format)), release: () => held-- };
    },
  };
  server = createServer(
    { telemetryPath: "/metrics", maxRequests: 0, version: "1.2.3", healthWithoutAuth: false },
    {
      engine: counting,
      metrics: createOwnMetrics({ version: "1.2.3", process: true, now: () => 0 }),
      log: pino({ level: "silent" }),
      patience,
    },
  );
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  try {
    socket.pause();
    socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => held === 1);
    await until(() => held === 0);
  } finally {
    socket.destroy();
  }
});

test("a scrape for which nothing is ever rendered is given up, too", async () => {
  const engine = { ...engineOf([]), render: () => new Promise<never>(() => {}) };
  server = createServer(
    { telemetryPath: "/metrics", maxRequests: 1, version: "1.2.3", healthWithoutAuth: false },
    {
      engine,
      metrics: createOwnMetrics({ version: "1.2.3", process: true, now: () => 0 }),
      log: pino({ level: "silent" }),
      patience: { stalledMs: 100, totalMs: 60_000 },
    },
  );
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  for (let i = 0; i < 2; i++) await expect(fetch(`${url}/metrics`)).rejects.toThrow("fetch failed");
});
