/** Every operation, beside the examples of Sora's documents: the same request, the same status, the same shape. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Form } from "../../../src/sora/documented.ts";
import { OPERATIONS } from "../../../src/simulator/operations/table.ts";
import { differences } from "./shape.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora } from "./support.ts";

interface Call {
  target: string;
  request: Record<string, unknown> | null;
}

interface Example extends Omit<Call, "target"> {
  form: Form;
  nodes?: number;
  /** Calls that have to be made first. */
  after?: Call[];
  /** The asked node is in the smaller part of its cluster. */
  minority?: boolean;
  /** The document leaves keys out. */
  abridged?: boolean;
  status: number;
  /** The answer, here or in a fixture of its own. */
  response?: unknown;
  responseIn?: string;
}

const FIXTURES = new URL("../../fixtures/sora/", import.meta.url);

const NAMES = [
  ...["DisconnectChannel", "DisconnectClient", "DisconnectConnection", "DisconnectChannelByRole"],
  ...["ListConnections", "ListChannelConnections", "RequestRtpStream", "ResetRtpStream"],
  ...["FocusSpotlightFixed", "FocusSpotlight", "UnfocusSpotlight", "ChangeSpotlightNumber"],
  ...["RequestSpotlightRid", "ResetSpotlightRid", "BatchRequestSpotlightRid"],
  ...["PushChannel", "PushClient", "PushConnection", "PushChannelByRole"],
  ...["StartRecording", "StopRecording", "GetStartedRecording", "ListStartedRecording", "ListArchiving"],
  ...["GetStatsConnection", "GetStatsClient", "GetStatsAllConnections", "GetStatsReport"],
  ...["GetLicense", "UpdateLicense", "ListClusterNodes"],
];

/** Users name data channels, clients say what they are, Erlang grows; and a setting that is not made is not told. */
const FREEDOM = {
  free: [
    ...["data_channel", "total_failed_sora_client_type", "total_successful_sora_client_type"],
    ...["erlang_vm.memory", "plumtree"],
  ],
  optional: ["max_packet_life_time", "max_retransmits"],
  orFalse: ["audio", "video"],
};

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, FIXTURES), "utf8"));
}

/** The ids of an example, exchanged for those of connections that are there. */
function inWorld(request: Call["request"], connections: readonly Listed[]): Call["request"] {
  const [first, second] = connections.filter(({ channel_id }) => channel_id === "sora");
  const ids: Record<string, string> = {
    client_id: first!.client_id,
    connection_id: first!.connection_id,
    recv_connection_id: first!.connection_id,
    send_connection_id: second!.connection_id,
  };
  return JSON.parse(JSON.stringify(request), (key, value: unknown) => ids[key] ?? value) as Call["request"];
}

/** The part of an abridged example's answer that it shows. */
function shown(actual: unknown, example: unknown): unknown {
  const keys = Object.keys((example as object[])[0]!);
  return (actual as object[]).map((item) =>
    Object.fromEntries(Object.entries(item).filter(([key]) => keys.includes(key))),
  );
}

async function prepare({ form, nodes = 1, after = [], minority = false }: Example): Promise<Sora> {
  const sora = await startSora({ form, nodes: minority ? 2 : nodes });
  for (const { target, request } of after) expect((await sora.call(target, request)).status).toBe(200);
  const { world } = sora.simulator;
  if (minority) world.setScenario({ scenario: "node-lost" }, world.nowMs);
  return sora;
}

/** What an answer repeats of its request, it repeats as it was: once, or in each of its items. */
function expectRepeated(answer: unknown, request: object): void {
  for (const item of (Array.isArray(answer) ? answer : [answer]) as Record<string, unknown>[]) {
    for (const [key, value] of Object.entries(request) as [string, unknown][]) {
      const repeated = item[key];
      if (repeated === undefined) continue;
      if (!Array.isArray(value)) expect(repeated, key).toEqual(value);
      else value.forEach((each: object, at) => expectRepeated((repeated as unknown[])[at], each));
    }
  }
}

test("every operation has its examples, and every example its operation", () => {
  const targets = NAMES.map((name) => (readJson(`operations/${name}.json`) as Call).target);
  expect(targets.sort()).toEqual(Object.keys(OPERATIONS).sort());
  const files = readdirSync(new URL("operations/", FIXTURES)).sort();
  expect(files).toEqual(NAMES.map((name) => `${name}.json`).sort());
});

describe.each(NAMES)("%s", (name) => {
  const { target, examples } = readJson(`operations/${name}.json`) as { target: string; examples: Example[] };

  test("has the name of its target", () => {
    expect(target.split(".")[1]).toBe(name);
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)("form $form, $request: $status", async (example) => {
    const expected = example.responseIn === undefined ? example.response : readJson(example.responseIn);
    const sora = await prepare(example);
    const request = inWorld(example.request, await list(sora));
    const { status, json } = await sora.call(target, request);
    expect(status).toBe(example.status);
    if (status !== 200) {
      expect(json).toEqual(expected);
      return;
    }
    if (Array.isArray(expected)) expect((json as unknown[]).length).toBeGreaterThan(0);
    const actual = example.abridged === true ? shown(json, expected) : json;
    expect(differences(expected, actual, FREEDOM)).toEqual([]);
    expectRepeated(json, request ?? {});
  });
});
