/** A simulator to call over HTTP, with a clock that the tests set. */

import { request } from "undici";
import { afterEach } from "vitest";
import type { Simulator } from "../../../src/simulator/server.ts";
import { startSimulator } from "../../../src/simulator/server.ts";
import { options, START_MS } from "../reading.ts";
import { sentBy } from "../../support/read-only.ts";

export interface Asked {
  status: number;
  json: unknown;
}

export interface Sora {
  simulator: Simulator;
  /** Calls an operation of node 0; without a body if it is `null`. */
  call: (target: string, body?: object | string | null) => Promise<Asked>;
  /** Sets the clock, in seconds since the world's start. */
  at: (seconds: number) => void;
}

const running: Simulator[] = [];

afterEach(async () => {
  for (const simulator of running.splice(0)) await simulator.close();
});

/** A simulator at 90 s of its life; it is closed after the test. */
export async function startSora(changes: Parameters<typeof options>[0] = {}): Promise<Sora> {
  let nowMs = START_MS + 90_000;
  const world = options(changes);
  const simulator = await startSimulator({ host: "127.0.0.1", port: 0, world, nowMs: () => nowMs });
  running.push(simulator);
  return {
    simulator,
    async call(target, body = null) {
      const text = typeof body === "object" && body !== null ? JSON.stringify(body) : body;
      const headers = { "x-sora-target": target, ...sentBy("simulator/operations") };
      const response = await request(simulator.url, { method: "POST", body: text, headers });
      return { status: response.statusCode, json: await response.body.json() };
    },
    at(seconds) {
      nowMs = START_MS + seconds * 1_000;
    },
  };
}

/** What a list of connections says of one. */
export interface Listed {
  channel_id: string;
  client_id: string;
  connection_id: string;
  created_time: number;
  node_name?: string;
  role: "sendrecv" | "sendonly" | "recvonly";
  session_id?: string;
  simulcast: boolean;
  spotlight: boolean;
  video: false | { bit_rate: number; codec_type: string };
}

/** All connections of a simulator, or those of a channel. */
export async function list({ call }: Sora, channelId?: string): Promise<Listed[]> {
  const { json } = await call("Sora_20201013.ListConnections", { local: false });
  return (json as Listed[]).filter(({ channel_id }) => channelId === undefined || channel_id === channelId);
}

/** The statistics of a connection. */
export async function statsOf({ call }: Sora, { channel_id, connection_id }: Listed): Promise<object> {
  const { status, json } = await call("Sora_20170529.GetStatsConnection", { channel_id, connection_id });
  if (status !== 200) throw new Error(`no connection ${connection_id}`);
  return json as object;
}
