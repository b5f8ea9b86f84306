import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Replay } from "../../src/simulator/replay.ts";
import { startReplay } from "../../src/simulator/replay.ts";
import { createWorld } from "../../src/simulator/world.ts";
import { formatRecord } from "../../src/sora/recording.ts";
import { options, START_MS } from "./reading.ts";
import { sentBy } from "../support/read-only.ts";

const STATS = "Sora_20171101.GetStatsAllConnections";
/** Spelled as no JSON writer would, with what it would not keep. */
const ODD =
  '[ {"channel_id":"a","client_id":"c","connection_id":"\\u0058", "n":1.0,"#a\\\\":1, "#a\\"":{"x":"]}\\\\"}} ]';

let directory: string;
let file: string;
let replay: Replay | undefined;
let nowMs: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "replay-"));
  file = join(directory, "recorded.jsonl");
  nowMs = 5_000_000;
});
afterEach(async () => {
  await replay?.close();
  replay = undefined;
  await rm(directory, { recursive: true });
});

async function play(...lines: (string | Buffer)[]): Promise<Replay> {
  await writeFile(file, Buffer.concat(lines.map((line) => Buffer.from(line))));
  return (replay = await startReplay({ host: "127.0.0.1", port: 0, file, nowMs: () => nowMs }));
}

function line(seconds: number, values: string, nanos: number | string = 0): string {
  return `{"time":{"secs_since_epoch":${seconds},"nanos_since_epoch":${nanos}},"values":${values}}\n`;
}

async function ask(target = STATS, body = '{"local":false}'): Promise<{ status: number; text: string }> {
  const headers = { "x-sora-target": target, ...sentBy("simulator/replay") };
  const response = await request(replay!.url, { method: "POST", body, headers });
  return { status: response.statusCode, text: await response.body.text() };
}

const named = (id: string): string => `[{"connection_id":"${id}"}]`;

test("records come at the pace at which they were made, and the last one stays", async () => {
  const { records, lengthMs } = await play(
    line(1_700_000_000, named("A"), 900_000_000),
    line(1_700_000_002, named("B"), 150_000_000),
    line(1_700_000_062, "[]", 150_000_000),
  );
  expect({ records, lengthMs }).toEqual({ records: 3, lengthMs: 61_250 });
  for (const [passedMs, text] of [
    [0, named("A")],
    [1_249, named("A")],
    [1, named("B")],
    [59_999, named("B")],
    [1, "[]"],
    [86_400_000, "[]"],
  ] as const) {
    nowMs += passedMs;
    expect(await ask()).toEqual({ status: 200, text });
  }
});

test("nanoseconds may be the whole time", async () => {
  await play(
    line(1_700_000_000, named("A"), "1700000000900000000"),
    line(1_700_000_002, named("B"), "1700000002150000000"),
  );
  nowMs += 1_249;
  expect((await ask()).text).toBe(named("A"));
  nowMs += 1;
  expect((await ask()).text).toBe(named("B"));
});

test("a record from before the one that it follows is due with it", async () => {
  const { lengthMs } = await play(line(100, named("A")), line(90, named("B")), line(110, named("C")));
  expect(lengthMs).toBe(10_000);
  expect((await ask()).text).toBe(named("B"));
  nowMs += 10_000;
  expect((await ask()).text).toBe(named("C"));
});

test("values are answered as they stand in the file", async () => {
  await play(line(1, ODD), "\n", line(2, "[]").trimEnd());
  expect(await ask(STATS, "")).toEqual({ status: 200, text: ODD });
  nowMs += 1_000;
  expect((await ask()).text).toBe("[]");
});

test("a last line that was cut off is left out, wherever the cut was", async () => {
  const [first, last] = [line(1, named("A")), line(2, '[{"connection_id":"朝"}]')];
  const bytes = Buffer.from(last);
  for (let size = 1; size < bytes.length - 1; size++) {
    const { records, cutOffLine } = await play(first, bytes.subarray(0, size));
    expect({ records, cutOffLine }).toEqual({ records: 1, cutOffLine: 2 });
    nowMs += 10_000;
    expect((await ask()).text).toBe(named("A"));
    await replay!.close();
  }
  // Without its line feed alone it is whole.
  const { records, cutOffLine } = await play(first, bytes.subarray(0, -1));
  expect({ records, cutOffLine }).toEqual({ records: 2, cutOffLine: undefined });
});

test("a byte order mark at the beginning is skipped", async () => {
  await play("\ufeff", line(1, ODD), line(2, named("B")));
  expect((await ask()).text).toBe(ODD);
  nowMs += 1_000;
  expect((await ask()).text).toBe(named("B"));
});

test("a recording has no scenarios, and says so", async () => {
  await play(line(1, "[]"));
  for (const method of ["GET", "POST"] as const) {
    const response = await request(`${replay!.url}/-/scenario`, {
      method,
      headers: sentBy("simulator/replay"),
    });
    expect(response.statusCode).toBe(404);
    expect(await response.body.json()).toEqual({
      error: "a recording is played (--replay), which has no scenarios",
    });
  }
});

test("lines longer than what is read at once are found", async () => {
  const long = (id: string): string => `[{"connection_id":"${id}","x":"${"朝".repeat(700_000)}"}]`;
  const { records } = await play(line(1, long("A")), line(2, named("B")), line(3, long("C")));
  expect(records).toBe(3);
  expect((await ask()).text).toBe(long("A"));
  nowMs += 2_000;
  expect((await ask()).text).toBe(long("C"));
});

test("what was formatted is played, and the other operations on connections are answered from it", async () => {
  const world = createWorld(options());
  world.advanceTo(START_MS + 60_000);
  const connections = world.connections({ local: false }) as Record<string, unknown>[];
  await play(formatRecord(START_MS, Buffer.from(JSON.stringify(connections))));
  expect(JSON.parse((await ask()).text)).toEqual(connections);
  const { channel_id, client_id, bundle_id, connection_id } = connections[7]!;
  const one = await ask("Sora_20170529.GetStatsConnection", JSON.stringify({ channel_id, connection_id }));
  expect(one).toEqual({ status: 200, text: JSON.stringify(connections[7]) });
  const client = await ask("Sora_20170529.GetStatsClient", JSON.stringify({ channel_id, client_id }));
  expect(JSON.parse(client.text)).toContainEqual(connections[7]);
  const list = JSON.parse((await ask("Sora_20201013.ListConnections")).text) as unknown[];
  expect(list).toHaveLength(connections.length);
  expect(list[7]).toEqual({ channel_id, client_id, bundle_id, connection_id });
});

test("one connection is answered as it stands too", async () => {
  await play(line(1, ODD));
  const body = '{"channel_id":"a","connection_id":"X"}';
  expect((await ask("Sora_20170529.GetStatsConnection", body)).text).toBe(ODD.slice(2, -2));
  expect((await ask("Sora_20170529.GetStatsClient", '{"channel_id":"a","client_id":"d"}')).text).toBe("[]");
});

test.each([
  ["Sora_20171218.GetLicense", "", "INVALID-TARGET"],
  ["toString", "", "INVALID-TARGET"],
  [STATS, "{local", "INVALID-JSON-FORMAT"],
  [STATS, '{"local":1}', "INVALID-LOCAL"],
  ["Sora_20170529.GetStatsConnection", '{"channel_id":"a"}', "INVALID-CONNECTION-ID"],
  ["Sora_20170529.GetStatsConnection", '{"channel_id":"b","connection_id":"X"}', "INVALID-CONNECTION-ID"],
])("%s with %j is refused", async (target, body, errorType) => {
  await play(line(1, ODD));
  expect(await ask(target, body)).toEqual({ status: 400, text: JSON.stringify({ error_type: errorType }) });
});

test.each([
  ["a malformed line", [line(1, "[]"), "\n", "{nonsense\n", line(2, "[]")], ", line 3: not JSON"],
  [
    "a line that is cut off before the last",
    [line(1, "[]"), line(2, "[]").slice(0, -4), "\n", line(3, "[]")],
    ", line 2: not JSON",
  ],
  ["a last line that is cut off and has its end", [line(1, "[]"), '{"time":\n'], ", line 2: not JSON"],
  ["a last line that is no record", [line(1, "[]"), "nonsense"], ", line 2: not JSON"],
  ["a last line with something else", [line(1, "[]"), "{}"], ', line 2: "time" must be an object'],
  ["a line that is cut off and the only one", [line(1, "[]").slice(0, -4)], ", line 1: not JSON"],
  [
    "a record without values",
    ['{"time":{"secs_since_epoch":1,"nanos_since_epoch":0}}'],
    ', line 1: "values" must',
  ],
  ["an empty file", [], ": there is no record in it"],
  ["blank lines alone", ["\n \r\n"], ": there is no record in it"],
])("%s is an error that says where", async (_name, lines, message) => {
  const started = play(...lines);
  await expect(started).rejects.toThrow(JSON.stringify(file) + message);
  await expect(started).rejects.toMatchObject({ name: "RecordingError" });
});

test("a file that is not there, or no file, is an error that says so", async () => {
  const start = (path: string) => startReplay({ host: "127.0.0.1", port: 0, file: path });
  const absent = join(directory, "line\nbreak");
  await expect(start(absent)).rejects.toThrow(`${JSON.stringify(absent)}: ENOENT: no such file or directory`);
  await expect(start(directory)).rejects.toThrow(
    `${JSON.stringify(directory)}: EISDIR: illegal operation on a directory`,
  );
});
