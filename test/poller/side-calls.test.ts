import { beforeEach, describe, expect, test } from "vitest";
import { REFUSED_RETRY_MS } from "../../src/poller/side-call.ts";
import { decodeError } from "../../src/sora/decode.ts";
import { SoraFailure } from "../../src/sora/failure.ts";
import type { Operation } from "../../src/sora/operations.ts";
import { connection } from "../support/build.ts";
import { ALL_CALLS, CALL_MS, createTestTarget, NEVER, type TestTarget } from "../support/target.ts";

let answers: Partial<Record<Operation, () => unknown>>;
let one: TestTarget;

beforeEach(() => {
  answers = {
    GetStatsAllConnections: () => [connection()],
    ListConnections: () => [connection({ role: "recvonly" })],
    GetStatsReport: () => ({ total_sent_srtp: 1 }),
    GetLicense: () => ({ max_connections: 10 }),
  };
  one = createTestTarget((operation) => (answers[operation] ?? (() => []))(), { calls: ALL_CALLS });
});

const refuse =
  (body = '{"error_type":"X"}', status = 400) =>
  () => {
    throw decodeError(status, Buffer.from(body));
  };
const fail = (reason: SoraFailure["reason"]) => () => {
  throw new SoraFailure(reason, "broken");
};
const timesAsked = (operation: Operation) =>
  one.calls.splice(0).filter(([called]) => called === operation).length;
const shown = async (series: RegExp) => (await one.exposition()).match(series)?.[0];

test("what is asked, and with what", async () => {
  await one.poll();
  expect(one.calls.map(([operation, parameters]) => [operation, parameters])).toEqual([
    ["GetStatsAllConnections", { local: false }],
    ["ListConnections", { local: false }],
    ["GetStatsReport", undefined],
    ["ListClusterNodes", undefined],
    ["GetLicense", undefined],
    ["ListStartedRecording", undefined],
    ["ListArchiving", undefined],
  ]);
});

test("an interval of 0 is never, and the cluster's nodes are asked for only with their group", async () => {
  const changes = {
    local: true,
    calls: { ...ALL_CALLS, GetLicense: 0, ListArchiving: 0 },
    report: { client: false, connectionError: false, erlangVm: false, cluster: false },
  };
  one = createTestTarget((operation) => (operation === "GetStatsReport" ? {} : []), changes);
  await one.poll();
  expect(one.calls.map(([operation, parameters]) => [operation, parameters])).toEqual([
    ["GetStatsAllConnections", { local: true }],
    ["ListConnections", { local: true }],
    ["GetStatsReport", undefined],
    ["ListStartedRecording", undefined],
  ]);
  expect(
    await one.own("sora_exporter_calls_total", { target: "t", operation: "GetLicense" }),
  ).toBeUndefined();
});

test.each([
  [
    "connections",
    [
      "sora_channel_connections",
      "sora_channel_joins_total",
      "sora_channel_leaves_total",
      "sora_connection_info",
      "sora_target_channels",
      "sora_target_connections",
      "sora_target_joins_total",
      "sora_target_leaves_total",
    ],
  ],
  ["report", ["sora_srtp_sent_packets_total"]],
  ["license", ["sora_license_max_connections"]],
  ["recording", ["sora_archiving_seconds", "sora_recording_active"]],
  ["cluster", ["sora_cluster_node"]],
] as const)("the group %s", async (group, names) => {
  answers.ListStartedRecording = () => [{ channel_id: "a" }];
  answers.ListArchiving = () => [{ channel_id: "a", connection_id: "C", seconds: 1 }];
  answers.ListClusterNodes = () => [{ node_name: "n", connected: true }];
  await one.poll();
  const families = one.target.snapshots(new Set([group])).flatMap((snapshot) => snapshot.families);
  expect(families.map(({ name }) => name).sort()).toEqual(names);
});

describe("failing", () => {
  test("the last good answer stays for three of its intervals, then goes; the neighbours stay", async () => {
    await one.poll();
    answers.GetLicense = fail("timeout");
    for (let i = 0; i < 2; i++) {
      await one.clock.advance(10_000);
      await one.poll();
    }
    expect(await shown(/^sora_license_max_connections.*$/m)).toBe(
      'sora_license_max_connections{target="t"} 10',
    );
    await one.clock.advance(10_000);
    await one.poll();
    expect(await shown(/^sora_license.*$/m)).toBeUndefined();
    expect(await shown(/^sora_srtp_sent_packets_total.*$/m)).toBe(
      'sora_srtp_sent_packets_total{target="t"} 1',
    );
    expect(await one.own("sora_up")).toBe(1);
    const labels = { target: "t", operation: "GetLicense" };
    expect(await one.own("sora_exporter_call_success", labels)).toBe(0);
    expect(await one.own("sora_exporter_call_failures_total", { ...labels, reason: "timeout" })).toBe(3);
    expect(await one.own("sora_exporter_calls_total", labels)).toBe(4);
    expect(await one.own("sora_exporter_call_last_success_timestamp_seconds", labels)).toBe(1_700_000_000.5);
  });

  test("a line when it begins, one for each further reason, one when it works again", async () => {
    await one.poll();
    answers.GetLicense = fail("timeout");
    await one.poll();
    await one.poll();
    answers.GetLicense = fail("connect");
    await one.poll();
    answers.GetLicense = () => ({});
    await one.poll();
    await one.poll();
    expect(one.lines()).toEqual([
      "info: Sora answers",
      "error: GetLicense failed: broken",
      "error: GetLicense failed: broken",
      "info: GetLicense answers again",
    ]);
  });

  test("where Sora is away altogether, one line says it", async () => {
    await one.poll();
    one.lines();
    for (const operation of [
      "GetStatsAllConnections",
      "ListConnections",
      "GetStatsReport",
      "GetLicense",
    ] as const)
      answers[operation] = fail("connect");
    await one.poll();
    await one.poll();
    expect(one.lines()).toEqual(["error: poll failed: broken"]);
    const labels = { target: "t", operation: "ListConnections", reason: "connect" };
    expect(await one.own("sora_exporter_call_failures_total", labels)).toBe(2);
  });

  test("a mistake of our own is one of that call", async () => {
    answers.GetStatsReport = () => {
      throw new TypeError("x is not a function");
    };
    await one.poll();
    expect(one.lines()).toEqual([
      "info: Sora answers",
      "error: GetStatsReport failed: TypeError: x is not a function",
    ]);
    expect(await one.own("sora_up")).toBe(1);
  });

  test("an answer of another kind is a failure; what is left out of a good one is counted and named once", async () => {
    answers.GetStatsReport = () => [];
    answers.ListArchiving = () => [null, { connection_id: "C" }];
    answers.GetLicense = () => ({ expired_at: "soon", new_field: 1 });
    await one.poll();
    await one.poll();
    expect(one.lines()).toEqual([
      "info: Sora answers",
      "error: GetStatsReport failed: the answer is an array, not an object",
      "warn: some values of GetLicense in Sora's answer are left out",
      "warn: some values of ListArchiving in Sora's answer are left out",
    ]);
    const rejected = async (reason: string) =>
      one.own("sora_exporter_values_rejected_total", { target: "t", reason });
    expect([await rejected("malformed"), await rejected("not_an_object"), await rejected("no_name")]).toEqual(
      [2, 2, 2],
    );
  });
});

describe("refused", () => {
  test.each([
    ["INVALID-TARGET", '{"error_type":"INVALID-TARGET"}'],
    ["anything else", '{"error_type":"X"}'],
  ])("an error of Sora's, %s, is not offered: said once, asked again after ten minutes", async (_, body) => {
    answers.ListArchiving = refuse(body);
    await one.poll();
    for (let i = 0; i < 5; i++) {
      await one.clock.advance(10_000);
      await one.poll();
    }
    expect(timesAsked("ListArchiving")).toBe(1);
    expect(one.lines()).toEqual([
      "info: Sora answers",
      expect.stringMatching(
        /^info: Sora does not offer ListArchiving \(HTTP status 400.*\); it is asked again .* in 10m$/,
      ),
    ]);
    expect(await one.own("sora_up")).toBe(1);
    await one.clock.advance(REFUSED_RETRY_MS);
    await one.poll();
    await one.poll();
    expect(timesAsked("ListArchiving")).toBe(1);
    expect(one.lines()).toEqual([]);
    answers.ListArchiving = () => [{ channel_id: "a", connection_id: "C", seconds: 1 }];
    await one.clock.advance(REFUSED_RETRY_MS);
    await one.poll();
    expect(await shown(/^sora_archiving_seconds.*$/m)).toContain('connection_id="C"} 1');
  });

  test("a Sora that was away may be another version: it is asked again as soon as it is back", async () => {
    answers.ListArchiving = refuse();
    await one.poll();
    answers.GetStatsAllConnections = fail("connect");
    await one.poll();
    expect(timesAsked("ListArchiving")).toBe(1);
    answers.GetStatsAllConnections = () => [];
    await one.poll();
    expect(timesAsked("ListArchiving")).toBe(1);
  });

  test("another address may offer what the one before refused", async () => {
    const refusing = new Set(["http://a/"]);
    const down = new Set<string>();
    one = createTestTarget(
      (operation, url) => {
        if (operation === "GetStatsAllConnections" && down.has(url)) return fail("connect")();
        if (operation === "GetLicense" && refusing.has(url)) return refuse()();
        return (answers[operation] ?? (() => []))();
      },
      { calls: ALL_CALLS },
      { urls: ["http://a/", "http://b/"] },
    );
    await one.poll();
    expect(await shown(/^sora_license.*$/m)).toBeUndefined();
    down.add("http://a/");
    await one.poll();
    expect(await shown(/^sora_license_max_connections.*$/m)).toBe(
      'sora_license_max_connections{target="t"} 10',
    );
  });

  test("what is refused by an address that is left meanwhile is no refusal of the next one", async () => {
    let bad = false;
    one = createTestTarget(
      (operation, url) => {
        if (bad && url === "http://a/") return refuse()();
        return (answers[operation] ?? (() => []))();
      },
      { calls: ALL_CALLS },
      { urls: ["http://a/", "http://b/"] },
    );
    await one.poll();
    bad = true;
    one.calls.splice(0);
    // Both set out to the first address; the second answers the statistics while the licence is refused by the first.
    const statistics = one.target.statistics.poll(NEVER);
    const others = Promise.all(one.target.sideCalls.map((call) => call.poll(NEVER)));
    for (let i = 0; i < 4; i++) await one.clock.advance(CALL_MS);
    await Promise.all([statistics, others]);
    await one.poll();
    const asked = one.calls.filter(([operation]) => operation === "GetLicense").map(([, , url]) => url);
    expect(asked).toEqual(["http://a/", "http://b/"]);
  });

  test("what was under way when the address changed is made again at the next one, at once", async () => {
    let hangs = false;
    let woken = 0;
    one = createTestTarget(
      (operation, url) => {
        if (hangs && url === "http://a/") return fail("timeout")();
        return (answers[operation] ?? (() => []))();
      },
      { calls: ALL_CALLS },
      { urls: ["http://a/", "http://b/"] },
    );
    await one.poll();
    for (const call of one.target.sideCalls) call.onDue?.(() => woken++);
    hangs = true;
    // The statistics set out first, and have changed the address before the other calls fail.
    const statistics = one.target.statistics.poll(NEVER);
    await one.clock.advance(CALL_MS);
    await one.clock.advance(CALL_MS - 1);
    const others = Promise.all(one.target.sideCalls.map((call) => call.poll(NEVER)));
    for (let i = 0; i < 4; i++) await one.clock.advance(CALL_MS);
    await Promise.all([statistics, others]);
    expect(woken).toBe(one.target.sideCalls.length);
    expect(one.lines().filter((line) => line.startsWith("error"))).toEqual([]);
  });

  test("a refusal is over with the turn that was meant, though timers are not exact", async () => {
    answers.GetLicense = refuse();
    await one.poll();
    one.calls.splice(0);
    await one.clock.advance(REFUSED_RETRY_MS - 2 * CALL_MS - 3);
    await one.poll();
    expect(timesAsked("GetLicense")).toBe(1);
  });

  test("a Sora that refuses everything says nothing of what it offers", async () => {
    const good = answers.ListConnections!;
    answers.ListConnections = refuse();
    answers.GetStatsAllConnections = refuse();
    await one.poll();
    await one.poll();
    expect(timesAsked("ListConnections")).toBe(2);
    answers.ListConnections = good;
    answers.GetStatsAllConnections = () => [connection()];
    await one.poll();
    expect(await shown(/^sora_connection_info.*$/m)).toContain('role="recvonly"');
  });

  test.each([
    ["NOT-CLUSTER-MAJORITY", '{"error_type":"NOT-CLUSTER-MAJORITY"}', 400],
    ["400 without an error of Sora's", "<html>", 400],
    ["401", "", 401],
    ["404", "<html>", 404],
    ["500", "", 500],
  ])("%s is a failure and no refusal", async (_, body, status) => {
    answers.ListArchiving = refuse(body, status);
    await one.poll();
    await one.poll();
    expect(timesAsked("ListArchiving")).toBe(2);
    expect(one.lines()[1]).toMatch(/^error: ListArchiving failed: HTTP status/);
  });

  test("where ListConnections is refused, the ids of the statistics are shown", async () => {
    answers.ListConnections = refuse();
    answers.GetStatsAllConnections = () => [connection({ client_id: "c", bundle_id: "b" })];
    await one.poll();
    expect(await shown(/^sora_connection_info.*$/m)).toContain('client_id="c",bundle_id="b",session_id=""');
    expect(await shown(/^sora_target_connections.*$/m)).toContain("} 1");
  });
});

test("who connections are is told as soon as either call says something new", async () => {
  await one.poll();
  expect(await shown(/^sora_connection_info.*$/m)).toContain('role="recvonly"');
  answers.ListConnections = () => [connection({ role: "sendrecv" })];
  await one.poll();
  expect(await shown(/^sora_connection_info.*$/m)).toContain('role="sendrecv"');
  answers.GetStatsAllConnections = () => [connection({}, { connection_id: "C2" })];
  await one.poll();
  expect((await one.exposition()).match(/^sora_connection_info\{.*$/gm)).toEqual([
    expect.stringContaining('connection_id="C2"'),
  ]);
});

test("statistics that are stale leave the list's connections, and the other way round", async () => {
  await one.poll();
  answers.GetStatsAllConnections = fail("timeout");
  answers.ListConnections = () => [connection({ role: "sendonly" }, { connection_id: "L" })];
  for (let i = 0; i < 4; i++) {
    await one.clock.advance(10_000);
    await one.poll();
  }
  expect(await shown(/^sora_connection_info.*$/m)).toContain('connection_id="L"');
  answers.ListConnections = fail("timeout");
  answers.GetStatsAllConnections = () => [connection()];
  for (let i = 0; i < 4; i++) {
    await one.clock.advance(10_000);
    await one.poll();
  }
  expect(await shown(/^sora_connection_info.*$/m)).toContain(
    'connection_id="C1",client_id="",bundle_id="",session_id="",node_name="",role=""',
  );
});
