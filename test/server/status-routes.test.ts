import fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import type { Status, StatusQuery } from "../../src/engine/status.ts";
import { addHeaders } from "../../src/server/headers.ts";
import { addStatusRoutes } from "../../src/server/status-routes.ts";
import { until } from "../support/exporter.ts";
import { NO_RATES, NOW, sampleStatus, targetStatus } from "../status/sample.ts";

let server: FastifyInstance | undefined;
let asked: StatusQuery[] = [];

afterEach(() => server?.close());

function serve(status: Status | "none" = sampleStatus()): FastifyInstance {
  asked = [];
  server = fastify();
  const engine = {
    status: (query: StatusQuery) => {
      asked.push(query);
      return Promise.resolve(status === "none" ? undefined : status);
    },
  };
  addHeaders(server, undefined);
  addStatusRoutes(server, { telemetryPath: "/metrics", version: "1.2.3" }, engine);
  return server;
}

test("the engine is asked no more than so much at a time, and again once it has answered", async () => {
  const answers: ((status: Status) => void)[] = [];
  server = fastify();
  addStatusRoutes(
    server,
    { telemetryPath: "/metrics", version: "1.2.3" },
    { status: () => new Promise((resolve) => answers.push(resolve)) },
  );
  const first = Array.from({ length: 8 }, (_, i) => server!.inject(i % 2 === 0 ? "/" : "/api/status").then());
  await until(() => answers.length === 8);
  for (const path of ["/", "/api/status"]) {
    const { statusCode, headers, body } = await server.inject(path);
    expect([statusCode, headers["retry-after"]]).toEqual([503, "1"]);
    expect(body).toContain("Limit of 8");
  }
  for (const answer of answers) answer(sampleStatus());
  for (const { statusCode } of await Promise.all(first)) expect(statusCode).toBe(200);
  const next = server.inject("/").then();
  await until(() => answers.length === 9);
  answers[8]!(sampleStatus());
  expect((await next).statusCode).toBe(200);
});

const PATHS = ["/", "/api/status", "/-/status.css", "/-/status.js", "/-/status.svg"];

test.each(PATHS)("%s lets nothing run but what is the page's own", async (path) => {
  const { headers } = await serve().inject(path);
  expect(String(headers["content-security-policy"]).split("; ")).toEqual([
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]);
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
  });
});

test.each(PATHS)("%s can be asked for its head", async (path) => {
  serve();
  const head = await server!.inject({ method: "HEAD", url: path });
  expect([head.statusCode, head.body]).toEqual([200, ""]);
});

describe("/", () => {
  test("is a page that is not kept", async () => {
    const { headers, body } = await serve().inject("/");
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      vary: "accept-language",
    });
    for (const href of ["./metrics", "./-/healthy", "./-/ready", "./api/status"])
      expect(body).toContain(`href="${href}"`);
  });

  test("is in the language that is asked for, or accepted", async () => {
    serve();
    const language = async (url: string, accept?: string) => {
      const { headers, body } = await server!.inject({
        url,
        headers: accept === undefined ? {} : { "accept-language": accept },
      });
      expect(body).toContain(`<html lang="${String(headers["content-language"])}"`);
      return headers["content-language"];
    };
    expect(await language("/")).toBe("en");
    expect(await language("/", "ja-JP,ja;q=0.9,en;q=0.8")).toBe("ja");
    expect(await language("/", "en;q=0.9,ja;q=0.8")).toBe("en");
    expect(await language("/", "fr")).toBe("en");
    expect(await language("/", "*")).toBe("en");
    expect(await language("/?lang=ja", "en")).toBe("ja");
    expect(await language("/?lang=en", "ja")).toBe("en");
    expect(await language("/?lang=tlh", "ja")).toBe("ja");
    expect(await language("/?lang=ja&lang=en", "en")).toBe("ja");
  });

  test("is there while the engine is not", async () => {
    const { statusCode, body } = await serve("none").inject("/?q=x");
    expect(statusCode).toBe(200);
    expect(body).toContain("is being started anew");
    const { statusCode: ofJson, body: json } = await server!.inject("/api/status");
    expect([ofJson, JSON.parse(json)]).toEqual([503, { error: "The engine is being started anew." }]);
  });
});

describe("what belongs to the page", () => {
  test("is linked with a version, and may be kept for long then", async () => {
    const { body } = await serve().inject("/");
    const urls = [...body.matchAll(/"\.(\/-\/status\.[^"]*)"/g)].map(([, url]) => url!);
    expect(urls).toHaveLength(3);
    for (const url of urls) {
      expect(url).toMatch(/\?v=[0-9a-f]{12}$/);
      expect((await server!.inject(url)).headers["cache-control"]).toBe(
        "public, max-age=31536000, immutable",
      );
      expect((await server!.inject(url.replace(/\?.*/, "?v=other"))).headers["cache-control"]).toBe(
        "no-cache",
      );
    }
  });

  test("is of the type that it says", async () => {
    serve();
    const types = await Promise.all(
      PATHS.slice(2).map(async (path) => (await server!.inject(path)).headers["content-type"]),
    );
    expect(types).toEqual(["text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"]);
  });
});

const USUAL: StatusQuery = { text: "", channels: 20, connections: 50 };

test.each<[string, StatusQuery]>([
  ["", { text: "", channels: 20, connections: 50 }],
  ["?q=%20sora%20", { text: "sora", channels: 20, connections: 50 }],
  ["?q=a&q=b", { text: "a", channels: 20, connections: 50 }],
  ["?channel=%20So%20&target=tokyo", { ...USUAL, channel: " So ", target: "tokyo" }],
  ["?channel=&target=", USUAL],
  ["?channel=a&channel=b", { ...USUAL, channel: "a" }],
  [`?channel=${"x".repeat(5000)}`, { ...USUAL, channel: "x".repeat(300) }],
  ["?channels=5&connections=0", { text: "", channels: 5, connections: 0 }],
  ["?channels=999999&connections=501", { text: "", channels: 200, connections: 500 }],
  ["?channels=-1&connections=1e3", { text: "", channels: 20, connections: 50 }],
  ["?channels=&connections=NaN", { text: "", channels: 20, connections: 50 }],
  ["?other=1", { text: "", channels: 20, connections: 50 }],
  [`?q=${"x".repeat(5000)}`, { text: "x".repeat(300), channels: 20, connections: 50 }],
])("both paths read the query %j the same", async (query, expected) => {
  serve();
  await server!.inject(`/${query}`);
  await server!.inject(`/api/status${query}`);
  expect(asked).toEqual([expected, expected]);
});

describe("/api/status", () => {
  test("is JSON that is not kept", async () => {
    const { headers } = await serve().inject("/api/status");
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    });
  });

  const RATES = {
    received_bits: 1_234_567,
    sent_bits: 400,
    received_packets: 1024.4,
    sent_packets: 0,
    nack_misses: 2.25,
    nack_hits: 0,
    received_pli: 0.01,
    lost_ice_checks: 0.5,
  };

  test("has this shape", async () => {
    expect((await serve().inject("/api/status")).json()).toEqual({
      time: "2026-01-02T03:04:05.000Z",
      targets: [
        {
          target: "tokyo",
          state: "up",
          url: "http://127.0.0.1:3000/",
          interval_seconds: 10,
          last_success: {
            time: "2026-01-02T03:04:02.000Z",
            duration_seconds: 0.042,
            response_bytes: 13_100_000,
          },
          failing: null,
          last_error: null,
          cluster_nodes: null,
          failing_calls: [],
          data: {
            time: "2026-01-02T03:04:02.000Z",
            age_seconds: 3,
            channels: 1,
            connections: 1,
            series: 374_000,
            dropped_series: 0,
            connections_by_unstable_level: { "0": 0, "1": 0, "2": 1, "3": 0 },
            rate_seconds: 10,
          },
        },
      ],
      channels: {
        total: 1,
        matching: 1,
        items: [
          {
            target: "tokyo",
            channel_id: "sora",
            connections: 1,
            connections_by_unstable_level: { "0": 0, "1": 0, "2": 1, "3": 0 },
            rates: RATES,
          },
        ],
      },
      connections: {
        total: 1,
        matching: 1,
        items: [
          {
            target: "tokyo",
            channel_id: "sora",
            connection_id: "ABC",
            unstable_level: 2,
            info: {
              client_id: "alice",
              role: "sendrecv",
              video_codec: "VP9",
              audio_codec: "OPUS",
              node_name: "n1",
            },
            created: "2026-01-02T03:02:00.000Z",
            rates: RATES,
          },
        ],
      },
    });
  });

  test("has null for what is not known", async () => {
    const { last } = targetStatus();
    const status = sampleStatus({
      target: {
        state: "failing",
        failing: { sinceMs: NOW - 1000, polls: 2 },
        error: { timeMs: NOW, seconds: 1, reason: "timeout", message: "no answer" },
        good: undefined,
        clusterNodes: [{ name: "n1", connected: false }],
        failingCalls: [{ operation: "GetLicense", reason: "timeout", message: "no answer" }],
        last: { ...last!, levels: undefined, rateSeconds: undefined },
      },
      connection: { level: undefined, createdMs: undefined, rates: NO_RATES, info: {} },
    });
    const { targets, connections } = (await serve(status).inject("/api/status")).json<{
      targets: object[];
      connections: { items: object[] };
    }>();
    expect(targets[0]).toMatchObject({
      last_success: null,
      failing: { since: "2026-01-02T03:04:04.000Z", polls: 2 },
      last_error: {
        time: "2026-01-02T03:04:05.000Z",
        duration_seconds: 1,
        reason: "timeout",
        message: "no answer",
      },
      cluster_nodes: [{ node_name: "n1", connected: false }],
      failing_calls: [{ operation: "GetLicense", reason: "timeout", message: "no answer" }],
      data: { connections_by_unstable_level: null, rate_seconds: null },
    });
    const nothing = { all: undefined, matching: undefined, shown: [] };
    const known = sampleStatus({ channels: nothing, connections: nothing });
    expect((await serve(known).inject("/api/status")).json()).toMatchObject({
      channels: { total: null, matching: null, items: [] },
      connections: { total: null, matching: null, items: [] },
    });
    expect(connections.items[0]).toMatchObject({
      unstable_level: null,
      created: null,
      info: {},
      rates: Object.fromEntries(Object.keys(RATES).map((name) => [name, null])),
    });
  });

  test("keeps hostile names as they are, in JSON of a type that no browser renders", async () => {
    const channelId = '</script><img src=x onerror=alert(1)>\u2028"';
    const response = await serve(sampleStatus({ connection: { channelId } })).inject("/api/status");
    expect(response.json()).toMatchObject({ connections: { items: [{ channel_id: channelId }] } });
    expect(response.headers["x-content-type-options"]).toBe("nosniff");
  });
});
