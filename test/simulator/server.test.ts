import { request } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import type { Answer } from "./reading.ts";
import { options, read, START_MS } from "./reading.ts";
import { sentBy } from "../support/read-only.ts";

const TARGET = "Sora_20171101.GetStatsAllConnections";

let simulator: Simulator;
let nowMs: number;

beforeEach(async () => {
  nowMs = START_MS + 30_000;
  simulator = await startSimulator({
    host: "127.0.0.1",
    port: 0,
    world: options({ nodes: 3 }),
    nowMs: () => nowMs,
  });
});
afterEach(() => simulator.close());

async function ask(
  body: string | null,
  target: string | null = TARGET,
  changes: { method?: "POST" | "GET" | "PUT" | "OPTIONS"; path?: string } = {},
): Promise<{ status: number; type: unknown; text: string; json: unknown }> {
  const { method = "POST", path = "/" } = changes;
  const response = await request(simulator.url + path, {
    method,
    body,
    headers: { ...(target !== null && { "x-sora-target": target }), ...sentBy("simulator/server") },
  });
  const text = await response.body.text();
  return {
    status: response.statusCode,
    type: response.headers["content-type"],
    text,
    json: JSON.parse(text) as unknown,
  };
}

test("an empty body is answered with the asked node's connections, as compact JSON", async () => {
  const { status, type, text, json } = await ask(null);
  expect(status).toBe(200);
  expect(type).toBe("application/json");
  expect(text).toBe(JSON.stringify(json));
  expect(text).toBe(JSON.stringify(simulator.world.connections({ local: true })));
  expect((json as Answer[])[0]?.timestamp).toBe("2024-06-01T00:00:30.000000Z");
});

test.each([
  ['{"local":false}', false],
  ['{"local": true}', true],
  ["{}", true],
])("the body %s asks for local %s", async (body, local) => {
  const { status, json } = await ask(body);
  expect(status).toBe(200);
  expect(json).toEqual(JSON.parse(JSON.stringify(simulator.world.connections({ local }))));
  expect((json as unknown[]).length).toBe(simulator.world.connections({ local }).length);
});

test("a request brings the world up to the clock, and a clock that stands still gives the same answer", async () => {
  const first = await ask('{"local":false}');
  expect((await ask('{"local":false}')).text).toBe(first.text);
  nowMs += 10_000;
  const later = (await ask('{"local":false}')).json as Answer[];
  const [before] = (first.json as Answer[]).filter(({ connection_id }) =>
    later.some((connection) => connection.connection_id === connection_id),
  );
  const after = later.find(({ connection_id }) => connection_id === before?.connection_id);
  expect(read(after!, "ice_connection_state total_connected_req")).toBe(
    read(before!, "ice_connection_state total_connected_req") + 4,
  );
});

test.each([
  ["an unknown operation", null, "Sora_20171101.DeleteEverything", "INVALID-TARGET"],
  ["an older version of the operation", null, "Sora_20160101.GetStatsAllConnections", "INVALID-TARGET"],
  ["no operation", null, null, "INVALID-TARGET"],
  ["malformed JSON", "{local", TARGET, "INVALID-JSON-FORMAT"],
  ["JSON that is no object", "[]", TARGET, "INVALID-JSON-FORMAT"],
  ["null", "null", TARGET, "INVALID-JSON-FORMAT"],
  ["local as a string", '{"local":"false"}', TARGET, "INVALID-LOCAL"],
  ["local as null", '{"local":null}', TARGET, "INVALID-LOCAL"],
])("%s is refused", async (_name, body, target, errorType) => {
  const { status, type, json } = await ask(body, target);
  expect(status).toBe(400);
  expect(type).toMatch(/^application\/json/);
  expect(json).toEqual({ error_type: errorType });
});

test.each(["GET", "PUT", "OPTIONS"] as const)("%s is not allowed", async (method) => {
  const { status, json } = await ask(null, TARGET, { method });
  expect(status).toBe(405);
  expect(json).toEqual({ error_type: "METHOD-NOT-ALLOWED" });
});

test("another path is not found", async () => {
  const { status, json } = await ask(null, TARGET, { path: "/metrics" });
  expect(status).toBe(404);
  expect(json).toEqual({ error_type: "NOT-FOUND" });
});

test("a list of thousands of items is taken, and every item answered", async () => {
  const [connection] = simulator.world.members();
  const item = {
    recv_connection_id: connection!.plan.connectionId,
    spotlight_focus_rid: "r0",
    spotlight_unfocus_rid: "none",
  };
  const item_list = Array.from({ length: 20_000 }, (_, at) => ({ ...item, send_connection_id: `S${at}` }));
  const body = JSON.stringify({ channel_id: connection!.plan.channelId, item_list }).padEnd(16 * 1024 * 1024);
  const { status, json } = await ask(body, "Sora_20211215.BatchRequestSpotlightRid");
  expect(status).toBe(200);
  const answered = (json as { item_list: { result: string }[] }).item_list;
  expect(answered).toHaveLength(20_000);
  expect(new Set(answered.map(({ result }) => result))).toEqual(new Set(["ok"]));
});

test.each(["json", "text", "application json", "", "text/plain", "a/b; charset", "{}"])(
  "a body of the type %j is read as JSON",
  async (type) => {
    const response = await request(simulator.url, {
      method: "POST",
      body: '{"local":1}',
      headers: { "x-sora-target": TARGET, "content-type": type, ...sentBy("simulator/server") },
    });
    expect(response.statusCode).toBe(400);
    expect(await response.body.json()).toEqual({ error_type: "INVALID-LOCAL" });
  },
);

test("a body out of all proportion is refused", async () => {
  const { status, json } = await ask(" ".repeat(16 * 1024 * 1024 + 1));
  expect(status).toBe(413);
  expect(json).toEqual({ error_type: "INVALID-REQUEST" });
});

test("a world without connections answers an empty array", async () => {
  await simulator.close();
  simulator = await startSimulator({ host: "127.0.0.1", port: 0, world: options({ connections: 0 }) });
  expect((await ask(null)).text).toBe("[]");
});
